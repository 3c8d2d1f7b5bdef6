import {
  type Context,
  canonicalKey,
  createEvaluation,
  type Detail,
  type EvaluatedFlag,
  type Evaluation,
  errorDetail,
  evaluate,
  type Flag,
  findContextProblem,
  flagNotFound,
  fromLegacyUser,
  type LegacyUser,
  type Outcome,
} from '@sluice/engine';
import { BigSegmentCache, type BigSegmentOptions, type BigSegmentStatus } from './big-segments.ts';
import { DataSystem, type DataSystemOptions } from './data/data-system.ts';
import { type EventOptions, EventProcessor, type MigrationRecord } from './events/event-processor.ts';
import type { EventSender } from './events/event-sender.ts';
import { Tally } from './events/tally.ts';
import { createFlagsState, type EvaluatedEntry, type FlagsState, type FlagsStateOptions } from './flags-state.ts';
import type { Refusals } from './fleet/refusals.ts';
import type { Reporter } from './fleet/reporter.ts';
import type { GivenContext } from './given-context.ts';
import { type EvaluationSeries, type Hook, runTrackHooks, runWithHooks } from './hooks.ts';
import type { Platform } from './platform.ts';
import type { Status } from './status.ts';
import type { Telemetry } from './telemetry/telemetry.ts';

/** The type of a flag's value as the default value promises it: `'plain'` promises a string. */
export type Widened<T> = T extends string ? string : T extends number ? number : T extends boolean ? boolean : T;

/** An evaluation in full. */
export interface EvaluationDetail<T = unknown> extends Detail {
  readonly value: T;
}

/** What need not be given to each evaluation; valid. */
export interface Surroundings {
  /** Whom this is about where no context is given: the user and account of a request, say. */
  readonly context: Context | undefined;
  /** Asked in this order for kinds that the given context lacks: the request, then the instance. */
  readonly ambient: readonly Context[];
}

/** Where a client looks for what is around whoever asks. */
export interface SurroundingsSource {
  /** Where there is nothing narrower: the instance. */
  readonly widest: Surroundings;
  /** Whether there ever was anything narrower. Looked at before each evaluation, where a call would be felt. */
  readonly hasNarrower: boolean;
  /** What is around the caller now; never throws. */
  find(): Surroundings;
}

/** The same around everybody. */
export function aroundAll(surroundings: Surroundings): SurroundingsSource {
  return { widest: surroundings, hasNarrower: false, find: () => surroundings };
}

export interface ClientOptions extends Omit<DataSystemOptions<Tally>, 'createTally' | 'observer'> {
  readonly sdkKey: string;
  /** Tells the server what is in force here; undefined: nobody does. */
  readonly reporter: Reporter | undefined;
  readonly surroundings: SurroundingsSource;
  /** Counts what this instance does, for the server; undefined: nobody wants to know. */
  readonly telemetry: Telemetry | undefined;
  /** Undefined: nothing is reported. */
  readonly events: (EventOptions & { readonly sender: EventSender }) | undefined;
  readonly bigSegments: BigSegmentOptions | undefined;
  readonly hooks: readonly Hook[];
}

/** One way of asking for a value. */
interface Ask {
  readonly method: string;
  /** Somebody wants to know the reason. */
  readonly withReason: boolean;
  /** The value must have the type of the default value. */
  readonly isTyped: boolean;
}

const asks = {
  value: { method: 'value', withReason: false, isTyped: true },
  detail: { method: 'detail', withReason: true, isTyped: true },
  anyValue: { method: 'anyValue', withReason: false, isTyped: false },
  anyDetail: { method: 'anyDetail', withReason: true, isTyped: false },
  served: { method: 'served', withReason: false, isTyped: false },
} as const satisfies Record<string, Ask>;

const notReady = errorDetail('CLIENT_NOT_READY');
const noContext = errorDetail('USER_NOT_SPECIFIED');
const failed = errorDetail('EXCEPTION');

/** Evaluates flags in this process. Evaluating never waits, never throws, and needs no network. */
export class Client {
  readonly #options: ClientOptions;
  readonly #platform: Platform;
  readonly #surroundings: SurroundingsSource;
  readonly #data: DataSystem<Tally>;
  readonly #events: EventProcessor | undefined;
  readonly #bigSegments: BigSegmentCache | undefined;
  readonly #evaluation: Evaluation<Tally>;
  /** Whether the evaluation in progress was asked for its reason; its prerequisites are reported alike. */
  #withReason = false;
  /** Undefined when there are none, so that evaluations without hooks pay nothing. */
  readonly #hooks: readonly Hook[] | undefined;

  constructor(options: ClientOptions, platform: Platform) {
    const { events, bigSegments, hooks, log } = options;
    this.#options = options;
    this.#platform = platform;
    this.#surroundings = options.surroundings;
    this.#hooks = hooks.length === 0 ? undefined : hooks;
    this.#events = events === undefined ? undefined : new EventProcessor(events, events.sender, platform, log);
    this.#data = new DataSystem(
      {
        ...options,
        observer: options.reporter,
        createTally: (flag) => this.#events?.createTally(flag) ?? new Tally(flag, () => undefined),
      },
      platform,
    );
    this.#bigSegments = bigSegments === undefined ? undefined : new BigSegmentCache(bigSegments, platform, log);
    this.#evaluation = createEvaluation({
      ambient: options.surroundings.widest.ambient,
      bigSegments: this.#bigSegments,
      onPrerequisite: this.#events === undefined ? undefined : (...told) => this.#recordPrerequisite(...told),
    });
    this.#events?.start();
    this.#bigSegments?.start();
    void this.#data.start();
  }

  /** Where flags come from and whether they are current. */
  get status(): Status {
    return this.#data.status;
  }

  /** What the application refuses of the flags in force; the fleet view names who refuses what, and why. */
  get refusals(): Refusals {
    return this.#data.refusals;
  }

  /** The flag in force, as it was delivered; not to be altered. Undefined when there is none. */
  findFlag(key: string): Flag | undefined {
    const flag = this.#data.store.ruleset.findFlag(key);
    return flag?.deleted === true ? undefined : flag;
  }

  /**
   * Resolves with true once current flags are in use, with false when that takes longer than `timeoutMs`. There is no
   * need to wait: evaluations before serve the last known values, and default values where nothing is known.
   */
  async ready({ timeoutMs = 5000 }: { readonly timeoutMs?: number } = {}): Promise<boolean> {
    if (isSettled(this.status)) return this.status.state === 'live';
    return new Promise((resolve) => {
      const finish = (): void => {
        cancel();
        stop();
        resolve(this.status.state === 'live');
      };
      const cancel = this.#platform.clock.after(timeoutMs, finish, true);
      const stop = this.#data.onStatus((status) => {
        if (isSettled(status)) finish();
      });
    });
  }

  /** A boolean flag's value; false when there is no such flag. */
  enabled(key: string, context?: GivenContext): boolean {
    return this.value(key, context, false);
  }

  /** A flag's value if it has the type of the default value, else the default value. */
  value<T>(key: string, context: GivenContext, defaultValue: T): Widened<T> {
    const detail = this.#answer(asks.value, key, context, defaultValue);
    // The value was checked against the default value's type.
    return (detail.variation === undefined ? defaultValue : detail.value) as Widened<T>;
  }

  /** A flag's value with the reason for it. */
  detail<T>(key: string, context: GivenContext, defaultValue: T): EvaluationDetail<Widened<T>> {
    // The value was checked against the default value's type.
    return withDefault(this.#answer(asks.detail, key, context, defaultValue), defaultValue) as EvaluationDetail<
      Widened<T>
    >;
  }

  /** A flag's value of whatever type, for callers that look at it themselves. */
  anyValue(key: string, context: GivenContext, defaultValue: unknown): unknown {
    const detail = this.#answer(asks.anyValue, key, context, defaultValue);
    return detail.variation === undefined ? defaultValue : detail.value;
  }

  /** A flag's value of whatever type, with the reason for it. */
  anyDetail(key: string, context: GivenContext, defaultValue: unknown): EvaluationDetail {
    return withDefault(this.#answer(asks.anyDetail, key, context, defaultValue), defaultValue);
  }

  /** @internal What a flag serves, for helpers that look at the variation; it is undefined where there is none. */
  servedDetail(key: string, context: GivenContext): EvaluationDetail {
    return this.#answer(asks.served, key, context, undefined);
  }

  /** @internal What a flag serves in given surroundings. Nothing of it is reported: this is for what is asked once. */
  detailWithin(key: string, { context, ambient }: Surroundings): EvaluationDetail {
    try {
      const compiled = this.#data.store.ruleset.findCompiled(key);
      if (compiled === undefined) return flagNotFound;
      return evaluate(compiled, createEvaluation({ context, ambient, bigSegments: this.#bigSegments })).detail;
    } catch (error) {
      return this.#fail(key, error);
    }
  }

  /** @internal Whether somebody wants to know of each operation of a migration. */
  get reportsMigrations(): boolean {
    return this.#options.events?.migrationOperations === true;
  }

  /** @internal Reports an operation, of whoever it is for; of nobody nothing is reported. */
  recordMigration(record: MigrationRecord, given: GivenContext): void {
    const { context } = this.#see(given);
    if (context !== undefined && context !== 'invalid') this.#events?.recordMigration(record, context);
  }

  /** Every flag's value for one context. Nothing of it is reported. */
  allFlags(given: GivenContext, options: FlagsStateOptions = {}): FlagsState {
    const now = this.#platform.clock.now();
    const { context, ambient } = this.#see(given);
    if (!this.#data.store.hasData || context === 'invalid') {
      return createFlagsState([], options, { valid: false, now });
    }
    const { ruleset } = this.#data.store;
    const entries: EvaluatedEntry[] = [];
    for (const flag of ruleset.flags()) {
      const { key } = flag;
      const compiled = ruleset.findCompiled(key);
      if (compiled === undefined || (options.clientSideOnly === true && !isForClientSide(flag))) continue;
      const prerequisites: string[] = [];
      const evaluation = createEvaluation<Tally>({
        context,
        ambient,
        bigSegments: this.#bigSegments,
        onPrerequisite: (prerequisite, _, dependent) => {
          if (dependent.key === key) prerequisites.push(prerequisite.flag.key);
        },
      });
      entries.push({ flag: compiled.flag, outcome: evaluate(compiled, evaluation), prerequisites });
    }
    return createFlagsState(entries, options, { valid: true, now });
  }

  /** Reports that something happened to a context; `metricValue` for measurements. */
  track(key: string, given: GivenContext, data?: unknown, metricValue?: number): void {
    const { context } = this.#see(given);
    if (context === undefined || context === 'invalid') {
      this.#options.log.warn(`track ${key}: ${findContextProblem(given)}`);
      return;
    }
    this.#events?.track(key, context, data, metricValue);
    if (this.#hooks !== undefined)
      runTrackHooks(this.#hooks, { key, context: given, data, metricValue }, this.#options.log);
  }

  /** Reports who a context is. */
  identify(given: GivenContext): void {
    const { context } = this.#see(given);
    if (context === undefined || context === 'invalid')
      this.#options.log.warn(`identify: ${findContextProblem(given)}`);
    else this.#events?.identify(context);
  }

  /** Sends what was counted and collected; resolves when it was sent, or given up. */
  async flush(): Promise<void> {
    await Promise.all([this.#events?.flush(), this.#options.telemetry?.flush()]);
  }

  /** Calls back with the keys of flags whose results may be different, or only for one flag; returns how to stop. */
  onChange(listener: (keys: readonly string[]) => void): () => void;
  onChange(key: string, listener: () => void): () => void;
  onChange(first: string | ((keys: readonly string[]) => void), listener: () => void = () => undefined): () => void {
    if (typeof first === 'function') return this.#data.onChange(first);
    return this.#data.onChange((keys) => {
      if (keys.includes(first)) listener();
    });
  }

  /** Calls back whenever the status is another; returns how to stop. */
  onStatus(listener: (status: Status) => void): () => void {
    return this.#data.onStatus(listener);
  }

  /**
   * Loads what the flag needs to know of the context from the store of big segments, so that the evaluations that
   * follow have it. Only flags that use big segments need this.
   */
  async prepare(key: string, given: GivenContext): Promise<void> {
    const { context, ambient } = this.#see(given);
    if (context === undefined || context === 'invalid') return;
    await this.#bigSegments?.prepare((bigSegments) => {
      const compiled = this.#data.store.ruleset.findCompiled(key);
      if (compiled === undefined) return;
      evaluate(compiled, createEvaluation<Tally>({ context, ambient, bigSegments }));
    });
  }

  /** Undefined when there is no store of big segments. */
  async bigSegmentStatus(): Promise<BigSegmentStatus | undefined> {
    return this.#bigSegments?.readStatus();
  }

  /** The proof that a browser may ask for this context's flags (secure mode). */
  secureModeHash(given: GivenContext): string {
    const { context } = this.#see(given);
    if (context === undefined || context === 'invalid') return '';
    return this.#platform.hash.hmacSha256Hex(this.#options.sdkKey, canonicalKey(context));
  }

  /** Sends what is left, closes connections, and stores the last payload. */
  async close(): Promise<void> {
    this.#bigSegments?.close();
    // Events and the goodbye may need the connection that brings data.
    await Promise.all([this.#events?.close(), this.#options.telemetry?.close()]);
    await this.#options.reporter?.close();
    await this.#data.close();
  }

  /** The result's variation is undefined when the default value is to be served. */
  #answer(ask: Ask, key: string, context: GivenContext, defaultValue: unknown): Detail {
    return this.#hooks === undefined
      ? this.#evaluate(ask, key, context, defaultValue)
      : this.#evaluateWithHooks(this.#hooks, ask, { flagKey: key, context, defaultValue, method: ask.method });
  }

  /** Evaluates and reports. */
  #evaluate(ask: Ask, key: string, given: GivenContext, defaultValue: unknown): Detail {
    try {
      let around = this.#surroundings.widest;
      if (this.#surroundings.hasNarrower) {
        around = this.#surroundings.find();
        this.#evaluation.ambient = around.ambient;
      }
      const context = given === undefined ? around.context : readContext(given);
      if (context === 'invalid') return noContext;
      return this.#evaluateFor(ask, key, context, defaultValue);
    } catch (error) {
      return this.#fail(key, error);
    }
  }

  #fail(key: string, error: unknown): Detail {
    this.#options.log.error(`evaluating ${key} failed: ${error instanceof Error ? error.message : String(error)}`);
    return failed;
  }

  /** Whom a call is about, and what is around it. */
  #see(given: GivenContext): {
    readonly context: Context | undefined | 'invalid';
    readonly ambient: readonly Context[];
  } {
    const { context, ambient } = this.#surroundings.find();
    return { context: given === undefined ? context : readContext(given), ambient };
  }

  #evaluateWithHooks(hooks: readonly Hook[], ask: Ask, series: EvaluationSeries): Detail {
    const { flagKey, context, defaultValue } = series;
    return runWithHooks(hooks, series, this.#options.log, () =>
      withDefault(this.#evaluate(ask, flagKey, context, defaultValue), defaultValue),
    );
  }

  #evaluateFor(ask: Ask, key: string, context: Context | undefined, defaultValue: unknown): Detail {
    const { store } = this.#data;
    if (!store.hasData) return notReady;
    // Whom the events that follow are about is reported before them.
    if (context !== undefined) this.#events?.noteContext(context);
    const compiled = store.ruleset.findCompiled(key);
    if (compiled === undefined) {
      this.#events?.countUnknownFlag(key, context, defaultValue);
      return flagNotFound;
    }
    this.#withReason = ask.withReason;
    const evaluation = this.#evaluation;
    evaluation.context = context;
    const outcome = evaluate(compiled, evaluation);
    const { detail } = outcome;
    const fits = detail.variation === undefined || !ask.isTyped || isOfType(detail.value, defaultValue);
    if (this.#events !== undefined) {
      const variation = fits ? detail.variation : undefined;
      if (compiled.tally.isPlain && !outcome.isExperiment) compiled.tally.count(variation, context, defaultValue);
      else this.#record(compiled, outcome, context, { defaultValue, fits });
    }
    return fits ? detail : wrongType(compiled.flag);
  }

  #record(
    { flag, tally }: EvaluatedFlag<Tally>,
    outcome: Outcome,
    context: Context | undefined,
    { defaultValue, fits }: { readonly defaultValue: unknown; readonly fits: boolean },
  ): void {
    if (context === undefined) {
      if (flag.excludeFromSummaries !== true)
        tally.count(fits ? outcome.detail.variation : undefined, context, defaultValue);
      return;
    }
    const { value, variation, reason } = fits ? outcome.detail : wrongType(flag);
    this.#events?.recordEvaluation(tally, context, {
      outcome,
      variation,
      value: variation === undefined ? defaultValue : value,
      defaultValue,
      reason,
      withReason: this.#withReason,
    });
  }

  #recordPrerequisite({ flag, tally }: EvaluatedFlag<Tally>, outcome: Outcome, dependent: Flag): void {
    const { context } = this.#evaluation;
    const { value, variation, reason } = outcome.detail;
    if (context === undefined || (tally.isPlain && !outcome.isExperiment)) {
      if (flag.excludeFromSummaries !== true) tally.count(variation, context, null);
      return;
    }
    this.#events?.recordEvaluation(tally, context, {
      outcome,
      variation,
      value: value ?? null,
      defaultValue: null,
      reason,
      withReason: this.#withReason,
      prerequisiteOf: dependent.key,
    });
  }
}

/** Whether waiting for current flags has come to an end. */
function isSettled({ state }: Status): boolean {
  return state === 'live' || state === 'stopped';
}

/** The context to evaluate for; undefined: only the surroundings. Allocates nothing for contexts of today's form. */
function readContext(given: GivenContext): Context | undefined | 'invalid' {
  if (given === undefined) return undefined;
  if (typeof given !== 'object' || given === null) return 'invalid';
  if (given.kind === undefined) return readLegacyUser(given);
  return findContextProblem(given) === undefined ? given : 'invalid';
}

function readLegacyUser(given: LegacyUser): Context | 'invalid' {
  try {
    return fromLegacyUser(given) ?? 'invalid';
  } catch {
    // Such as private attribute names that are not a list of strings.
    return 'invalid';
  }
}

function isForClientSide({ clientSideAvailability, clientSide }: Flag): boolean {
  return clientSideAvailability?.usingEnvironmentId ?? clientSide === true;
}

/** Null and undefined promise nothing about the type. Comparing with a constant is cheaper than comparing two types. */
function isOfType(value: unknown, defaultValue: unknown): boolean {
  if (typeof defaultValue === 'boolean') return typeof value === 'boolean';
  if (typeof defaultValue === 'string') return typeof value === 'string';
  return defaultValue === undefined || defaultValue === null || typeof value === typeof defaultValue;
}

function wrongType({ version }: Flag): Detail {
  return { ...errorDetail('WRONG_TYPE'), version };
}

function withDefault(detail: Detail, defaultValue: unknown): Detail {
  return detail.variation === undefined ? Object.freeze({ ...detail, value: defaultValue }) : detail;
}
