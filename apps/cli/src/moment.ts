import { usageError } from './errors.ts';
import { parseSpan } from './span.ts';

const dayMs = 86_400_000;

/** A time of day (the last one that was), a date with a time, or how long ago; in milliseconds since the epoch. */
export function parseMoment(option: string, given: string, now: number): number {
  const examples = '14:02, 2026-11-23T14:02 or 20m (ago)';
  const [, hours, minutes, seconds = '0'] = /^(\d{1,2}):(\d{2})(?::(\d{2}))?$/.exec(given) ?? [];
  if (hours !== undefined) {
    if (Number(hours) > 23 || Number(minutes) > 59 || Number(seconds) > 59) throw invalid(option, given, examples);
    const today = new Date(now).setHours(Number(hours), Number(minutes), Number(seconds), 0);
    return today <= now ? today : new Date(today - dayMs).setHours(Number(hours), Number(minutes), Number(seconds), 0);
  }
  if (/^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}/.test(given)) {
    const at = Date.parse(given);
    if (Number.isNaN(at)) throw invalid(option, given, examples);
    return at;
  }
  return now - parseSpan(option, given, { units: ['s', 'm', 'h', 'd'], examples });
}

function invalid(option: string, given: string, examples: string): Error {
  return usageError(`${option} must be a time such as ${examples}, got "${given}"`);
}
