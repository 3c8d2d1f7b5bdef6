import { SluiceError } from '../errors.ts';
import type { Limits } from '../valves/limits.ts';
import type { WriteOptions } from './store.ts';

/** What became of a call by the time that somebody waits for it. */
export type Answer<R> = { readonly kind: 'answered'; readonly value: R } | Failure;

export interface Failure {
  /** `late`: it took too long; `aborted`: its caller went away. In both cases it may still take effect. */
  readonly kind: 'failed' | 'late' | 'aborted';
  readonly error: unknown;
}

export interface CallOptions {
  readonly limits: Limits;
  /** Undefined: it may take forever. */
  readonly withinMs?: number | undefined;
  /** Of the caller. */
  readonly signal?: AbortSignal | undefined;
  /** Of what is written. */
  readonly version?: string;
  /** In words, for the error. */
  readonly name: string;
}

export interface Call<R> {
  /** Never rejects. */
  readonly answer: Promise<Answer<R>>;
  /** When the store is through with it, which may be later than the answer. */
  readonly settled: Promise<Answer<R>>;
}

/**
 * Asks a store and waits as long as there is time and the caller wants it; then its signal is aborted. Whose caller is
 * gone already is not asked.
 */
export function callStore<R>(
  ask: (call: WriteOptions) => Promise<R>,
  { limits, withinMs, signal, version = '', name }: CallOptions,
): Call<R> {
  if (signal?.aborted === true) return neverAsked(signal.reason);
  const call = new StoreCall(version);
  const settled = settle(ask, call);
  if (withinMs === undefined && signal === undefined) return { answer: settled, settled };
  const answer = new Promise<Answer<R>>((resolve) => {
    const limit = withinMs === undefined ? undefined : limits.begin(withinMs);
    const finish = (end: Answer<R>): void => {
      limit?.end();
      signal?.removeEventListener('abort', abort);
      resolve(end);
    };
    const giveUp = (kind: 'late' | 'aborted', error: unknown): void => {
      finish({ kind, error });
      call.abort(error);
    };
    const abort = (): void => giveUp('aborted', signal?.reason);
    if (limit !== undefined)
      limit.onOver = () => giveUp('late', new SluiceError('timeout', `${name} took longer than ${withinMs} ms`));
    signal?.addEventListener('abort', abort);
    void settled.then(finish);
  });
  return { answer, settled };
}

function neverAsked<R>(error: unknown): Call<R> {
  const answer = Promise.resolve({ kind: 'aborted', error } as const);
  return { answer, settled: answer };
}

async function settle<R>(ask: (call: WriteOptions) => Promise<R>, call: StoreCall): Promise<Answer<R>> {
  try {
    return { kind: 'answered', value: await ask(call) };
  } catch (error) {
    return { kind: 'failed', error };
  }
}

/** Makes its signal when that is first asked for, as many stores never do. */
class StoreCall implements WriteOptions {
  readonly version: string;
  #controller: AbortController | undefined;
  #abortedFor: { readonly reason: unknown } | undefined;

  constructor(version: string) {
    this.version = version;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#abortedFor !== undefined) this.#controller.abort(this.#abortedFor.reason);
    }
    return this.#controller.signal;
  }

  abort(reason: unknown): void {
    this.#abortedFor = { reason };
    this.#controller?.abort(reason);
  }
}
