import type { ChangeView, EffectView } from '@sluice/api-client';
import { Fragment, type ReactNode } from 'react';
import { withoutRuleIds } from '../flag/name-rules.ts';
import { now } from '../platform.ts';
import { formatCount, localizeTimes } from '../ui/duration.ts';
import { Name } from '../ui/name.tsx';
import { splitDifference } from './split-difference.ts';

interface EffectsProps {
  readonly change: Pick<ChangeView, 'effects'>;
  /** In a row of a list: of so many things at most, each object named once. */
  readonly most?: number;
  /** The page is about the one object that is concerned: its key need not be said. */
  readonly isAlone?: boolean;
}

/** What a change did, object by object: what was is struck through, what came is in the accent. */
export function Effects({ change, most, isAlone = false }: EffectsProps): ReactNode {
  const { effects } = change;
  // One more line would say as much as the effect itself.
  const shown = most === undefined || effects.length === most + 1 ? effects : effects.slice(0, most);
  const isNamed = !(isAlone && effects.every(({ key }) => key === effects[0]?.key));
  const named = (effect: EffectView) => `${effect.kind} ${effect.key}`;
  const lines = most === undefined ? shown.map((effect) => [effect]) : [...Map.groupBy(shown, named).values()];
  return (
    <ul className="flex flex-col gap-0.5">
      {lines.map(
        ([first, ...more]) =>
          first !== undefined && (
            <li key={`${named(first)} ${first.text}`} className="min-w-0">
              {isNamed && <Name>{first.key}</Name>} <EffectText text={first.text} />
              {more.map(({ text }) => (
                <Fragment key={text}>
                  , <EffectText text={text} />
                </Fragment>
              ))}
            </li>
          ),
      )}
      {shown.length < effects.length && (
        <li className="text-ink-2">and {formatCount(effects.length - shown.length)} more</li>
      )}
    </ul>
  );
}

/** One sentence, its names and values set apart. */
export function EffectText({ text }: { readonly text: string }): ReactNode {
  const { label, before, after, rest } = splitDifference(localizeTimes(withoutRuleIds(text), now()));
  return (
    <span className="text-ink-2">
      {label !== '' && <Code text={label} />}
      {before !== undefined && (
        <>
          {label !== '' && ' '}
          <del className="text-ink-3">
            <span className="sr-only">was </span>
            <Code text={before} />
          </del>
        </>
      )}
      {after !== undefined && (
        <>
          {' '}
          <ins className="font-semibold text-accent no-underline">
            <span className="sr-only">now </span>
            <Code text={after} />
          </ins>
        </>
      )}
      {rest !== undefined && (
        <>
          {' '}
          <Code text={rest} />
        </>
      )}
    </span>
  );
}

/** What stands between backticks is a name or a value. */
function Code({ text }: { readonly text: string }): ReactNode {
  return text.split('`').map((part, index) =>
    index % 2 === 0 ? (
      part
    ) : (
      // biome-ignore lint/suspicious/noArrayIndexKey: parts have no other name.
      <span key={index} className="font-mono text-ink">
        {part}
      </span>
    ),
  );
}
