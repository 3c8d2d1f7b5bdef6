import type { FlagRowView } from '@sluice/api-client';
import { Link } from '@tanstack/react-router';
import { Check } from 'lucide-react';
import { memo, type ReactNode } from 'react';
import { usePlace } from '../place.ts';
import { Age } from '../ui/clock.tsx';
import { join } from '../ui/join.ts';
import { KindIcon } from '../ui/kind-icon.tsx';
import { type Piece, splitByWords } from './highlight.ts';

/** Columns of the list, its head included. */
export const flagRowGrid =
  'grid items-center gap-x-4 max-tablet:grid-cols-[1.5rem_minmax(0,1fr)_auto] tablet:max-desktop:grid-cols-[1.5rem_minmax(0,2fr)_minmax(0,1.4fr)_9rem_minmax(0,1fr)_4rem] desktop:grid-cols-[1.5rem_minmax(0,2.4fr)_minmax(0,1.5fr)_9rem_minmax(0,1fr)_minmax(0,1fr)_minmax(0,0.9fr)_4rem]';

interface FlagRowProps {
  readonly row: FlagRowView;
  /** What was looked for; the same array for all rows. */
  readonly words: readonly string[];
  readonly isSelected: boolean;
  /** Stays the same function: a row is drawn again only when something of it changed. */
  readonly select: (row: FlagRowView) => void;
}

/** Where a flag of a kind has its page. */
export const kindPages = { release: 'flags', valve: 'valves', config: 'configs', migration: 'migrations' } as const;

/** A flag in one line; its state is a sentence, as a list is no place to flip things by accident. */
export const FlagRow = memo(function FlagRow({ row, words, isSelected, select }: FlagRowProps): ReactNode {
  const place = usePlace();
  const { key, kind, name, description, tags, owner, evaluations, other, changedAt } = row;
  return (
    <div
      className={join(
        flagRowGrid,
        'group relative h-full border-line border-b px-6 hover:bg-hover max-tablet:px-4 max-tablet:py-2',
        isSelected && 'bg-accent-wash',
      )}
    >
      <label className="relative z-10 flex size-6 items-center justify-center">
        <span className="sr-only">Select {key}</span>
        <input
          type="checkbox"
          checked={isSelected}
          onChange={() => select(row)}
          className="peer absolute inset-0 size-6 cursor-pointer opacity-0"
        />
        <span
          aria-hidden
          className="pointer-events-none flex size-3.5 items-center justify-center rounded-bar border border-control bg-raised text-on-accent outline-accent peer-checked:border-accent peer-checked:bg-accent peer-focus-visible:outline-2 peer-focus-visible:outline-offset-2"
        >
          {isSelected && <Check size={11} strokeWidth={3} />}
        </span>
      </label>
      <Link
        data-row={key}
        to={`/$project/$environment/${kindPages[kind]}/$key`}
        params={{ ...place, key }}
        className="flex min-w-0 items-center gap-2 outline-offset-4 before:absolute before:inset-0"
      >
        <KindIcon kind={kind} />
        <Key name={key} words={words} />
        <span className="min-w-0 flex-1 truncate text-ink-2 max-tablet:hidden">
          {description || (name === key ? '' : name)}
        </span>
      </Link>
      <span className="truncate max-tablet:col-start-2 max-tablet:row-start-2">
        <State state={row.state} />
      </span>
      <span className="flex items-center gap-2 max-tablet:hidden">
        <Hours hourly={evaluations.hourly} />
        <span className="figures text-ink-2">
          <Rate {...evaluations} />
        </span>
      </span>
      <span className="truncate max-tablet:hidden">
        {other !== undefined &&
          (other.same ? (
            <span className="text-ink-3">same</span>
          ) : (
            <span className="inline-block max-w-full truncate rounded-chip border border-line-strong px-1.5 align-middle leading-5">
              <State state={other.state} />
            </span>
          ))}
      </span>
      <span title={tags.join(', ')} className="truncate text-ink-2 max-desktop:hidden">
        {tags.join(', ')}
      </span>
      <span className="truncate text-ink-2 max-desktop:hidden">
        {owner === '' ? <span className="text-ink-3">nobody</span> : owner}
      </span>
      <span className="text-right text-ink-2 max-tablet:col-start-3 max-tablet:row-start-1">
        <Age at={changedAt} />
      </span>
    </div>
  );
});

/** Too long, its middle is left out; what was looked for is marked. */
function Key({ name, words }: { readonly name: string; readonly words: readonly string[] }): ReactNode {
  const tail = name.length > 24 ? 8 : 0;
  return (
    <span title={name} className="flex min-w-0 font-mono font-semibold max-tablet:break-all">
      <span className="sr-only">{name}</span>
      <span aria-hidden className="truncate max-tablet:hidden">
        <Pieces pieces={splitByWords(name.slice(0, name.length - tail), words)} />
      </span>
      {tail > 0 && (
        <span aria-hidden className="shrink-0 whitespace-nowrap max-tablet:hidden">
          {name.slice(-tail)}
        </span>
      )}
      <span aria-hidden className="tablet:hidden">
        <Pieces pieces={splitByWords(name, words)} />
      </span>
    </span>
  );
}

function Pieces({ pieces }: { readonly pieces: readonly Piece[] }): ReactNode {
  return pieces.map(({ text, isFound }, index) =>
    isFound ? (
      // biome-ignore lint/suspicious/noArrayIndexKey: pieces have no other name.
      <mark key={index} className="bg-accent-wash text-accent">
        {text}
      </mark>
    ) : (
      text
    ),
  );
}

/** A sentence whose strong parts are what one looks for. */
export function State({ state }: { readonly state: FlagRowView['state'] }): ReactNode {
  const tone = state.word === 'tripped' ? 'font-semibold text-amber-text' : state.word === 'off' ? 'text-ink-3' : '';
  return (
    <span className={tone}>
      {state.parts.map(({ text, as }, index) =>
        as === undefined ? (
          text
        ) : (
          // biome-ignore lint/suspicious/noArrayIndexKey: parts have no other name.
          <b key={index} className={as === 'value' ? 'font-mono' : 'font-semibold'}>
            {text}
          </b>
        ),
      )}
    </span>
  );
}

function Rate({ perSecond, lastAt, hourly }: FlagRowView['evaluations']): ReactNode {
  const today = hourly.reduce((sum, count) => sum + count, 0);
  if (perSecond >= 0.1) return `${shorten(perSecond)}/s`;
  if (today > 0) return `${shorten(today)}/d`;
  if (lastAt === undefined) return <span className="text-ink-3">none for 90 d</span>;
  return (
    <>
      none for <Age at={lastAt} />
    </>
  );
}

const short = new Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 3 });

function shorten(count: number): string {
  return short.format(count).replace('K', 'k');
}

/** Evaluations by hour, as 24 bars. */
function Hours({ hourly }: { readonly hourly: readonly number[] }): ReactNode {
  const most = Math.max(1, ...hourly);
  if (hourly.every((count) => count === 0)) return null;
  return (
    <svg aria-hidden width="71" height="16">
      {hourly.map((count, index) => {
        const height = count === 0 ? 0 : Math.max(1, (count / most) * 16);
        // biome-ignore lint/suspicious/noArrayIndexKey: hours have no other name.
        return <rect key={index} x={index * 3} y={16 - height} width="2" height={height} className="fill-series-2" />;
      })}
    </svg>
  );
}
