import { AsyncLocalStorage } from 'node:async_hooks';
import { otherSide, type Side, type Stage, type StagePlan, stagePlans } from '@sluice/engine';
import { parseSelector } from '@sluice/protocol';
import type { EvaluationDetail, GivenContext, Log, Platform } from '@sluice/sdk-common';
import { SluiceError } from '../errors.ts';
import { isDefinite } from '../providers/not-accepted.ts';
import type { Limits } from '../valves/limits.ts';
import { Backfill, type BackfillHost } from './backfill/backfill.ts';
import { createCompare } from './compare.ts';
import { type ComparisonStatus, Comparisons } from './comparisons.ts';
import type { Lease } from './lease.ts';
import { type Budgets, budgetDefaults, type MigrationSettings, recheckDefaultMs } from './migration-options.ts';
import { guardObserve, type ObservedStoreCall, type ObserveMigration, type RecordPlace } from './observed.ts';
import { reconcile } from './reconcile.ts';
import { type Repair, type RepairStatus, Repairs, type RepairsOptions } from './repairs.ts';
import type { RunningVersions } from './running-versions.ts';
import { listServedStages, listUsedSides } from './served-stages.ts';
import type { Applied, Store, Stored, WriteOptions } from './store.ts';
import { type Answer, type Call, callStore, type Failure } from './store-call.ts';
import { type TrackedOperation, TrackedStage, type TrackedStageHost } from './tracked-stage.ts';
import type { VersionClock } from './version-clock.ts';

export interface ReadResult<T> {
  /** undefined: there is no such record, or it was removed. */
  readonly value: T | undefined;
  /** Which side answered. */
  readonly origin: Side;
  readonly stage: Stage;
  /** undefined: there never was such a record, as far as the store knows. */
  readonly version: string | undefined;
}

export interface WriteResult {
  /** The side whose acknowledgement counts. */
  readonly origin: Side;
  readonly stage: Stage;
  readonly version: string;
  /**
   * What became of it on the other side: `stale`: that has a later write already; `queued`: it will be repaired;
   * `pending`: it is still being written, or will be repaired; `skipped`: this stage writes only to one.
   */
  readonly other: Applied | 'queued' | 'pending' | 'skipped';
}

export interface UpdateResult<T> {
  readonly value: T | undefined;
  /** Nothing was written: the function gave undefined. */
  readonly write: WriteResult | undefined;
}

export interface MigrationStatus {
  readonly comparisons: ComparisonStatus;
  readonly repairs: RepairStatus;
  /**
   * Stores may differ in records that nobody keeps any more, also since before this process began: only comparing all of
   * them finds these. The server's check `repairs` fails as long as it is so; see `markClean`.
   */
  readonly isDirty: boolean;
  /** Writes to the other side that nobody waits for any more, and that have not ended. */
  readonly detached: number;
  /** Whether the server has confirmed lately that it waits for this process, so that the stages known here may be relied on. */
  readonly hasContact: boolean;
}

export interface OperationOptions {
  /** Aborts when the caller wants no answer any more; a write may take effect all the same, and is repaired then. */
  readonly signal?: AbortSignal;
}

/** What a migration has of its client. */
export interface MigrationHost extends TrackedStageHost {
  detail(key: string, context: GivenContext, defaultValue: string): EvaluationDetail<string>;
  /** The context with the record in it; undefined: whatever is around the caller. */
  addRecord(context: GivenContext, recordKey: string): GivenContext;
  /** Of the payload in force. */
  findSelector(): string | undefined;
  readonly versions: VersionClock;
  readonly running: RunningVersions;
  readonly lease: Pick<Lease, 'term' | 'isConfirmed' | 'hasBegun' | 'begin'>;
  readonly journal: RepairsOptions['journal'];
  /** The server is to know soon what there is to repair. */
  readonly repairsNews: () => void;
  readonly limits: Limits;
  readonly platform: Pick<Platform, 'clock' | 'random' | 'hash'>;
  readonly log: Log;
  /** Undefined: nobody wants to know. */
  readonly observe: ObserveMigration | undefined;
  readonly backfill: Pick<BackfillHost, 'server' | 'name'>;
}

/** What is done to one record, with the stage that it began in. */
interface Operation extends RecordPlace {
  readonly key: string;
  readonly tracked: TrackedStage;
  readonly plan: StagePlan;
  /** Of the environment, when its stage was asked for. */
  readonly environmentVersion: number | undefined;
  /** Of the lease, when its stage was asked for; undefined: it was not held. */
  readonly term: number | undefined;
  /** It is done within this one. */
  readonly outer: Operation | undefined;
  /** What runs on within it is done in a stage of its own: nobody waits for this one any more. */
  hasEnded: boolean;
}

/** `value` undefined: it is removed. */
interface Change<T> {
  readonly value: T | undefined;
}

/** What takes longer to write to the other side is given up and repaired. */
const detachedMs = 5000;
/**
 * So many writes of one migration may be on their way to the other side while nobody waits for them; as long as there are
 * as many, what is written is repaired later. Those that somebody waits for are as many as callers.
 */
const mostDetached = 256;
/** Of writes in `off` without contact it is told so often. */
const alarmPeriodMs = 60_000;
/** How long a repair waits for a store. */
const repairMs = 5000;
/** A write that finds a higher version takes a higher one still, so often. */
const mostVersions = 5;

/**
 * Records that move from one store to another while they are used. A flag says for each record in which stage it is:
 * who answers, whether both are written, whether what they have is compared. Reads never wait for the other side; what
 * was written to one side only is repaired.
 */
export class Migration<T, Id = string> {
  readonly key: string;
  /** Brings what was there before to the new store. */
  readonly backfill: Backfill<T>;
  readonly #host: MigrationHost;
  readonly #stores: Readonly<Record<Side, Store<T>>>;
  readonly #nameOf: (id: Id) => string;
  readonly #settings: MigrationSettings<T>;
  readonly #budgets: Budgets & typeof budgetDefaults;
  readonly #repairs: Repairs;
  readonly #comparisons: Comparisons<T>;
  readonly #observe: ObserveMigration | undefined;
  readonly #around = new AsyncLocalStorage<Operation>();
  readonly #told = new Set<string>();
  #detached = 0;
  /** Writes in `off` without contact since that was told. */
  #alone = 0;
  #quietUntil = Number.NEGATIVE_INFINITY;
  #selector: string | undefined;
  #environmentVersion: number | undefined;

  /** The options have been checked. */
  constructor(key: string, options: MigrationSettings<T>, nameOf: (id: Id) => string, host: MigrationHost) {
    this.key = key;
    this.#host = host;
    this.#stores = { old: options.old, new: options.new };
    this.#nameOf = nameOf;
    this.#settings = options;
    this.#budgets = { ...budgetDefaults, ...options.budgets };
    const { platform, log, journal } = host;
    this.#observe = host.observe && guardObserve(host.observe, key, log);
    const { clock, random, hash } = platform;
    this.#repairs = new Repairs({
      journal,
      repair: (name) => this.#repair(name),
      onNews: host.repairsNews,
      name: `migration ${key}`,
      clock,
      log,
    });
    const { sample = {}, recheckMs = recheckDefaultMs, onMismatch, ...compare } = options.compare ?? {};
    this.#comparisons = new Comparisons({
      migration: key,
      compare: createCompare(compare),
      sample,
      recheckMs,
      hidesKeys: compare.redact === true,
      onMismatch,
      read: (side, name, place, tracked) =>
        this.#ask((store, call) => store.read(name, call), {
          ...{ side, ...place, operation: 'read', role: 'other', withinMs: this.#budgets.compareMs, tracked },
        }),
      isUnderWay: (name) => this.#repairs.isUnderWay(name),
      observe: this.#observe,
      clock,
      random,
      hash,
      log,
    });
    this.backfill = new Backfill<T>(
      { key, stores: this.#stores, compare },
      { ...host.backfill, limits: host.limits, platform, log },
    );
    void this.#repairs.start();
  }

  /** Rejects with what the store failed with. Comparing comes after the answer, and delays nothing. */
  read(id: Id, context?: GivenContext, options: OperationOptions = {}): Promise<ReadResult<T>> {
    return this.#operate(id, context, async (operation) => {
      const { key, stage, cohort, plan, tracked } = operation;
      const read = { tracked: tracked.begin('read'), signal: options.signal };
      const answer = await this.#readFrom(plan.authority, operation, read);
      if (answer.kind === 'answered') {
        const place = { stage, cohort };
        if (plan.compares) this.#comparisons.offer({ key, place, side: plan.authority, ...read }, answer.value);
        else read.tracked.end();
        return toResult(answer.value, plan.authority, stage);
      }
      const other = answer.kind === 'aborted' ? undefined : await this.#failOver(operation, read);
      read.tracked.end();
      if (other === undefined) throw answer.error;
      return other;
    });
  }

  /**
   * Rejects with what the store failed with whose acknowledgement counts; the other side was not touched then. Where it
   * failed so that it may have been written all the same, both sides are looked at later.
   */
  write(id: Id, value: T, context?: GivenContext, options: OperationOptions = {}): Promise<WriteResult> {
    return this.#operate(id, context, (operation) => this.#put(operation, { value }, options.signal));
  }

  /** As `write`. */
  remove(id: Id, context?: GivenContext, options: OperationOptions = {}): Promise<WriteResult> {
    return this.#operate(id, context, (operation) => this.#put(operation, { value: undefined }, options.signal));
  }

  /**
   * Reads the record, and writes what the function makes of it, in one stage: reads and writes of this record within the
   * function have that stage too. Undefined writes nothing. It holds no lock: of two at the same moment the later one
   * wins, and what the other one made is lost.
   */
  update(
    id: Id,
    change: (value: T | undefined) => T | undefined | Promise<T | undefined>,
    context?: GivenContext,
    options: OperationOptions = {},
  ): Promise<UpdateResult<T>> {
    return this.#operate(id, context, async (operation) => {
      const tracked = operation.tracked.begin('read');
      const answer = await this.#readFrom(operation.plan.authority, operation, { tracked, signal: options.signal });
      tracked.end();
      if (answer.kind !== 'answered') throw answer.error;
      const stored = answer.value;
      if (stored !== undefined) this.#host.versions.see(stored.version);
      const value = await this.#around.run(operation, () => change(stored?.value));
      if (value === undefined) return { value: stored?.value, write: undefined };
      return { value, write: await this.#put(operation, { value }, options.signal) };
    });
  }

  /** The stage that the record is in, as this process knows it. */
  stage(id: Id, context?: GivenContext): Stage {
    return this.#evaluate(this.#nameOf(id), context).stage;
  }

  /** Whether `status` tells of all records that are to be repaired: the journal has been read. */
  get knowsRepairs(): boolean {
    return this.#repairs.isReady;
  }

  status(): MigrationStatus {
    const repairs = this.#repairs.status;
    return {
      comparisons: this.#comparisons.status,
      repairs,
      isDirty: this.#repairs.isDirty,
      detached: this.#detached,
      hasContact: this.#host.lease.term !== undefined,
    };
  }

  /**
   * Says that all records of both stores were compared since they may have come to differ, as a new backfill does, and
   * are equal: from now on it is not dirty, nor is whoever takes its journal up. Other processes that are dirty, also
   * those that share its folder, say so until they are told the same. Rejects when the folder cannot be written.
   */
  markClean(): Promise<void> {
    return this.#repairs.markClean();
  }

  /** Stops comparing and repairing; what is left to repair the next process takes up. */
  async close(): Promise<void> {
    this.backfill.close();
    this.#comparisons.close();
    await this.#repairs.close();
  }

  async #operate<R>(id: Id, context: GivenContext, work: (operation: Operation) => Promise<R>): Promise<R> {
    if (this.#settings.strict === true && !this.#host.lease.hasBegun) await this.#begun();
    const key = this.#nameOf(id);
    const around = this.#findAround(key);
    const operation = around ?? this.#begin(key, context);
    const { running } = this.#host;
    running.begin(operation.environmentVersion);
    try {
      return await work(operation);
    } finally {
      if (around === undefined) operation.hasEnded = true;
      running.end(operation.environmentVersion);
    }
  }

  /** What is there may be as old as its disk, or as an edge that has nothing above it. */
  async #begun(): Promise<void> {
    const { lease } = this.#host;
    if (!lease.isConfirmed)
      throw this.#createError('lease', 'it is strict, and no payload was confirmed to be current yet: await ready()');
    if (await lease.begin()) return;
    throw this.#createError(
      'lease',
      'it is strict, and the server has not confirmed yet that it knows of this process: an edge before it may have lost the server, or it and the edges may be of an older release',
    );
  }

  /** What is done to the record already, and this is a part of. */
  #findAround(key: string): Operation | undefined {
    let around = this.#around.getStore();
    while (around !== undefined && (around.key !== key || around.hasEnded)) around = around.outer;
    return around;
  }

  #begin(key: string, context: GivenContext): Operation {
    const outer = this.#around.getStore();
    const tracked = this.#evaluate(key, context);
    const { stage, cohort } = tracked;
    const environmentVersion = this.#findEnvironmentVersion();
    const term = stage === 'off' ? this.#host.lease.term : undefined;
    return { key, stage, cohort, tracked, plan: stagePlans[stage], environmentVersion, term, outer, hasEnded: false };
  }

  #evaluate(record: string, given: GivenContext): TrackedStage {
    const { key } = this;
    const { default: defaultStage = 'off' } = this.#settings;
    const context = this.#host.addRecord(given, record);
    const detail = this.#host.detail(key, context, defaultStage);
    const tracked = new TrackedStage({ key, context, detail, defaultStage }, this.#host);
    const { refused } = tracked;
    if (refused !== undefined)
      this.#tellOnce(`its flag serves "${String(refused)}", which is no stage; ${defaultStage} is in its place`);
    return tracked;
  }

  #findEnvironmentVersion(): number | undefined {
    const selector = this.#host.findSelector();
    if (selector !== this.#selector) {
      this.#selector = selector;
      this.#environmentVersion = parseSelector(selector)?.version;
    }
    return this.#environmentVersion;
  }

  /** `tracked` undefined: the read is part of a write. */
  #readFrom(
    side: Side,
    { key, stage, cohort, plan }: Operation,
    how: { readonly tracked?: TrackedOperation; readonly signal: AbortSignal | undefined },
  ): Promise<Answer<Stored<T> | undefined>> {
    const role = side === plan.authority ? 'authority' : 'other';
    const asked = { side, stage, cohort, operation: 'read', role, withinMs: this.#budgets.answerMs, ...how } as const;
    return this.#ask((store, call) => store.read(key, call), asked).answer;
  }

  /** undefined: it may not, or the other side has no answer either. */
  async #failOver(
    operation: Operation,
    how: { readonly tracked: TrackedOperation; readonly signal: AbortSignal | undefined },
  ): Promise<ReadResult<T> | undefined> {
    const { key, stage, plan } = operation;
    // The old side has all that was ever written; what the new one lacks before `live` nobody knows here.
    const mayAnswer = plan.writesBoth && plan.authority === 'new';
    if (this.#settings.failover !== true || !mayAnswer || !this.#repairs.isSettled(key)) return undefined;
    const side = otherSide(plan.authority);
    const answer = await this.#readFrom(side, operation, how);
    // Nothing is no proof that there is nothing. A write may have begun meanwhile.
    if (answer.kind !== 'answered' || answer.value === undefined || !this.#repairs.isSettled(key)) return undefined;
    return toResult(answer.value, side, stage);
  }

  async #put(operation: Operation, change: Change<T>, signal?: AbortSignal): Promise<WriteResult> {
    signal?.throwIfAborted();
    const { key, stage, plan } = operation;
    const origin = plan.authority;
    if (stage === 'off') this.#checkLease(operation);
    const write = { tracked: operation.tracked.begin('write'), signal };
    if (!plan.writesBoth) {
      try {
        const version = await this.#writeToAuthority(operation, change, write);
        if (stage === 'off') this.#checkLeaseAfter(operation);
        return { origin, stage, version, other: 'skipped' };
      } finally {
        write.tracked.end();
      }
    }
    await this.#repairs.hold(key);
    let version: string;
    try {
      signal?.throwIfAborted();
      version = await this.#writeToAuthority(operation, change, write);
    } catch (error) {
      write.tracked.end();
      this.#repairs.release(key);
      throw error;
    }
    return { origin, stage, version, other: await this.#writeToOther(operation, change, { ...write, version }) };
  }

  /** Returns the version that the record has now. */
  async #writeToAuthority(
    operation: Operation,
    change: Change<T>,
    { tracked, signal }: { readonly tracked: TrackedOperation; readonly signal: AbortSignal | undefined },
  ): Promise<string> {
    const { key, plan } = operation;
    const { versions } = this.#host;
    for (let tries = 0; tries < mostVersions; tries++) {
      const version = versions.next();
      const asked = { version, withinMs: this.#budgets.answerMs, signal, tracked };
      const call = this.#change(plan.authority, operation, change, asked);
      const answer = await call.answer;
      if (answer.kind !== 'answered') {
        this.#noteDoubt(operation, call, answer);
        throw answer.error;
      }
      if (answer.value === 'applied') return version;
      // Somebody whose clock is ahead was there before. That this comes later is to show in its version.
      const there = await this.#readFrom(plan.authority, operation, { signal });
      if (there.kind !== 'answered') throw there.error;
      if (there.value !== undefined) versions.see(there.value.version);
    }
    throw this.#createError(
      'stale',
      `record ${key} has a higher version than this process gives, ${mostVersions} times`,
    );
  }

  /**
   * The caller was told that its write failed, and it may take effect all the same. Where both sides are written they are
   * looked at now, and again once the store is through with it; until then the record stays in the journal. In every
   * stage it counts until then among what runs under its version of the environment, so that nobody passes a barrier
   * before it: in `off` and `complete`, where nobody repairs it, it would land where the record is read no more. A store
   * whose call never ends so keeps others waiting, until the process ends.
   */
  #noteDoubt({ key, plan, environmentVersion }: Operation, call: Call<Applied>, answer: Failure): void {
    const look = (): void => {
      if (plan.writesBoth) this.#repairs.queue(key, { mayArrive: true });
    };
    if (answer.kind === 'failed') {
      if (!isDefinite(answer.error)) look();
      return;
    }
    const { running } = this.#host;
    look();
    running.begin(environmentVersion);
    if (plan.writesBoth) void this.#repairs.hold(key);
    void call.settled.then(() => {
      look();
      if (plan.writesBoth) this.#repairs.release(key);
      running.end(environmentVersion);
    });
  }

  /** Keeps the other side up; whatever comes of it, the write is acknowledged. */
  async #writeToOther(
    operation: Operation,
    change: Change<T>,
    { version, tracked }: { readonly version: string; readonly tracked: TrackedOperation },
  ): Promise<WriteResult['other']> {
    const { key, plan, environmentVersion } = operation;
    const { running, limits } = this.#host;
    if (this.#detached >= mostDetached) {
      this.#repairs.queue(key);
      this.#repairs.release(key);
      tracked.end();
      return 'queued';
    }
    const how = { version, tracked, withinMs: detachedMs };
    const call = this.#change(otherSide(plan.authority), operation, change, how);
    running.begin(environmentVersion);
    const outcome = call.answer.then((answer) => {
      if (answer.kind !== 'answered') this.#repairs.queue(key, { mayArrive: answer.kind === 'late' });
      this.#repairs.release(key);
      running.end(environmentVersion);
      tracked.end();
      return answer.kind === 'answered' ? answer.value : 'queued';
    });
    return new Promise((resolve) => {
      const limit = limits.begin(this.#budgets.otherWriteMs);
      limit.onOver = () => {
        this.#detach(call);
        resolve('pending');
      };
      void outcome.then((other) => {
        // It may have been given up while it was waited for.
        if (other === 'queued' && !limit.isOver) this.#detach(call);
        limit.end();
        resolve(other);
      });
    });
  }

  /** What hangs keeps its place until it ends, so that memory does not grow. */
  #detach({ settled }: Call<Applied>): void {
    this.#detached++;
    void settled.then(() => this.#detached--);
  }

  #change(
    side: Side,
    { key, stage, cohort, plan }: Operation,
    { value }: Change<T>,
    options: {
      readonly version: string;
      readonly tracked: TrackedOperation;
      readonly withinMs: number | undefined;
      readonly signal?: AbortSignal | undefined;
    },
  ): Call<Applied> {
    const asked = { side, stage, cohort, role: side === plan.authority ? 'authority' : 'other', ...options } as const;
    return value === undefined
      ? this.#ask((store, call) => store.remove(key, call), { ...asked, operation: 'remove' })
      : this.#ask((store, call) => store.write(key, value, call), { ...asked, operation: 'write' });
  }

  #ask<R>(
    ask: (store: Store<T>, call: WriteOptions) => Promise<R>,
    asked: Pick<ObservedStoreCall, 'side' | 'stage' | 'cohort' | 'operation' | 'role'> & {
      readonly tracked?: TrackedOperation | undefined;
      readonly withinMs: number | undefined;
      readonly signal?: AbortSignal | undefined;
      readonly version?: string;
    },
  ): Call<R> {
    const { side, stage, cohort, operation, role, tracked, ...how } = asked;
    const { limits, platform } = this.#host;
    const name = `migration ${this.key}: ${operation} of the ${side} store`;
    const isMeasured = this.#observe !== undefined || tracked?.isReported === true;
    const startedAt = isMeasured ? platform.clock.elapsed() : 0;
    const called = callStore((call) => ask(this.#stores[side], call), { ...how, limits, name });
    if (isMeasured)
      void called.answer.then((answer) => {
        const outcome = answer.kind !== 'answered' ? answer.kind : answer.value === 'stale' ? 'stale' : 'ok';
        const durationMs = platform.clock.elapsed() - startedAt;
        tracked?.asked(side, { latencyMs: durationMs, hasFailed: answer.kind !== 'answered' });
        const place = { stage, cohort };
        this.#observe?.({ kind: 'call', migration: this.key, ...place, operation, side, role, outcome, durationMs });
      });
    return called;
  }

  #repair(key: string): Repair {
    const asked: Promise<unknown>[] = [];
    const done = this.#reconcile(key, (called) => asked.push(called.settled));
    const settled = done.catch(() => undefined).then(() => Promise.all(asked));
    return { done, settled };
  }

  async #reconcile(key: string, onCall: (called: Call<unknown>) => void): Promise<void> {
    const { limits, versions } = this.#host;
    const ask = async <R>(name: string, call: (options: WriteOptions) => Promise<R>, version = ''): Promise<R> => {
      const how = { limits, withinMs: repairMs, version, name: `migration ${this.key}: ${name}` };
      const called = callStore(call, how);
      onCall(called);
      const answer = await called.answer;
      if (answer.kind !== 'answered') throw answer.error;
      return answer.value;
    };
    const version = await reconcile<T>(
      {
        read: (side, name) => ask(`read of the ${side} store`, (call) => this.#stores[side].read(name, call)),
        put: (side, name, { value, version: has }) => {
          const store = this.#stores[side];
          if (value === undefined) return ask(`remove of the ${side} store`, (call) => store.remove(name, call), has);
          return ask(`write of the ${side} store`, (call) => store.write(name, value, call), has);
        },
      },
      key,
      this.#findUsedSides(),
    );
    if (version !== undefined) versions.see(version);
  }

  /** Undefined: as long as no flag says so that is known to be current, no side is given up. */
  #findUsedSides(): ReadonlySet<Side> | undefined {
    const flag = this.#host.findFlag(this.key);
    if (flag === undefined || !this.#host.lease.isConfirmed) return undefined;
    return listUsedSides(listServedStages(flag, this.#settings.default ?? 'off'));
  }

  /**
   * Writers in `off` are those that others may have to wait for: what they write, only the old store has. As long as this
   * process is known since the stage was asked for, they do.
   */
  #checkLease(operation: Operation): void {
    if (this.#isWaitedFor(operation)) return;
    if (this.#settings.strict === true)
      throw this.#createError(
        'lease',
        'it is strict, and contact with the server is lost: its stage may not be off any more',
      );
    void this.#raiseAlarm();
  }

  /** Whoever has just begun is given the time to become known. */
  async #raiseAlarm(): Promise<void> {
    const { lease, platform, log } = this.#host;
    this.#alone++;
    const now = platform.clock.elapsed();
    if (now < this.#quietUntil) return;
    this.#quietUntil = now + alarmPeriodMs;
    if (lease.isConfirmed && !lease.hasBegun && (await lease.begin())) {
      this.#alone = 0;
      this.#quietUntil = now;
      return;
    }
    const writes = this.#alone === 1 ? '1 write in stage off was' : `${this.#alone} writes in stage off were`;
    this.#alone = 0;
    log.error(
      `migration ${this.key}: ${writes} made without contact with the server: if the records have gone live meanwhile, the old store alone has them. \`strict: true\` refuses such writes`,
    );
  }

  /** A write that took so long is not acknowledged: others may have gone on without it. */
  #checkLeaseAfter(operation: Operation): void {
    if (this.#settings.strict !== true || this.#isWaitedFor(operation)) return;
    throw this.#createError(
      'lease',
      `it is strict, and contact with the server was lost while record ${operation.key} was written: the old store has it, and its stage may not be off any more; write it again once there is contact`,
    );
  }

  #isWaitedFor({ term }: Operation): boolean {
    return term !== undefined && term === this.#host.lease.term;
  }

  #tellOnce(problem: string): void {
    if (this.#told.has(problem)) return;
    this.#told.add(problem);
    this.#host.log.warn(`migration ${this.key}: ${problem}`);
  }

  #createError(code: 'lease' | 'stale', problem: string): SluiceError {
    return new SluiceError(code, `migration ${this.key}: ${problem}`);
  }
}

function toResult<T>(stored: Stored<T> | undefined, origin: Side, stage: Stage): ReadResult<T> {
  return { value: stored?.value, origin, stage, version: stored?.version };
}
