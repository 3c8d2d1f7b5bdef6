import type { Notice } from '@sluice/protocol';

/** Taking in one acknowledgement costs about 20 microseconds; a fleet that answers within its spread takes half of that. */
const spreadMsPerInstance = 0.04;
const spread = { leastMs: 20, mostMs: 5000 };
const heartbeatMs = 10_000;

/** How instances are to report when there are so many of them at this process. */
export function paceFor(instances: number): Extract<Notice, { event: 'fleet' }> {
  const spreadMs = Math.min(spread.mostMs, Math.max(spread.leastMs, Math.round(instances * spreadMsPerInstance)));
  return { event: 'fleet', spreadMs, heartbeatMs };
}
