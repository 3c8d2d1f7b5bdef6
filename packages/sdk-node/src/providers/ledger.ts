import type { JournalRecord } from './journal-records.ts';
import type { Attempt } from './provider.ts';

/** A message, as the journal knows it. */
export interface JournalMessage {
  readonly set: string;
  readonly idempotencyKey: string;
  /** `open`: on its way, as far as anybody can tell. `unknown`: a provider may have accepted it. */
  readonly status: 'open' | 'sent' | 'failed' | 'unknown';
  /** Milliseconds since the epoch. */
  readonly beganAt: number;
  /** Whoever began to send it has stopped by then. */
  readonly until: number;
  /** How many sends began it since it was resolved, and have not withdrawn. */
  readonly begun: number;
  readonly endedAt?: number;
  /** Who accepted it. */
  readonly provider?: string;
  readonly attempts: readonly Attempt[];
}

/** Works out from records what became of each message. */
export class Ledger {
  readonly #unresolved = new Map<string, JournalMessage>();
  /** Those that ended as sent or failed, the oldest first. */
  readonly #resolved = new Map<string, JournalMessage>();
  readonly #mostResolved: number;

  /** Of messages that ended as sent or failed the last `mostResolved` are remembered. */
  constructor(mostResolved = Number.POSITIVE_INFINITY) {
    this.#mostResolved = mostResolved;
  }

  /** Records come in the order of their times; what comes after a later end says nothing of what became of it. */
  take(record: JournalRecord): void {
    const known = this.find(record.set, record.key);
    if (known?.endedAt !== undefined && record.at < known.endedAt) return;
    this.put(follow(known, record));
  }

  find(set: string, key: string): JournalMessage | undefined {
    const name = nameOf(set, key);
    return this.#unresolved.get(name) ?? this.#resolved.get(name);
  }

  put(message: JournalMessage): void {
    const name = nameOf(message.set, message.idempotencyKey);
    this.forget(message.set, message.idempotencyKey);
    if (!isResolved(message)) {
      this.#unresolved.set(name, message);
      return;
    }
    this.#resolved.set(name, message);
    if (this.#resolved.size <= this.#mostResolved) return;
    const [oldest] = this.#resolved.keys();
    if (oldest !== undefined) this.#resolved.delete(oldest);
  }

  forget(set: string, key: string): void {
    const name = nameOf(set, key);
    this.#unresolved.delete(name);
    this.#resolved.delete(name);
  }

  /** All of them; what nobody can still be sending at `now` is `unknown`. */
  list(now: number): readonly JournalMessage[] {
    return [...this.#resolved.values(), ...[...this.#unresolved.values()].map((message) => asOf(message, now))];
  }
}

/** Follows records of several files; those of one process stay in their order. */
export function followAll(records: JournalRecord[]): Ledger {
  const ledger = new Ledger();
  for (const record of records.sort((a, b) => a.at - b.at)) ledger.take(record);
  return ledger;
}

/** Nothing is left to find out. */
export function isResolved({ status }: JournalMessage): boolean {
  return status === 'sent' || status === 'failed';
}

/** A message as it is to be seen at some time. */
export function asOf(message: JournalMessage, now: number): JournalMessage {
  return message.status === 'open' && message.until <= now ? { ...message, status: 'unknown' } : message;
}

/** What is to be written so that a message is known as it is. */
export function describe(message: JournalMessage): readonly JournalRecord[] {
  const { set, idempotencyKey: key, status, beganAt, until, begun, endedAt, attempts } = message;
  const begin: JournalRecord = { kind: 'begin', set, key, at: beganAt, until };
  const records = attempts.flatMap(({ provider, at, outcome, error }): readonly JournalRecord[] => [
    { kind: 'try', set, key, at, provider },
    ...(outcome === 'sent' ? [] : [{ kind: 'answer', set, key, at, provider, outcome, error: error ?? '' } as const]),
  ]);
  const end: readonly JournalRecord[] =
    status === 'open' || endedAt === undefined
      ? []
      : [
          {
            kind: 'end',
            set,
            key,
            at: endedAt,
            outcome: status,
            ...(message.provider !== undefined && { provider: message.provider }),
          },
        ];
  return [...Array<JournalRecord>(Math.max(1, begun)).fill(begin), ...records, ...end];
}

/** One name for what two tell. */
export function nameOf(set: string, key: string): string {
  return JSON.stringify([set, key]);
}

function follow(known: JournalMessage | undefined, record: JournalRecord): JournalMessage {
  const { set, key, at } = record;
  // Where the beginning is damaged, the rest says that there was one.
  const before: JournalMessage = known ?? {
    set,
    idempotencyKey: key,
    status: 'open',
    beganAt: at,
    until: at,
    begun: 0,
    attempts: [],
  };
  switch (record.kind) {
    case 'begin':
      return begin(before, record.at, record.until);
    case 'try':
      return withTry(before, record.provider, at);
    case 'answer':
      return withAnswer(before, record.provider, { outcome: record.outcome, error: record.error });
    case 'withdraw':
      return withdraw(before, record);
    case 'end':
      return end(before, record);
    default:
      record satisfies never;
      return before;
  }
}

/** Sent once more, it keeps the attempts that may have reached somebody. */
function begin(before: JournalMessage, at: number, until: number): JournalMessage {
  if (before.beganAt === at && before.status !== 'open') return before;
  const { set, idempotencyKey, attempts } = before;
  const isNew = isResolved(before);
  return {
    set,
    idempotencyKey,
    status: 'open',
    beganAt: isNew ? at : Math.min(before.beganAt, at),
    until: Math.max(before.until, until),
    begun: isNew ? 1 : before.begun + 1,
    attempts: isNew ? [] : attempts,
  };
}

function withTry(before: JournalMessage, provider: string, at: number): JournalMessage {
  // The same may be written twice, when a file was taken over and could not be removed.
  if (before.attempts.some((each) => each.at === at && each.provider === provider)) return before;
  return { ...before, attempts: [...before.attempts, { provider, at, outcome: 'unknown' }] };
}

function withAnswer(before: JournalMessage, provider: string, answer: Pick<Attempt, 'outcome' | 'error'>) {
  const index = before.attempts.findLastIndex((each) => each.provider === provider);
  const attempts = before.attempts.map((each, at) => (at === index ? { ...each, ...answer } : each));
  return { ...before, attempts };
}

/** Where nobody else is at it, it is what it was before. */
function withdraw(
  before: JournalMessage,
  { at, tried }: JournalRecord & { readonly kind: 'withdraw' },
): JournalMessage {
  const attempts = before.attempts.filter((each) => each.at !== tried?.at || each.provider !== tried.provider);
  const begun = Math.max(0, before.begun - 1);
  if (before.status !== 'open' || begun > 0) return { ...before, begun, attempts };
  return { ...before, begun, attempts, status: attempts.length > 0 ? 'unknown' : 'failed', endedAt: at };
}

function end(before: JournalMessage, { at, outcome, provider }: JournalRecord & { readonly kind: 'end' }) {
  const { set, idempotencyKey, beganAt, until, begun, attempts } = before;
  const index = attempts.findLastIndex((each) => each.provider === provider);
  return {
    set,
    idempotencyKey,
    status: outcome,
    beganAt,
    until,
    begun,
    endedAt: at,
    ...(provider !== undefined && { provider }),
    attempts: attempts.map((each, place) =>
      outcome === 'sent' && place === index ? { ...each, outcome: 'sent' as const } : each,
    ),
  };
}
