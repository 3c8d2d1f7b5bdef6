import { aNumber, aString, objectOf, optional, type Shape } from '@sluice/protocol';
import { encodeLine, type Hash, type JournalText, parseLines } from './journal-lines.ts';

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
  /** A send of it that had begun, and may have said that it tries, ended before anything left. */
  | (Named & {
      readonly kind: 'withdraw';
      readonly tried?: { readonly at: number; readonly provider: string };
    })
  | (Named & { readonly kind: 'end'; readonly outcome: MessageEnd; readonly provider?: string });

export type MessageEnd = 'sent' | 'failed' | 'unknown';

const named = { set: aString, key: aString, at: aNumber };
const shapes: Readonly<Record<JournalRecord['kind'], Shape>> = {
  begin: objectOf({ ...named, until: aNumber }),
  try: objectOf({ ...named, provider: aString }),
  answer: objectOf({ ...named, provider: aString, outcome: aString, error: aString }),
  withdraw: objectOf({ ...named, tried: optional(objectOf({ at: aNumber, provider: aString })) }),
  end: objectOf({ ...named, outcome: aString, provider: optional(aString) }),
};

/** One line of the file of a journal. */
export function encodeRecord(record: JournalRecord, hash: Hash): string {
  return encodeLine(record, hash);
}

export function parseJournal(text: string, hash: Hash): JournalText<JournalRecord> {
  return parseLines(text, hash, readRecord);
}

function readRecord(value: unknown): JournalRecord | undefined {
  const kind = (value as { readonly kind?: unknown }).kind;
  // Kinds that a newer version writes are left alone.
  if (typeof kind !== 'string' || !Object.hasOwn(shapes, kind)) return undefined;
  // The shape says so.
  return shapes[kind as JournalRecord['kind']](value, '') === undefined ? (value as JournalRecord) : undefined;
}
