import { aNumber, aString, objectOf, optional, type Shape } from '@sluice/protocol';

/** Which message: sets have keys of their own. */
interface Named {
  readonly set: string;
  readonly key: string;
  /** Milliseconds since the epoch; within a process never less than before. */
  readonly at: number;
}

/** A line of the journal. */
export type JournalRecord =
  /** It is to be sent; after `until` the process that wrote this no longer tries. */
  | (Named & { readonly kind: 'begin'; readonly until: number })
  /** It leaves for a provider now. */
  | (Named & { readonly kind: 'try'; readonly provider: string })
  /** The provider's try ended otherwise than by `sent`. */
  | (Named & {
      readonly kind: 'answer';
      readonly provider: string;
      readonly outcome: 'not-accepted' | 'unknown';
      readonly error: string;
    })
  | (Named & { readonly kind: 'end'; readonly outcome: MessageEnd; readonly provider?: string });

export type MessageEnd = 'sent' | 'failed' | 'unknown';

const named = { set: aString, key: aString, at: aNumber };
const shapes: Readonly<Record<JournalRecord['kind'], Shape>> = {
  begin: objectOf({ ...named, until: aNumber }),
  try: objectOf({ ...named, provider: aString }),
  answer: objectOf({ ...named, provider: aString, outcome: aString, error: aString }),
  end: objectOf({ ...named, outcome: aString, provider: optional(aString) }),
};

/** Of a hash, so many characters tell damage from what was written. */
const checkLength = 12;

type Hash = (text: string) => string;

/** One line: the beginning of a hash of what follows, a space, JSON, a line break. */
export function encodeRecord(record: JournalRecord, hash: Hash): string {
  const json = JSON.stringify(record);
  return `${hash(json).slice(0, checkLength)} ${json}\n`;
}

/** What a file holds, and what of it cannot be read. */
export interface JournalText {
  readonly records: readonly JournalRecord[];
  /** Numbers of lines that are damaged, and have good ones behind them; the first is 1. */
  readonly damagedLines: readonly number[];
  /** Whether the end is cut off, as when a process or machine ends while it writes. */
  readonly isCut: boolean;
}

export function parseJournal(text: string, hash: Hash): JournalText {
  const records: JournalRecord[] = [];
  const bad: number[] = [];
  let lastGood = 0;
  const lines = text.split('\n');
  // What stands behind the last line break is no whole line.
  const rest = lines.pop();
  for (const [index, line] of lines.entries()) {
    const record = parseLine(line, hash);
    if (record === undefined) bad.push(index + 1);
    else {
      records.push(record);
      lastGood = index + 1;
    }
  }
  const damagedLines = bad.filter((line) => line < lastGood);
  return { records, damagedLines, isCut: rest !== '' || damagedLines.length < bad.length };
}

function parseLine(line: string, hash: Hash): JournalRecord | undefined {
  const json = line.slice(checkLength + 1);
  if (line !== `${hash(json).slice(0, checkLength)} ${json}`) return undefined;
  const value: unknown = JSON.parse(json);
  const kind = (value as { readonly kind?: unknown }).kind;
  // Kinds that a newer version writes are left alone.
  if (typeof kind !== 'string' || !Object.hasOwn(shapes, kind)) return undefined;
  // The shape says so.
  return shapes[kind as JournalRecord['kind']](value, '') === undefined ? (value as JournalRecord) : undefined;
}
