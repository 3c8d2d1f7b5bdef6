import type { ValveTelemetryView } from '@sluice/api-client';
import { formatCount, formatShare } from '../ui/duration.ts';

/** How the normal mode does, as far as calls of the last five minutes tell. */
export function describeNormal(calls: ValveTelemetryView['calls'], normal: string): string {
  const count = (matches: (call: ValveTelemetryView['calls'][number]) => boolean): number =>
    calls.filter(matches).reduce((sum, each) => sum + each.count, 0);
  const all = count(({ cause, mode }) => cause === 'normal' && mode === normal);
  if (all === 0) return `No call tried ${normal} in the last 5 min: calls do not tell whether it is well again.`;
  const failed = count(({ cause, mode, outcome }) => cause === 'normal' && mode === normal && outcome === 'failed');
  const elsewhere = count(({ cause }) => cause === 'error' || cause === 'timeout');
  const broken = count(({ cause }) => cause === 'breaker');
  const bad = (failed + elsewhere) / (all + elsewhere);
  return [
    `${formatCount(all + elsewhere)} calls tried ${normal} in the last 5 min, ${bad === 0 ? 'none failed' : `${formatShare(bad)} failed`}.`,
    ...(broken > 0 ? [`The breaker kept ${formatCount(broken)} from it.`] : []),
  ].join(' ');
}
