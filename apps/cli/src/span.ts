import { usageError } from './errors.ts';

const units = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

type Unit = keyof typeof units;

/** How an option says how long. */
export interface SpanFormat {
  readonly units: readonly Unit[];
  /** Of a number without one; absent: there must be one. */
  readonly unit?: Unit;
  /** `30m, 4h or 2d` */
  readonly examples: string;
}

/** How long, in milliseconds. */
export function parseSpan(
  option: string,
  given: string,
  { units: allowed, unit: usual, examples }: SpanFormat,
): number {
  const [, count, written] = /^(\d+(?:\.\d+)?)(\D*)$/.exec(given) ?? [];
  const unit = written === '' ? usual : allowed.find((each) => each === written);
  if (count === undefined || unit === undefined) {
    throw usageError(`${option} must be a time such as ${examples}, got "${given}"`);
  }
  return Math.round(Number(count) * units[unit]);
}

/** How long, for people, in the unit that fits. */
export function formatSpan(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 2 * units.m) return `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 0)} s`;
  if (ms < 2 * units.h) return `${Math.round(ms / units.m)} min`;
  return ms < 2 * units.d ? `${Math.round(ms / units.h)} h` : `${Math.round(ms / units.d)} d`;
}

/** The same where parts of a second are too fine. */
export function formatRoughSpan(ms: number): string {
  return ms < 2 * units.m ? `${Math.round(Math.max(0, ms) / 1000)} s` : formatSpan(ms);
}

export function formatAgo(ms: number): string {
  return `${formatRoughSpan(ms)} ago`;
}
