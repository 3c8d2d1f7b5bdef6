import type { PreviewView, RevertSinceView } from '@sluice/api-client';
import { Link } from '@tanstack/react-router';
import { type ReactNode, useId } from 'react';
import { usePlace } from '../place.ts';
import { useNow } from '../ui/clock.tsx';
import { formatMoment } from '../ui/duration.ts';
import { KindIcon } from '../ui/kind-icon.tsx';
import { Name } from '../ui/name.tsx';
import { EffectText } from './effects.tsx';
import { ShareSentence } from './share-sentence.tsx';

type RevertObject = RevertSinceView['objects'][number];

interface RevertEntryProps {
  readonly object: RevertObject;
  readonly shares: PreviewView | undefined;
  readonly toggle: () => void;
}

/** One object that can be set back: what becomes of it, for whom, and which changes that undoes. */
export function RevertEntry({ object, shares, toggle }: RevertEntryProps): ReactNode {
  const id = useId();
  const place = usePlace();
  const { kind, key, flagKind, isSelected, effects, later } = object;
  const share = kind === 'flag' ? shares?.flags.find(({ flag }) => flag === key) : undefined;
  const isMigration = flagKind === 'migration';
  return (
    <li className="flex gap-2.5 border-line border-b py-2.5">
      <span className="flex shrink-0 items-start max-tablet:min-h-11 max-tablet:min-w-8">
        <input
          id={id}
          type="checkbox"
          checked={isSelected}
          onChange={toggle}
          aria-label={`Set back ${key}`}
          className="mt-0.5 size-4 accent-accent max-tablet:size-5"
        />
      </span>
      <div className="min-w-0 flex-1">
        <label htmlFor={id} className="flex items-start gap-x-1.5">
          <span className="flex h-5 items-center">
            <KindIcon kind={flagKind ?? 'segment'} />
          </span>
          <span className="min-w-0">
            <Name className={isSelected ? '' : 'text-ink-2'}>{key}</Name>
            {!isSelected && <span className="text-ink-2"> stays as it is</span>}
          </span>
        </label>
        {(isSelected || isMigration) &&
          effects.map((effect) => (
            <p key={effect}>
              {!isSelected && <span className="text-ink-2">would be: </span>}
              <EffectText text={effect} />
            </p>
          ))}
        {isSelected && share !== undefined && shares !== undefined && (
          <p className="text-ink-2">
            <ShareSentence share={share} sampled={shares.sampled} />
          </p>
        )}
        {isMigration && (
          <p className="text-amber-text">
            A migration is never returned silently.{' '}
            <Link to="/$project/$environment/migrations/$key" params={{ ...place, key }} className="link underline">
              Open its page
            </Link>{' '}
            to return it{isSelected ? '. It is selected here' : ''}.
          </p>
        )}
        <Touches object={object} />
        {later.length > 0 && (
          <p className="text-amber-text">
            Changed later by {[...new Set(later.map(({ actor }) => actor))].join(', ')}: that would be lost.
          </p>
        )}
      </div>
    </li>
  );
}

/** Which changes it takes back, and whose. */
function Touches({ object: { changes, changeCount } }: { readonly object: RevertObject }): ReactNode {
  const time = useNow();
  const place = usePlace();
  const shown = changes.slice(0, 3);
  return (
    <p className="text-ink-3">
      Takes back{' '}
      {shown.map(({ id, actor, createdAt }, index) => (
        <span key={id}>
          {index > 0 && ', '}
          <Link
            to="/$project/$environment/changes/$key"
            params={{ ...place, key: id }}
            className="figures underline decoration-line-strong underline-offset-2 hover:decoration-current"
          >
            {formatMoment(createdAt, time)} <bdi>{actor}</bdi>
          </Link>
        </span>
      ))}
      {changeCount > shown.length && ` and ${changeCount - shown.length} earlier`}
    </p>
  );
}
