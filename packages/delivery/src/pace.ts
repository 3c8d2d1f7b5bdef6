import type { Notice } from '@sluice/protocol';

/** Sending a change takes so long; acknowledgements that came meanwhile would keep others waiting for it. */
const delayMsPerInstance = 0.03;
/** Taking in one acknowledgement costs about 20 microseconds; a fleet that answers within its spread takes half of that. */
const spreadMsPerInstance = 0.04;
const spread = { leastMs: 20, mostMs: 5000 };
const longestDelayMs = 2000;
const heartbeatMs = 10_000;
/** A window of telemetry costs the control plane up to 0.4 ms; so it spends a tenth of a processor on them. */
const windowMsPerInstance = 4;
const windows = { leastMs: 5000, mostMs: 300_000 };

/** What instances are told of how often to report; servers of earlier releases do not say how long windows are. */
type Pace = Extract<Notice, { event: 'fleet' }> & { readonly windowMs: number };

/** How instances are to report when there are so many of them at this process. */
export function paceFor(instances: number): Pace {
  const spreadMs = Math.min(spread.mostMs, Math.max(spread.leastMs, Math.round(instances * spreadMsPerInstance)));
  const delayMs = Math.min(longestDelayMs, Math.round(instances * delayMsPerInstance));
  const windowMs = Math.min(windows.mostMs, Math.max(windows.leastMs, instances * windowMsPerInstance));
  return { event: 'fleet', delayMs, spreadMs, heartbeatMs, windowMs };
}
