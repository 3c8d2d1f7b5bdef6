import type { ProviderOrder } from '@sluice/protocol';
import type { Log, Platform } from '@sluice/sdk-common';
import { SluiceError } from '../errors.ts';
import type { Subject } from '../surroundings/subject.ts';
import type { Answer } from './attempt.ts';
import { listNext } from './choosing.ts';
import type { Claim } from './claim.ts';
import type { Journal } from './journal.ts';
import type { MessageEnd } from './journal-records.ts';
import type { JournalMessage } from './ledger.ts';
import type { Members } from './members.ts';
import { mostWraps } from './not-accepted.ts';
import type { Attempt, SendResult } from './provider.ts';

/** One try of a provider, for whoever counts them. */
export interface ProviderSend extends Subject {
  readonly set: string;
  readonly provider: string;
  readonly outcome: 'sent' | 'failed' | 'unknown';
  readonly durationMs: number;
}

/** A message to be sent. */
export interface Outgoing<Message> {
  readonly message: Message;
  readonly key: string;
  readonly order: ProviderOrder;
  /** What the journal knows of it. */
  readonly before: JournalMessage | undefined;
  /** Keeps others from beginning it until it is on disk that it has begun; undefined: they may. */
  readonly claim: Claim | undefined;
  readonly signal: AbortSignal | undefined;
  readonly about: Subject;
}

/** What sending takes from around it. */
export interface SendingOptions<Message> {
  readonly set: string;
  readonly timeoutMs: number;
  /** By the clock that never goes backwards. */
  readonly endsAt: number;
  readonly members: Members<Message>;
  readonly journal: Journal;
  readonly log: Log;
  readonly observe: ((send: ProviderSend) => void) | undefined;
}

/** Nobody sends after the deadline; an event loop may be late by so much. */
const lateMs = 5000;
/** Before the same provider is asked again; doubled each time. */
const firstRepeatMs = 100;

/** Takes one message from provider to provider until it is at its end. */
export class Sending<Message> {
  readonly #outgoing: Outgoing<Message>;
  readonly #options: SendingOptions<Message>;
  readonly #platform: Pick<Platform, 'clock' | 'random'>;
  readonly #candidates: readonly string[];
  /** Those of sends before this one, where they leave it in doubt, too. */
  readonly #attempts: Attempt[];
  /** Providers tried in this send. */
  readonly #tried: string[] = [];
  /** Why nobody else is tried, where attempts do not say it. */
  #reason: string | undefined;

  constructor(
    outgoing: Outgoing<Message>,
    options: SendingOptions<Message>,
    platform: Pick<Platform, 'clock' | 'random'>,
  ) {
    const { before, order, key } = outgoing;
    this.#outgoing = outgoing;
    this.#options = options;
    this.#platform = platform;
    this.#candidates = options.members.listCandidates(order, key);
    this.#attempts = before === undefined || before.status === 'failed' ? [] : [...before.attempts];
  }

  /** Rejects when the journal cannot be written; then nothing was sent. */
  async run(): Promise<SendResult> {
    if (this.#attempts.length > 0 && this.#listNext().length === 0) return this.#result('unknown');
    const { journal, endsAt } = this.#options;
    const now = journal.now();
    const until = now + Math.max(0, endsAt - this.#platform.clock.elapsed()) + lateMs;
    journal.note({ kind: 'begin', ...this.#named, at: now, until });
    if (this.#candidates.length === 0) this.#reason = 'no provider may send: all are drained';
    for (let names = this.#listNext(); names.length > 0; names = this.#listNext()) {
      const name = await this.#choose(names);
      if (name === undefined || !(await this.#writeTry(name))) break;
      this.#tried.push(name);
      const attempt = await this.#try(name);
      this.#attempts.push(attempt);
      if (attempt.outcome === 'sent') return this.#end('sent', name);
    }
    return this.#end(this.#attempts.some(({ outcome }) => outcome === 'unknown') ? 'unknown' : 'failed');
  }

  get #named(): { readonly set: string; readonly key: string } {
    return { set: this.#options.set, key: this.#outgoing.key };
  }

  #listNext(): readonly string[] {
    const { order } = this.#outgoing;
    return listNext({
      policy: order.ambiguous,
      candidates: this.#candidates,
      attempts: this.#attempts,
      tried: this.#tried,
      mayRepeat: (name) => this.#options.members.mayRepeat(order, name),
    });
  }

  /** Waits until one of them may get the message; undefined: nobody may in time. */
  async #choose(names: readonly string[]): Promise<string | undefined> {
    const { clock } = this.#platform;
    const { order, signal } = this.#outgoing;
    const { members, endsAt } = this.#options;
    for (let waitMs = this.#repeatAfterMs(names); ; waitMs = leastWait()) {
      const leftMs = endsAt - clock.elapsed();
      if (waitMs >= leftMs) {
        this.#reason =
          leastWait() > 0 ? 'every provider is at its maxPerSecond until the deadline' : 'the deadline passed';
        return undefined;
      }
      if (waitMs > 0 && this.#tried.length === 0) await this.#write();
      if (waitMs > 0) await this.#wait(waitMs);
      if (signal?.aborted === true) {
        this.#reason = 'whoever sent it gave up';
        return undefined;
      }
      const free = members.takeFree(order, names);
      if (free !== undefined) return free;
    }

    function leastWait(): number {
      return Math.min(...names.map((name) => members.waitMs(order, name)));
    }
  }

  /** Whoever just gave no answer is given a moment. */
  #repeatAfterMs([name]: readonly string[]): number {
    const times = this.#tried.filter((tried) => tried === name).length;
    return times === 0 ? 0 : firstRepeatMs * 2 ** (times - 1) * (0.5 + this.#platform.random() / 2);
  }

  #wait(ms: number): Promise<void> {
    const { signal } = this.#outgoing;
    return new Promise((resolve) => {
      const finish = (): void => {
        cancel();
        signal?.removeEventListener('abort', finish);
        resolve();
      };
      const cancel = this.#platform.clock.after(ms, finish, true);
      signal?.addEventListener('abort', finish);
    });
  }

  /** Nothing leaves before it is on disk that it does. False: it cannot be written, and others were tried before. */
  async #writeTry(provider: string): Promise<boolean> {
    const { journal } = this.#options;
    const at = journal.now();
    journal.note({ kind: 'try', ...this.#named, at, provider });
    return this.#write({ at, provider });
  }

  async #write(tried?: { readonly at: number; readonly provider: string }): Promise<boolean> {
    const { journal } = this.#options;
    const { claim, key, before } = this.#outgoing;
    try {
      await journal.flush();
      if (claim?.isLost === true) {
        // Others read that it has begun.
        journal.note({ kind: 'withdraw', ...this.#named, at: journal.now(), ...(tried !== undefined && { tried }) });
        await journal.flush();
        throw new Error('it took so long that another process may have begun');
      }
      await claim?.release();
      return true;
    } catch (cause) {
      const error = journalError(this.#options.set, 'written', cause);
      this.#reason = error.message;
      if (this.#tried.length > 0) return false;
      journal.withdraw(this.#options.set, key, before);
      throw error;
    }
  }

  async #try(provider: string): Promise<Attempt> {
    const { members, journal, timeoutMs, endsAt } = this.#options;
    const { message, key: idempotencyKey, signal } = this.#outgoing;
    const { clock } = this.#platform;
    const at = journal.now();
    const startedAt = clock.elapsed();
    const leftMs = Math.max(0, Math.min(timeoutMs, endsAt - startedAt));
    const answer = await members.send(provider, message, { timeoutMs: leftMs, signal, idempotencyKey });
    this.#observe(provider, answer, clock.elapsed() - startedAt);
    if (answer.outcome === 'sent') return { provider, at, outcome: 'sent' };
    const { outcome } = answer;
    const error = describeError(answer.error);
    journal.note({ kind: 'answer', ...this.#named, at: journal.now(), provider, outcome, error });
    return { provider, at, outcome, error };
  }

  #observe(provider: string, { outcome }: Answer, durationMs: number): void {
    const { set, observe, log } = this.#options;
    try {
      const told = outcome === 'not-accepted' ? 'failed' : outcome;
      observe?.({ set, provider, outcome: told, durationMs, ...this.#outgoing.about });
    } catch (error) {
      log.error(`providers ${set}: whoever observes them failed: ${String(error)}`);
    }
  }

  async #end(outcome: MessageEnd, provider?: string): Promise<SendResult> {
    const { journal, log, set } = this.#options;
    journal.note({
      kind: 'end',
      ...this.#named,
      at: journal.now(),
      outcome,
      ...(provider !== undefined && { provider }),
    });
    try {
      await journal.flush();
    } catch (cause) {
      // It is written with the next that can be; should there be none, the message is listed as unknown.
      const { message } = journalError(set, 'written', cause);
      log.error(`${message}; message ${this.#outgoing.key} ended as ${outcome}`);
    }
    return this.#result(outcome, provider);
  }

  #result(status: MessageEnd, provider?: string): SendResult {
    return {
      status,
      ...(provider !== undefined && { provider }),
      attempts: this.#attempts,
      ...(this.#reason !== undefined && { reason: this.#reason }),
    };
  }
}

/** An error in words, with what caused it: fetch says only that it failed. */
function describeError(error: unknown, wraps = 0): string {
  if (!(error instanceof Error)) return String(error);
  const { message, cause, code } = error as Error & { readonly code?: unknown };
  // When all addresses of a name failed, there is only a code.
  const what = message || String(code ?? error.name);
  if (cause === undefined || wraps >= mostWraps) return what;
  const why = describeError(cause, wraps + 1);
  return what.includes(why) ? what : `${what}: ${why}`;
}

export function journalError(set: string, what: 'read' | 'written', cause: unknown): SluiceError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new SluiceError('journal', `the journal of sends cannot be ${what}: ${why} (${set})`, cause);
}
