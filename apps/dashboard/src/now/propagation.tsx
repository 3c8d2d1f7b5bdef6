import type { NowView } from '@sluice/api-client';
import type { ReactNode } from 'react';
import { formatSpeed } from '../ui/duration.ts';

/** How long changes take to be everywhere, as probes measure it. */
export function Propagation({ propagation }: Pick<NowView, 'propagation'>): ReactNode {
  if (propagation === null) return null;
  return (
    <span className="figures text-ink-2">
      Propagation now: half within <b className="whitespace-nowrap">{formatSpeed(propagation.p50Ms)}</b>, 99% within{' '}
      <b className="whitespace-nowrap">{formatSpeed(propagation.p99Ms)}</b>
    </span>
  );
}
