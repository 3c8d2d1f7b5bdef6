import type { Flag } from '@sluice/engine';
import type { LackedMode } from '@sluice/protocol';
import type { Clock, EvaluationDetail, GivenContext, Log, Refusals, Surroundings } from '@sluice/sdk-common';
import { SluiceError } from '../errors.ts';
import { findDurationProblem, findNameProblem, findObjectProblem, findSignalProblem } from '../option-checks.ts';
import { findSubject } from '../surroundings/subject.ts';
import { type Breaker, type BreakerOptions, createBreaker } from './breaker.ts';
import { callMode, type ModeCall, type ModeFunction, type Outcome } from './call-mode.ts';
import type { Limit, Limits } from './limits.ts';
import { type Build, type ModePlan, planModes } from './mode-plan.ts';
import type { ObserveCall, ValveCause } from './observed-call.ts';

/** The functions of a valve by the names of its modes. */
export type Modes = Readonly<Record<string, ModeFunction>>;

export interface ValveSettings {
  /**
   * What is done in each mode, the least severe first: `{ normal, cached, 'off-404': notFound }`. The order of severity
   * is that of the flag; this one stands in for it where there is no flag.
   */
  readonly modes: Modes;
  /** How long the mode that is served may take; unless given, forever. */
  readonly timeoutMs?: number;
  /**
   * How long each fallback may take, once that failed; 100 unless given. A call has ended after `timeoutMs` and so much
   * for each of them.
   */
  readonly fallbackTimeoutMs?: number;
  /**
   * Keeps calls from the normal mode for a while when too many of the last ones failed, that is, threw or took too
   * long; false: nothing does. Degraded modes are not guarded, as they are not the dependency. That a caller went away
   * (`runUntil`) is not a failure.
   */
  readonly breaker?: BreakerOptions | false;
  /**
   * The mode to fall back to when one fails, and after it those that are more severe. Unless given, and where a mode
   * fails that is as severe or more, it is the next more severe one.
   */
  readonly onError?: string;
  /**
   * What is done where a mode is served that this build has not, nor any that is more severe. `throw`, unless given, as
   * whatever is less severe may be just what had to be stopped; `last`: the most severe mode that there is.
   */
  readonly onMissing?: 'throw' | 'last';
}

/** The same with the names and types of its modes. */
export interface ValveOptions<M extends Modes> extends ValveSettings {
  readonly modes: M;
  readonly onError?: keyof M & string;
}

export interface ValveResult<T> {
  readonly value: T;
  /** The mode that answered. */
  readonly mode: string;
  readonly cause: ValveCause;
  /** Of the rule by which the mode was chosen that is served; absent where there was none. */
  readonly ruleId?: string;
}

/** What the functions of a valve take after what they are told of the call; those that need less take the first of it. */
export type GivenTo<M extends Modes> = Longest<TakenBy<M[keyof M]>>;

/** What the functions of a valve answer. */
export type AnswerOf<M extends Modes> = Awaited<ReturnType<M[keyof M]>>;

type TakenBy<F> = F extends (call: ModeCall, ...given: infer Given) => unknown ? Given : never;
/** Of several tuples the one that all others begin. */
type Longest<T extends readonly unknown[], All = T> = T extends unknown
  ? [All] extends [Partial<T>]
    ? T
    : never
  : never;

/** What a valve has of its client. */
export interface ValveHost {
  detail(key: string, context: GivenContext, defaultValue: string): EvaluationDetail<string>;
  findFlag(key: string): Flag | undefined;
  onChange(key: string, listener: () => void): () => void;
  readonly refusals: Refusals;
  /** Is told which modes of the flag the code does not have, whenever that may be different. */
  readonly tellLacks: (key: string, lacks: readonly LackedMode[]) => void;
  /** What is around the caller. */
  see(): Surroundings;
  readonly limits: Limits;
  readonly clock: Clock;
  readonly log: Log;
  /** Undefined: nobody wants to know. */
  readonly observe: ObserveCall | undefined;
}

/** A call of a valve in progress. */
interface Run {
  readonly given: readonly unknown[];
  readonly signal: AbortSignal | undefined;
}

interface Failure {
  readonly kind: 'breaker' | 'error' | 'timeout';
  readonly error: unknown;
}

/**
 * A part of a program that can be turned down while it runs: for everybody, for one customer, for one route. A flag
 * says which mode is served, a function of the program does it; where that fails or takes too long, a more severe mode
 * answers.
 */
export class Valve<Given extends readonly unknown[] = readonly unknown[], Answer = unknown> {
  readonly key: string;
  readonly #host: ValveHost;
  readonly #modes: Modes;
  readonly #build: Build;
  readonly #timeoutMs: number | undefined;
  readonly #fallbackTimeoutMs: number;
  readonly #breaker: Breaker | undefined;
  /** Modes that the log was told of as unknown to the flag. */
  readonly #told = new Set<string>();
  #plan: ModePlan;

  /** Throws a SluiceError when the options cannot be right. */
  constructor(key: string, options: ValveSettings, host: ValveHost) {
    checkOptions(key, options);
    const { modes, timeoutMs, fallbackTimeoutMs = 100, breaker = {}, onError, onMissing = 'throw' } = options;
    this.key = key;
    this.#host = host;
    this.#modes = modes;
    this.#build = { modes: Object.keys(modes), onError, onMissing };
    this.#timeoutMs = timeoutMs;
    this.#fallbackTimeoutMs = fallbackTimeoutMs;
    this.#breaker = breaker === false ? undefined : createBreaker(`valve ${key}`, breaker, host);
    this.#plan = this.#judge(undefined);
    host.onChange(key, () => {
      this.#plan = this.#judge(this.#plan);
    });
  }

  /**
   * The mode that is served, or the one that this build has in its place; where it has none, the one that is served all
   * the same. What the breaker thinks is not asked.
   */
  mode(context?: GivenContext): string {
    const { value } = this.#evaluate(context);
    return this.#plan.choices.get(value)?.mode ?? value;
  }

  /**
   * Calls the function of the mode that is served; it takes what it is told of the call, and then `given`. Rejects when
   * neither that mode nor a fallback answers: with what the first of them failed with. What the others failed with is
   * added to that as `fallbackErrors`, if it is an object.
   */
  run(context?: GivenContext, ...given: Given): Promise<ValveResult<Answer>> {
    return this.#run(context, { given, signal: undefined });
  }

  /**
   * The same for a caller who may go away: once `signal` is aborted it rejects with the reason of that, nothing is
   * fallen back to, and nobody takes it for a failure.
   */
  runUntil(signal: AbortSignal, context?: GivenContext, ...given: Given): Promise<ValveResult<Answer>> {
    return this.#run(context, { given, signal });
  }

  async #run(context: GivenContext, run: Run): Promise<ValveResult<Answer>> {
    const problem = findSignalProblem(run.signal);
    if (problem !== undefined) throw new SluiceError('invalid-options', `valve ${this.key}: ${problem}`);
    run.signal?.throwIfAborted();
    const { value: served, reason } = this.#evaluate(context);
    const choice = this.#plan.choices.get(served);
    const ruleId = reason.kind === 'RULE_MATCH' ? reason.ruleId : undefined;
    const tell = this.#host.observe === undefined ? undefined : this.#startObserving(this.#host.observe, context);
    // By what is served: this build may do something else in its place.
    let cause: ValveCause = served === this.#plan.normal ? 'normal' : 'rule';
    if (choice?.mode === undefined) {
      tell?.(served, cause, 'failed');
      throw this.#createError('mode-missing', `mode "${served}" is not in this build, nor is one that is more severe`);
    }
    let { mode } = choice;
    const timeoutMs = this.#timeoutMs ?? (choice.isNormal ? this.#breaker?.trialMs : undefined);
    const limit = timeoutMs === undefined ? undefined : this.#host.limits.begin(timeoutMs);
    let outcome = await this.#callServed(mode, choice.isNormal, run, limit);
    limit?.end();
    if (outcome.kind === 'error' || outcome.kind === 'timeout' || outcome.kind === 'breaker') {
      cause = outcome.kind;
      ({ mode, outcome } = await this.#fallBack(mode, outcome, choice.fallbacks, run));
    }
    switch (outcome.kind) {
      case 'answered':
        tell?.(mode, cause, 'ok');
        // What the functions answer is what the type of the valve was made from.
        return createResult(outcome.value as Answer, mode, cause, ruleId);
      case 'aborted':
        throw outcome.error;
      default:
        tell?.(mode, cause, 'failed');
        throw outcome.error;
    }
  }

  #callServed(mode: string, isNormal: boolean, run: Run, limit: Limit | undefined): Promise<Outcome | Failure> {
    if (!isNormal || this.#breaker === undefined) return this.#call(mode, run, limit, undefined);
    const called = this.#breaker.tryCall(() => this.#call(mode, run, limit, undefined));
    if (called !== undefined) return called;
    const error = this.#createError('breaker-open', `the breaker of mode "${mode}" is open`);
    return Promise.resolve({ kind: 'breaker', error });
  }

  /** Calls one mode after the other until one answers, each in its own time; else the first failure counts. */
  async #fallBack(
    served: string,
    failure: Failure,
    modes: readonly string[],
    run: Run,
  ): Promise<{ readonly mode: string; readonly outcome: Outcome | Failure }> {
    const errors: unknown[] = [];
    for (const mode of modes) {
      const limit = this.#host.limits.begin(this.#fallbackTimeoutMs);
      const outcome = await this.#call(mode, run, limit, failure.error);
      limit.end();
      if (outcome.kind === 'answered' || outcome.kind === 'aborted') return { mode, outcome };
      errors.push(outcome.error);
    }
    addFallbackErrors(failure.error, errors);
    return { mode: modes.at(-1) ?? served, outcome: failure };
  }

  #call(mode: string, { given, signal }: Run, limit: Limit | undefined, failure: unknown): Promise<Outcome> {
    const run = this.#modes[mode];
    if (run === undefined) throw new Error(`mode ${mode} was planned, but is not there`);
    return callMode({ valve: this.key, mode, run, given, limit, signal, failure, clock: this.#host.clock });
  }

  #evaluate(context: GivenContext): EvaluationDetail<string> {
    const detail = this.#host.detail(this.key, context, this.#plan.normal);
    // Whoever was told of the change before this valve may call it at once.
    const { version } = detail;
    if (version !== undefined && version !== this.#plan.version) this.#plan = this.#judge(this.#plan);
    return detail;
  }

  /** Looks what the flag in force makes of this build, and tells whoever should know. */
  #judge(before: ModePlan | undefined): ModePlan {
    const { refusals, tellLacks, log } = this.#host;
    const plan = planModes(this.#host.findFlag(this.key), this.#build);
    if (plan.version === undefined || plan.refusal === undefined) refusals.accept(this.key);
    else {
      if (plan.refusal !== before?.refusal) log.warn(`valve ${this.key}: ${plan.refusal}`);
      refusals.refuse(this.key, plan.version, plan.refusal);
    }
    tellLacks(this.key, plan.lacks);
    for (const mode of plan.unknown.filter((name) => !this.#told.has(name))) {
      this.#told.add(mode);
      log.warn(`valve ${this.key}: mode "${mode}" is in this build, but not in the flag: no rule can serve it`);
    }
    return plan;
  }

  #startObserving(observe: ObserveCall, context: GivenContext) {
    const { clock, log } = this.#host;
    const subject = findSubject(context, this.#host.see());
    const startedAt = clock.elapsed();
    return (mode: string, cause: ValveCause, outcome: 'ok' | 'failed'): void => {
      try {
        observe({ valve: this.key, mode, cause, outcome, durationMs: clock.elapsed() - startedAt, ...subject });
      } catch (error) {
        log.error(`valve ${this.key}: whoever is told of calls failed: ${String(error)}`);
      }
    };
  }

  #createError(code: 'mode-missing' | 'breaker-open', problem: string): SluiceError {
    return new SluiceError(code, `valve ${this.key}: ${problem}`);
  }
}

function createResult<T>(value: T, mode: string, cause: ValveCause, ruleId: string | undefined): ValveResult<T> {
  return ruleId === undefined ? { value, mode, cause } : { value, mode, cause, ruleId };
}

/** Seen by whoever logs the error. Errors that are frozen, or no objects at all, stay as they are. */
function addFallbackErrors(error: unknown, errors: readonly unknown[]): void {
  const others = errors.filter((other) => other !== error);
  if (typeof error !== 'object' || error === null || !Object.isExtensible(error) || others.length === 0) return;
  Object.defineProperty(error, 'fallbackErrors', {
    value: others,
    enumerable: true,
    configurable: true,
    writable: true,
  });
}

function checkOptions(key: string, options: ValveSettings): void {
  check('options', findObjectProblem(options, 'an object with modes'));
  const { modes, timeoutMs = 1, fallbackTimeoutMs = 1, breaker = false, onError, onMissing } = options;
  check('modes', findObjectProblem(modes, 'an object of functions'));
  const names = Object.keys(modes);
  if (names.length === 0) fail('modes must have at least one mode, got none');
  check('modes', findNameProblem(names));
  for (const name of names)
    if (typeof modes[name] !== 'function') fail(`modes["${name}"] must be a function, got a ${typeof modes[name]}`);
  check('timeoutMs', findDurationProblem(timeoutMs));
  check('fallbackTimeoutMs', findDurationProblem(fallbackTimeoutMs));
  if (breaker !== false) check('breaker', findObjectProblem(breaker, 'an object, or false for none'));
  if (onError !== undefined && !names.includes(onError))
    fail(`onError must be one of the modes (${names.join(', ')}), got "${onError}"`);
  if (onMissing !== undefined && onMissing !== 'throw' && onMissing !== 'last')
    fail(`onMissing must be throw or last, got "${String(onMissing satisfies never)}"`);

  function check(option: string, problem: string | undefined): void {
    if (problem !== undefined) fail(`${option} ${problem}`);
  }

  function fail(problem: string): never {
    throw new SluiceError('invalid-options', `valve ${key}: ${problem}`);
  }
}
