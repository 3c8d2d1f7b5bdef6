import { AsyncResource } from 'node:async_hooks';
import type { Clock } from '@sluice/sdk-common';
import { SluiceError } from '../errors.ts';
import type { Limit } from './limits.ts';

/** What the function of a mode is told, before the arguments of `run`. */
export interface ModeCall {
  /** The name of the mode: several may share a function. */
  readonly mode: string;
  /** Aborted when the time is over, and when the caller's own signal is: nobody waits for the answer any more then. */
  readonly signal: AbortSignal;
  /** When the time is over, in milliseconds since the epoch; Infinity: never. */
  readonly deadline: number;
  /** What the mode before failed with, where this one is the fallback. */
  readonly failure: unknown;
}

/** The function of a mode. All of one valve take the same arguments, or none. */
export type ModeFunction = (call: ModeCall, ...given: never[]) => unknown;

/** What became of a call. */
export type Outcome =
  | { readonly kind: 'answered'; readonly value: unknown }
  /** It threw, or its time was over. */
  | { readonly kind: 'error' | 'timeout'; readonly error: unknown }
  /** Its caller wants no answer any more. */
  | { readonly kind: 'aborted'; readonly error: unknown };

export interface Work {
  readonly valve: string;
  readonly mode: string;
  readonly run: ModeFunction;
  readonly given: readonly unknown[];
  /** Undefined: it may take forever. */
  readonly limit: Limit | undefined;
  /** The caller's own. */
  readonly signal: AbortSignal | undefined;
  readonly failure: unknown;
  readonly clock: Clock;
}

/**
 * Calls the function of a mode and waits for its answer as long as there is time and the caller wants it. Never
 * rejects: what comes after that, an error included, is nobody's any more.
 */
export function callMode(work: Work): Promise<Outcome> {
  const { limit, signal } = work;
  if (signal?.aborted === true) return Promise.resolve({ kind: 'aborted', error: signal.reason });
  const call = new Call(work);
  let answer: unknown;
  try {
    // What the functions of a valve take is what its `run` is given: the types of both say so.
    answer = work.run(call, ...(work.given as never[]));
  } catch (error) {
    return Promise.resolve(describeFailure(error, signal));
  }
  return limit === undefined && signal === undefined ? settle(answer) : settleWithin(work, call, answer);
}

async function settle(answer: unknown): Promise<Outcome> {
  try {
    return { kind: 'answered', value: await answer };
  } catch (error) {
    return { kind: 'error', error };
  }
}

function settleWithin(work: Work, call: Call, answer: unknown): Promise<Outcome> {
  const { limit, signal } = work;
  return new Promise((resolve) => {
    const finish = (outcome: Outcome): void => {
      if (limit !== undefined) limit.onOver = undefined;
      signal?.removeEventListener('abort', abort);
      resolve(outcome);
    };
    const giveUp = (kind: 'timeout' | 'aborted', error: unknown): void => {
      finish({ kind, error });
      call.abort(error);
    };
    const abort = (): void => giveUp('aborted', signal?.reason);
    if (limit !== undefined) limit.onOver = () => giveUp('timeout', createTimeoutError(work));
    signal?.addEventListener('abort', abort);
    Promise.resolve(answer).then(
      (value) => finish({ kind: 'answered', value }),
      (error: unknown) => finish(describeFailure(error, signal)),
    );
  });
}

/** Whatever fails once its caller has aborted has failed for that reason. */
function describeFailure(error: unknown, signal: AbortSignal | undefined): Outcome {
  return signal?.aborted === true ? { kind: 'aborted', error: signal.reason } : { kind: 'error', error };
}

function createTimeoutError({ valve, mode }: Work): SluiceError {
  return new SluiceError('timeout', `valve ${valve}: mode "${mode}" did not answer in time`);
}

/** Makes its signal when that is first asked for, as many functions never do. */
class Call implements ModeCall {
  readonly #work: Work;
  #controller: AbortController | undefined;
  /** What was around the function when it asked for its signal. */
  #around: AsyncResource | undefined;
  #given: { readonly reason: unknown } | undefined;

  constructor(work: Work) {
    this.#work = work;
  }

  get mode(): string {
    return this.#work.mode;
  }

  get failure(): unknown {
    return this.#work.failure;
  }

  get deadline(): number {
    const { limit, clock } = this.#work;
    return limit === undefined ? Number.POSITIVE_INFINITY : clock.now() + limit.dueAt - clock.elapsed();
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      // The timer is shared by many requests: each is to find in its listeners what is around it, and not another.
      this.#around = new AsyncResource('SluiceModeCall');
      if (this.#given !== undefined) this.#controller.abort(this.#given.reason);
    }
    return this.#controller.signal;
  }

  abort(reason: unknown): void {
    this.#given = { reason };
    this.#around?.runInAsyncScope(() => this.#controller?.abort(reason));
  }
}
