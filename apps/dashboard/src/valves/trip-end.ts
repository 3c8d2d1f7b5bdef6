/** How long a trip is meant to last. */
export const ends = ['30m', '4h', '24h', 'pick'] as const;
export type EndChoice = (typeof ends)[number] | 'keep';

const minuteMs = 60_000;
const lengths = { '30m': 30 * minuteMs, '4h': 240 * minuteMs, '24h': 1440 * minuteMs } as const;
const longestMs = 7 * 1440 * minuteMs;

interface End {
  readonly choice: EndChoice;
  /** What was picked, as `datetime-local` writes it, in the reader's zone. */
  readonly picked: string;
  /** When the trip ends as it is. */
  readonly kept?: number | undefined;
}

/** When it ends; undefined: no time was picked yet. */
export function findEnd({ choice, picked, kept }: End, now: number): number | undefined {
  if (choice === 'keep') return kept;
  if (choice !== 'pick') return now + lengths[choice];
  const at = new Date(picked).getTime();
  return Number.isNaN(at) ? undefined : at;
}

/** Why it cannot end then; undefined: it can. */
export function findEndFault(end: number | undefined, now: number): string | undefined {
  if (end === undefined) return 'Pick when it should end';
  if (end < now + minuteMs) return 'The end is past, or less than a minute ahead';
  if (end > now + longestMs) return 'A trip may last at most 7 days; renew it then, or change the code';
  return undefined;
}

/** `2026-11-27T18:12`, in the reader's zone, for a field. */
export function toLocalField(at: number): string {
  const moment = new Date(at);
  return new Date(at - moment.getTimezoneOffset() * minuteMs).toISOString().slice(0, 16);
}
