import type { ConvergenceView } from '@sluice/api-client';
import type { ReactNode } from 'react';
import { formatCount } from '../ui/duration.ts';
import { Name } from '../ui/name.tsx';

interface StragglersProps {
  readonly view: ConvergenceView;
  /** How many are named; of the rest there is the count. */
  readonly most: number;
}

/** Who does not have a change, and why. */
export function Stragglers({ view, most }: StragglersProps): ReactNode {
  const { stragglers, expected, accepted } = view;
  if (stragglers.length === 0) return null;
  const more = expected - accepted - Math.min(most, stragglers.length);
  return (
    <ul aria-label="Who does not have it" className="mt-2">
      {stragglers.slice(0, most).map(({ instance, reason, state, version }) => (
        <li key={instance}>
          <Name>{instance}</Name>{' '}
          <span className="text-ink-2">
            {reason ?? state}
            {version !== undefined && `, runs v${formatCount(version)}`}
          </span>
        </li>
      ))}
      {more > 0 && <li className="figures text-ink-2">{formatCount(more)} more</li>}
    </ul>
  );
}
