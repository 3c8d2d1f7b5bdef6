import type { ValveRowView } from '@sluice/api-client';
import { formatCount, formatShare } from '../ui/duration.ts';

/** `1,840/s`, `3.1k/s` where there is little room, `12 a minute`, `no calls`. */
export function formatRate(perSecond: number, isShort = false): string {
  if (perSecond === 0) return 'no calls';
  if (perSecond < 0.5) {
    const perMinute = formatCount(Math.max(1, Math.round(perSecond * 60)));
    return isShort ? `${perMinute}/min` : `${perMinute} a minute`;
  }
  if (isShort && perSecond >= 1000) return `${(perSecond / 1000).toFixed(1)}k/s`;
  return `${formatCount(perSecond < 10 ? Math.round(perSecond * 10) / 10 : Math.round(perSecond))}/s`;
}

/** `1,840/s, 97% cached`: how often it is called, and how much of that its trips serve. */
export function describeLately({ lately, trips }: Pick<ValveRowView, 'lately' | 'trips'>): string {
  const tripped = new Set(trips.map(({ mode }) => mode));
  const shares = lately.modes.filter(({ mode }) => tripped.has(mode));
  if (lately.perSecond === 0) return 'no calls in 5 min';
  const served = shares.map(({ mode, share }) => `${formatShare(share)} ${mode}`);
  return [formatRate(lately.perSecond), ...served].join(', ');
}

/** What calls were answered by over three hours, in a sentence. */
export function describeCalls({ calls }: Pick<ValveRowView, 'calls'>): string {
  const sums = (['normal', 'trip', 'breaker', 'error'] as const).flatMap((cause) => {
    const count = calls[cause].reduce((sum, each) => sum + each, 0);
    return count === 0 ? [] : [`${formatCount(count)} ${cause}`];
  });
  return sums.length === 0 ? 'No calls in 3 hours' : `Calls in 3 hours by cause: ${sums.join(', ')}`;
}
