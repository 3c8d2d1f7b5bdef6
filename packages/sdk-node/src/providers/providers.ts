import type { GivenContext, Log, Platform } from '@sluice/sdk-common';
import { SluiceError } from '../errors.ts';
import { describeGiven, findSignalProblem, longestMs } from '../option-checks.ts';
import type { Subject } from '../surroundings/subject.ts';
import type { Journal } from './journal.ts';
import type { JournalMessage } from './ledger.ts';
import { Members } from './members.ts';
import type { OrderInForce } from './order-in-force.ts';
import type { Provider, SendResult } from './provider.ts';
import { journalError, type ProviderSend, Sending } from './sending.ts';

export interface ProvidersOptions<Message> {
  /** Names a message: the same each time it is sent, and of no other message. */
  readonly idempotencyKey: (message: Message) => string;
  /** How long one try may take; 10 s. */
  readonly timeoutMs?: number;
  /** How long sending may take with all its tries; three times `timeoutMs`. */
  readonly deadlineMs?: number;
  /**
   * A folder for the journal, which other processes and sets may share; false: in memory, so that nobody learns what
   * became of messages when this process is killed. Defaults to a folder in the client's cache folder; with test data
   * to memory.
   */
  readonly journal?: string | false;
  /**
   * What the journal's folder may come to; 16 MB. Beyond it messages that were sent or failed long ago are forgotten,
   * those in doubt never.
   */
  readonly journalBytes?: number;
}

/** What a provider set takes from around it. */
export interface ProvidersSurroundings {
  readonly order: OrderInForce;
  readonly journal: Journal;
  readonly platform: Pick<Platform, 'clock' | 'random'>;
  readonly log: Log;
  readonly observe: ((send: ProviderSend) => void) | undefined;
  /** Whom a call is for. */
  readonly describe: (context: GivenContext) => Subject;
}

const defaultTimeoutMs = 10_000;

/**
 * Providers that do the same, of which one is to take each message: in the order that the control plane gives, passing
 * over those that do not work, and never handing a message to a second one while the first may have it, unless the
 * policy allows that.
 */
export class Providers<Message> {
  readonly #set: string;
  readonly #members: Members<Message>;
  readonly #options: ProvidersOptions<Message>;
  readonly #timeoutMs: number;
  readonly #around: ProvidersSurroundings;
  readonly #inFlight = new Map<string, Promise<SendResult>>();

  constructor(
    set: string,
    providers: Readonly<Record<string, Provider<Message>>>,
    options: ProvidersOptions<Message>,
    around: ProvidersSurroundings,
  ) {
    this.#set = set;
    this.#options = options;
    this.#timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
    this.#members = new Members(providers, { set, timeoutMs: this.#timeoutMs }, around.platform.clock);
    this.#around = around;
  }

  /**
   * Sends a message and resolves with what became of it: a provider that fails does not make it reject. The same
   * message is sent once, however often it is given while it is on its way; one that was sent is not sent again, and
   * one in doubt only as the policy allows: also by other processes that share the journal, unless duplicates are
   * allowed. A message that one of these was killed while beginning waits for that up to 10 s, within `deadlineMs`. Rejects with a
   * SluiceError, having sent nothing, when the message has no key, the signal is none, or the journal cannot be used.
   */
  async send(
    message: Message,
    context?: GivenContext,
    { signal }: { readonly signal?: AbortSignal } = {},
  ): Promise<SendResult> {
    const problem = findSignalProblem(signal);
    if (problem !== undefined) throw new SluiceError('invalid-options', `providers ${this.#set}: ${problem}`);
    const key: unknown = this.#options.idempotencyKey(message);
    if (typeof key !== 'string' || key === '') {
      const found = typeof key === 'string' ? 'an empty one' : typeof key;
      const text = `idempotencyKey must give each message a text that is not empty, got ${found} (${this.#set})`;
      throw new SluiceError('invalid-message', text);
    }
    const underway = this.#inFlight.get(key);
    if (underway !== undefined) return underway;
    const sending = this.#start(message, { key, context, signal }).finally(() => this.#inFlight.delete(key));
    this.#inFlight.set(key, sending);
    return sending;
  }

  /** Messages of this set that a provider may have accepted, by whichever process that shares the journal. */
  async pending(): Promise<readonly JournalMessage[]> {
    const messages = await this.#around.journal.list();
    return messages.filter(({ set, status }) => set === this.#set && status === 'unknown');
  }

  /** Ends a message in doubt, once somebody found out. Rejects when there is no such message. */
  async settle(idempotencyKey: string, outcome: 'sent' | 'failed'): Promise<void> {
    await settle(this.#around.journal, { set: this.#set, key: idempotencyKey, outcome });
  }

  async #start(
    message: Message,
    { key, context, signal }: { key: string; context: GivenContext; signal: AbortSignal | undefined },
  ): Promise<SendResult> {
    const { journal, order, describe, platform, log, observe } = this.#around;
    // Before anything is awaited: who asks, and what is in force now.
    const asked = { message, key, signal, order: order.find(context), about: describe(context) };
    const timeoutMs = this.#timeoutMs;
    const { deadlineMs = Math.min(3 * timeoutMs, longestMs) } = this.#options;
    const endsAt = platform.clock.elapsed() + deadlineMs;
    // Who may not send it twice must not begin it beside another.
    const mayDouble = asked.order.ambiguous === 'allow-duplicate';
    await journal.ready().catch(rejectAs(this.#set, 'read'));
    const claim = mayDouble ? undefined : journal.createClaim(this.#set, key);
    const isFree = await claim?.wait({ untilElapsed: endsAt, signal }).catch(rejectAs(this.#set, 'written'));
    if (isFree === false) return { status: 'unknown', attempts: [], reason: 'another process may be sending it' };
    try {
      await journal.readNews().catch(rejectAs(this.#set, 'read'));
      const before = journal.find(this.#set, key);
      if (before?.status === 'sent') {
        const { attempts, provider } = before;
        return { status: 'sent', attempts, ...(provider !== undefined && { provider }) };
      }
      if (before?.status === 'open' && !mayDouble) {
        return { status: 'unknown', attempts: before.attempts, reason: 'another process may be sending it' };
      }
      const options = { set: this.#set, timeoutMs, endsAt, members: this.#members, journal, log, observe };
      return await new Sending({ ...asked, before, claim }, options, platform).run();
    } finally {
      await claim?.release();
    }
  }
}

/** Ends a message in doubt. Rejects when there is no such message or outcome, or the journal cannot be written. */
export async function settle(
  journal: Journal,
  { set, key, outcome }: { readonly set: string; readonly key: string; readonly outcome: 'sent' | 'failed' },
): Promise<void> {
  if (outcome !== 'sent' && outcome !== 'failed') {
    const text = `outcome must be sent or failed, got ${describeGiven(outcome satisfies never)}`;
    throw new SluiceError('invalid-options', `providers ${set}: ${text}`);
  }
  await journal.ready().catch(rejectAs(set, 'read'));
  const messages = await journal.list().catch(rejectAs(set, 'read'));
  const known = messages.find((message) => message.set === set && message.idempotencyKey === key);
  if (known?.status !== 'unknown') {
    const text = `no message of ${set} with the key "${key}" is in doubt`;
    throw new SluiceError('unknown-message', known === undefined ? text : `${text}: it is ${known.status}`);
  }
  journal.note({ kind: 'end', set, key, at: journal.now(), outcome });
  await journal.flush().catch(rejectAs(set, 'written'));
}

function rejectAs(set: string, what: 'read' | 'written'): (cause: unknown) => never {
  return (cause) => {
    throw journalError(set, what, cause);
  };
}
