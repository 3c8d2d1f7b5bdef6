import type { Context, Flag, Outcome, Reason } from '@sluice/engine';
import type { Log, Platform } from '../platform.ts';
import { type PrivacyOptions, toEventContext } from './event-context.ts';
import type { EventSender } from './event-sender.ts';
import { isSampled } from './sampling.ts';
import { SeenContexts } from './seen-contexts.ts';
import { type FlagSummary, Tally } from './tally.ts';

export interface EventOptions extends PrivacyOptions {
  /** Events kept at most until they are sent; newer ones are dropped. Summaries are always kept. */
  readonly capacity: number;
  readonly flushPeriodMs: number;
  /** Contexts remembered as reported. */
  readonly contextCapacity: number;
  readonly contextPeriodMs: number;
  readonly omitAnonymousContexts: boolean;
  /** Whether each operation of a migration has an event. */
  readonly migrationOperations: boolean;
}

/** One evaluation as the client reports it. */
export interface EvaluationRecord {
  readonly outcome: Pick<Outcome, 'isExperiment'>;
  readonly variation: number | undefined;
  readonly value: unknown;
  readonly defaultValue: unknown;
  readonly reason: Reason;
  /** Somebody asked for the reason. */
  readonly withReason: boolean;
  /** Key of the flag whose prerequisite this is. */
  readonly prerequisiteOf?: string | undefined;
}

/** One read or write of a record that moves, as LaunchDarkly counts it. */
export interface MigrationRecord {
  readonly operation: 'read' | 'write';
  readonly evaluation: {
    readonly key: string;
    /** The stage that was used. */
    readonly value: string;
    readonly default: string;
    readonly reason: Reason;
    readonly variation?: number;
    readonly version?: number;
  };
  readonly measurements: readonly MigrationMeasurement[];
  /** By which it was sampled. */
  readonly samplingRatio: number;
}

export type MigrationMeasurement =
  | { readonly key: 'invoked' | 'error'; readonly values: Readonly<Record<string, true>> }
  | { readonly key: 'latency_ms'; readonly values: Readonly<Record<string, number>> }
  | { readonly key: 'consistent'; readonly value: boolean; readonly samplingRatio: number };

/** Flags that do not exist are summarised too, but no more than so many: their keys come from callers. */
const unknownFlagsKept = 1000;

/** Counts evaluations, collects events, and sends both now and then, in LaunchDarkly's format. */
export class EventProcessor {
  readonly #options: EventOptions;
  readonly #platform: Platform;
  readonly #sender: EventSender;
  readonly #log: Log;
  readonly #seen: SeenContexts;
  #tallies: Tally[] = [];
  readonly #unknown = new Map<string, Tally>();
  #events: unknown[] = [];
  #dropped = 0;
  #countingSince: number;
  #sending: Promise<void> = Promise.resolve();
  #cancelFlush = (): void => undefined;
  #cancelForget = (): void => undefined;

  constructor(options: EventOptions, sender: EventSender, platform: Platform, log: Log) {
    this.#options = options;
    this.#platform = platform;
    this.#sender = sender;
    this.#log = log;
    this.#seen = new SeenContexts(options.contextCapacity);
    this.#countingSince = platform.clock.now();
  }

  start(): void {
    const { flushPeriodMs, contextPeriodMs } = this.#options;
    this.#cancelFlush = this.#every(flushPeriodMs, () => void this.flush());
    this.#cancelForget = this.#every(contextPeriodMs, () => this.#seen.clear());
  }

  createTally(flag: Flag): Tally {
    return new Tally(flag, (tally) => this.#tallies.push(tally));
  }

  /** Reports the context the first time that it is seen. */
  noteContext(context: Context): void {
    if (this.#seen.add(context)) this.#addContext('index', context);
  }

  /** Reports an evaluation of a flag that wants more than to be counted. */
  recordEvaluation(tally: Tally, context: Context, record: EvaluationRecord): void {
    const { flag } = tally;
    if (flag.excludeFromSummaries !== true) tally.count(record.variation, context, record.defaultValue);
    const { outcome } = record;
    if ((flag.trackEvents === true || outcome.isExperiment) && isSampled(flag.samplingRatio, this.#platform.random)) {
      this.#addEvaluation('feature', flag, context, record);
    }
    const { debugEventsUntilDate: until } = flag;
    const now = this.#platform.clock.now();
    const isDebugged = typeof until === 'number' && until > now && until > this.#sender.serverTime;
    if (isDebugged && isSampled(flag.samplingRatio, this.#platform.random))
      this.#addEvaluation('debug', flag, context, record);
  }

  countUnknownFlag(key: string, context: Context | undefined, defaultValue: unknown): void {
    let tally = this.#unknown.get(key);
    if (tally === undefined) {
      if (this.#unknown.size >= unknownFlagsKept) return;
      // Kept beside the tallies of flags, so it is not listed among them.
      tally = new Tally({ key, version: 0 }, () => undefined);
      this.#unknown.set(key, tally);
    }
    tally.count(undefined, context, defaultValue);
  }

  identify(context: Context): void {
    this.#seen.add(context);
    this.#addContext('identify', context);
  }

  track(key: string, context: Context, data: unknown, metricValue: number | undefined): void {
    this.noteContext(context);
    const shown = toEventContext(context, this.#options, true);
    if (shown === undefined) return;
    this.#add({
      kind: 'custom',
      creationDate: this.#platform.clock.now(),
      key,
      context: shown,
      ...(data !== undefined && data !== null && { data }),
      ...(metricValue !== undefined && { metricValue }),
    });
  }

  recordMigration({ samplingRatio, ...record }: MigrationRecord, context: Context): void {
    const shown = toEventContext(context, this.#options, true);
    if (shown === undefined) return;
    this.#add({
      kind: 'migration_op',
      creationDate: this.#platform.clock.now(),
      context: shown,
      ...record,
      ...(samplingRatio !== 1 && { samplingRatio }),
    });
  }

  /** Sends what there is; resolves when it was sent, or given up. */
  flush(): Promise<void> {
    // One batch after the other: while the server is slow, events wait here, where the capacity bounds them.
    this.#sending = this.#sending.then(() => this.#sendAll());
    return this.#sending;
  }

  async #sendAll(): Promise<void> {
    const events = this.#take();
    if (events.length > 0 && !this.#sender.isRejected) await this.#sender.send(events);
  }

  async close(): Promise<void> {
    this.#cancelFlush();
    this.#cancelForget();
    await this.flush();
  }

  #take(): readonly unknown[] {
    const events = this.#events;
    this.#events = [];
    if (this.#dropped > 0)
      this.#log.warn(`${this.#dropped} events were dropped: the capacity is ${this.#options.capacity}`);
    this.#dropped = 0;
    const summary = this.#summarise();
    return summary === undefined ? events : [...events, summary];
  }

  #summarise(): unknown {
    const now = this.#platform.clock.now();
    const features: Record<string, FlagSummary> = Object.create(null);
    const listed = this.#tallies;
    this.#tallies = [];
    for (const tally of listed) addSummary(features, tally.flag.key, tally.take());
    for (const [key, tally] of this.#unknown) {
      const taken = tally.take();
      const counters = taken?.counters.map(({ value, count }) => ({ value, count, unknown: true as const })) ?? [];
      addSummary(features, key, taken && { ...taken, counters });
    }
    this.#unknown.clear();
    const startDate = this.#countingSince;
    this.#countingSince = now;
    return Object.keys(features).length === 0 ? undefined : { kind: 'summary', startDate, endDate: now, features };
  }

  #addEvaluation(kind: 'feature' | 'debug', flag: Flag, context: Context, record: EvaluationRecord): void {
    const { variation, value, defaultValue, reason, withReason, prerequisiteOf, outcome } = record;
    const shown = toEventContext(context, this.#options, kind === 'feature');
    if (shown === undefined) return;
    this.#add({
      kind,
      creationDate: this.#platform.clock.now(),
      key: flag.key,
      context: shown,
      value,
      default: defaultValue,
      version: flag.version,
      ...(variation !== undefined && { variation }),
      ...((withReason || outcome.isExperiment) && { reason }),
      ...(prerequisiteOf !== undefined && { prereqOf: prerequisiteOf }),
      ...((flag.samplingRatio ?? 1) !== 1 && { samplingRatio: flag.samplingRatio }),
    });
  }

  #addContext(kind: 'index' | 'identify', context: Context): void {
    const shown = toEventContext(
      this.#options.omitAnonymousContexts ? withoutAnonymous(context) : context,
      this.#options,
    );
    if (shown !== undefined) this.#add({ kind, creationDate: this.#platform.clock.now(), context: shown });
  }

  #add(event: unknown): void {
    if (this.#sender.isRejected) return;
    if (this.#events.length < this.#options.capacity) this.#events.push(event);
    else this.#dropped++;
  }

  #every(periodMs: number, callback: () => void): () => void {
    const { clock } = this.#platform;
    let cancel = clock.after(periodMs, run);
    function run(): void {
      cancel = clock.after(periodMs, run);
      callback();
    }
    return () => cancel();
  }
}

/** Versions of a flag that were evaluated one after the other share an entry. */
function addSummary(features: Record<string, FlagSummary>, key: string, summary: FlagSummary | undefined): void {
  if (summary === undefined) return;
  const earlier = features[key];
  features[key] =
    earlier === undefined
      ? summary
      : {
          default: earlier.default,
          contextKinds: [...new Set([...earlier.contextKinds, ...summary.contextKinds])],
          counters: [...earlier.counters, ...summary.counters],
        };
}

function withoutAnonymous(context: Context): Context {
  if (context.kind !== 'multi') return context.anonymous === true ? { kind: 'multi' } : context;
  // Every entry but `kind` is the attributes of one context.
  const parts = Object.entries(context).filter(([, part]) => (part as { anonymous?: unknown }).anonymous !== true);
  return Object.fromEntries(parts) as unknown as Context;
}
