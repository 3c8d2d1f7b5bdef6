import type { Side } from '@sluice/engine';
import type { BackfillClaim, BackfillFinding, BackfillLease } from '@sluice/protocol';
import type { Log, Platform } from '@sluice/sdk-common';
import { SluiceError } from '../../errors.ts';
import type { Limits } from '../../valves/limits.ts';
import { type CompareOptions, createCompare, createTextOf } from '../compare.ts';
import type { ScannedStore, Store, WriteOptions } from '../store.ts';
import { callStore } from '../store-call.ts';
import { type BackfillStores, scanAll } from './access.ts';
import { type BackfillOptions, checkBackfill, findScan, type ProposeEnds, readRate } from './backfill-options.ts';
import type { BackfillServer } from './backfill-server.ts';
import { attempt, copyRange } from './copy-range.ts';
import { HeldRange } from './held-range.ts';
import { Pace } from './pace.ts';
import { type BackfillProgress, Tracker } from './progress.ts';
import { sleep } from './sleep.ts';
import { createHashRow } from './sum.ts';
import { verifyRange } from './verify-range.ts';

export interface BackfillHost {
  /** Undefined: the client has none, as with test data. */
  readonly server: BackfillServer | undefined;
  /** Names this process to people. */
  readonly name: string;
  readonly limits: Limits;
  readonly platform: Pick<Platform, 'clock' | 'hash'>;
  readonly log: Log;
}

export interface BackfillSettings<T> {
  /** Of the migration. */
  readonly key: string;
  readonly stores: Readonly<Record<Side, Store<T>>>;
  readonly compare: CompareOptions;
}

/** What this process did, and how far all are. */
export interface BackfillResult extends Omit<BackfillProgress, 'etaMs' | 'reason' | 'rowsPerSecond'> {
  /**
   * Whether both stores have the same in every range, as far as they were looked at: of a new store that cannot be
   * scanned, what the old one has.
   */
  readonly isVerified: boolean;
  /**
   * Records in which the stores differ, and why they cannot be repaired; of each range the first hundred. With
   * `compare.redact: true` their keys are the SHA-256 of these. Keys at which ranges begin and end the server knows all
   * the same.
   */
  readonly reported: readonly BackfillFinding[];
  readonly durationMs: number;
}

const callMs = { scan: 60_000, row: 5000 };
/** A page is tried so often, each time after a longer while. */
const mostAttempts = 5;
const firstRetryMs = 200;
const recheckMs = 500;

/**
 * Brings the records that were there before to the new store, while the application goes on writing to both. What is
 * there with the same version or a higher one stays; afterwards both sides are compared, range by range. How far it is
 * the server knows: any process may take part, and go on with what another left.
 */
export class Backfill<T> {
  readonly #settings: BackfillSettings<T>;
  readonly #host: BackfillHost;
  readonly #closing = new AbortController();
  #isRunning = false;

  constructor(settings: BackfillSettings<T>, host: BackfillHost) {
    this.#settings = settings;
    this.#host = host;
  }

  /**
   * Takes part until all ranges are copied and verified, whoever does it. The old store must have a `scan`; in a new one
   * that has none, what only it has is not found. Rejects with the signal's reason when that
   * aborts, and with a SluiceError when the server refuses (records are in `off`) or it or a store does not work: what is
   * done is done, and whoever runs it next goes on from there.
   */
  async run(options: BackfillOptions = {}): Promise<BackfillResult> {
    checkBackfill(this.#settings.key, options, this.#settings.stores);
    const { server } = this.#host;
    if (server === undefined) throw this.#fail('it needs a server, which a client with test data or a file lacks');
    if (this.#isRunning) throw this.#fail('it runs in this process already');
    this.#isRunning = true;
    const run = new Run<T>(this.#settings, options, { ...this.#host, server }, this.#closing.signal);
    try {
      return await run.run();
    } finally {
      this.#isRunning = false;
    }
  }

  /** Whoever runs it is told, and leaves its ranges to others. */
  close(): void {
    this.#closing.abort(this.#fail('the client was closed'));
  }

  #fail(problem: string): SluiceError {
    return new SluiceError('backfill', `migration ${this.#settings.key}: backfill: ${problem}`);
  }
}

type RunHost = BackfillHost & { readonly server: BackfillServer };

/** One call of `run`. */
class Run<T> {
  readonly #settings: BackfillSettings<T>;
  readonly #options: BackfillOptions;
  readonly #host: RunHost;
  readonly #ending = new AbortController();
  readonly #signal: AbortSignal;
  readonly #pace: Pace;
  readonly #tracker: Tracker;
  readonly #stores: BackfillStores<T>;
  readonly #held = new Set<HeldRange>();
  readonly #reported: BackfillFinding[] = [];
  /** Positions of ranges that this process has verified in vain. */
  readonly #dirty = new Set<number>();
  #repaired = 0;
  #proposal: Promise<void> | undefined;
  #search: Promise<void> | undefined;
  #waitsFor: string | undefined;

  constructor(settings: BackfillSettings<T>, options: BackfillOptions, host: RunHost, closing: AbortSignal) {
    this.#settings = settings;
    this.#options = options;
    this.#host = host;
    this.#signal = AbortSignal.any([this.#ending.signal, closing, ...(options.signal ? [options.signal] : [])]);
    const { clock } = host.platform;
    const { rate = 1000, targetP99Ms = 100 } = options;
    this.#pace = new Pace({ rate: () => readRate(rate), share: () => this.#findShare(), targetP99Ms, clock });
    this.#stores = this.#openStores();
    this.#tracker = new Tracker({
      clock,
      rangeRows: options.rangeRows ?? defaults.rangeRows,
      onProgress: options.onProgress,
      find: () => ({ own: this.#held.size, reason: this.#waitsFor ?? this.#pace.reason, repaired: this.#repaired }),
      log: host.log,
    });
  }

  async run(): Promise<BackfillResult> {
    const { clock } = this.#host.platform;
    const startedAt = clock.elapsed();
    if (this.#stores.lookUp !== undefined)
      this.#host.log.info(
        `migration ${this.#settings.key}: backfill: the new store has no scan: each row of the old one is looked up there, and what only the new one has is not found`,
      );
    this.#tracker.start();
    try {
      const workers = Array.from({ length: this.#options.workers ?? defaults.workers }, async () => {
        try {
          await this.#work();
        } catch (error) {
          // The others stop too.
          this.#ending.abort(error);
          throw error;
        }
      });
      await Promise.allSettled(workers);
      await Promise.all(workers);
    } finally {
      this.#tracker.close();
    }
    const { etaMs: _, reason: __, rowsPerSecond: ___, ...progress } = this.#tracker.find();
    const { ranges, verified } = progress;
    const isVerified = ranges > 0 && verified === ranges;
    return { ...progress, isVerified, reported: this.#reported, durationMs: clock.elapsed() - startedAt };
  }

  async #work(): Promise<void> {
    const { server, name } = this.#host;
    for (;;) {
      const claim: BackfillClaim = await server.claim(name, [...this.#dirty], this.#signal);
      switch (claim.kind) {
        case 'range':
          this.#waitsFor = undefined;
          this.#tracker.see(claim.standing);
          await this.#fill(claim.lease);
          break;
        case 'propose':
          this.#proposal ??= this.#propose();
          await this.#proposal;
          break;
        case 'wait':
          if (this.#held.size === 0) this.#waitsFor = claim.reason;
          await sleep(this.#host.platform.clock, claim.retryMs, this.#signal);
          break;
        case 'finished':
          this.#tracker.see(claim.standing);
          return;
      }
    }
  }

  async #propose(): Promise<void> {
    const { source = this.#findEnds, rangeRows = defaults.rangeRows } = this.#options;
    await this.#findRecords();
    this.#waitsFor = 'looking where ranges end';
    const ends = await source({ rangeRows, signal: this.#signal });
    await this.#host.server.propose(ends, this.#signal);
    // Whoever finds that they are gone makes others.
    this.#proposal = undefined;
  }

  /** Once, before anything is scanned. */
  #findRecords(): Promise<void> {
    this.#search ??= this.#searchStores();
    return this.#search;
  }

  async #searchStores(): Promise<void> {
    const retry = (...failed: [number, unknown, boolean]) => this.#retry(...failed, this.#signal);
    for (const side of ['old', 'new'] as const) {
      // Not every store has it.
      const store: Partial<ScannedStore<T>> = this.#settings.stores[side];
      let from: string | undefined;
      while (store.findRecords !== undefined) {
        this.#waitsFor = `looking for what other programs put into the ${side} store`;
        from = await attempt({ retry }, () =>
          this.#ask(`search of the ${side} store`, callMs.scan, async ({ signal }) =>
            store.findRecords?.({ from, signal }),
          ),
        );
        if (from === undefined) break;
      }
    }
    this.#waitsFor = undefined;
  }

  readonly #findEnds: ProposeEnds = async ({ rangeRows }) => {
    const ends: string[] = [];
    let rows = 0;
    const everything = { after: undefined, upTo: undefined };
    const stores = {
      scan: (...asked: Parameters<BackfillStores<T>['scan']>) =>
        attempt({ retry: (...failed) => this.#retry(...failed, this.#signal) }, () => this.#stores.scan(...asked)),
    };
    for await (const { key } of scanAll(stores, 'old', everything, Math.min(rangeRows, 1000)))
      if (++rows % rangeRows === 0) ends.push(key);
    return ends;
  };

  async #fill(lease: BackfillLease): Promise<void> {
    const held = new HeldRange(lease, {
      server: this.#host.server,
      clock: this.#host.platform.clock,
      signal: this.#signal,
      pace: () => this.#describePace(),
      onStanding: (standing) => this.#tracker.see(standing),
    });
    this.#held.add(held);
    this.#tracker.begin(lease.position, lease.tally);
    try {
      await this.#findRecords();
      await this.#copy(held);
      await this.#verify(held);
    } catch (error) {
      // Another worker goes on with it, so this one takes the next.
      if (held.isLost && !this.#signal.aborted) return;
      await held.release();
      throw error;
    } finally {
      held.end();
      this.#held.delete(held);
    }
  }

  async #copy(held: HeldRange): Promise<void> {
    const { lease, signal } = held;
    if (lease.isCopied) return;
    const { pageRows = defaults.pageRows } = this.#options;
    const tally = await copyRange<T>(lease, {
      stores: this.#stores,
      pageRows,
      take: () => this.#pace.take(signal),
      onRow: () => this.#tracker.countRow(),
      save: async (cursor, sofar) => {
        await held.save(cursor, sofar);
        this.#tracker.countPage(lease.position, sofar);
      },
      retry: (attempt, error, isHopeless) => this.#retry(attempt, error, isHopeless, signal),
    });
    this.#tracker.countPage(lease.position, tally);
    await held.save(lease.upTo, tally, true);
  }

  async #verify(held: HeldRange): Promise<void> {
    const { lease, signal } = held;
    const { clock, hash } = this.#host.platform;
    const { compare } = this.#settings;
    const [textOf, differ] = [createTextOf(compare), createCompare(compare)];
    for (let attempts = 0; ; attempts++) {
      try {
        const verification = await verifyRange<T>(
          { after: lease.after, upTo: lease.upTo },
          {
            stores: this.#stores,
            pageRows: this.#options.pageRows ?? defaults.pageRows,
            hashRow: createHashRow<T>(hash, (value) => textOf(value, clock.now())),
            describeDifference: (old, next) => {
              const { differences } = differ(old, next, clock.now());
              return [...new Set(differences.map(({ path }) => path || 'all of it'))].join(', ');
            },
            nameRow: (record) => (compare.redact === true ? hash.sha256Base64(record) : record),
            startedAt: clock.now(),
            recheck: () => sleep(clock, recheckMs, signal),
          },
        );
        signal.throwIfAborted();
        const state = await held.finish(verification);
        if (state === undefined) return;
        this.#repaired += verification.repaired;
        if (state === 'dirty') this.#dirty.add(lease.position);
        this.#reported.push(...verification.reported);
        return;
      } catch (error) {
        if (!(await this.#retry(attempts, error, true, signal))) throw error;
      }
    }
  }

  /** Whether it is to be tried again; has waited then. */
  async #retry(attempt: number, error: unknown, isHopeless: boolean, signal: AbortSignal): Promise<boolean> {
    signal.throwIfAborted();
    if (error instanceof SluiceError && error.code === 'backfill') throw error;
    if (attempt + 1 >= mostAttempts) {
      if (!isHopeless) return false;
      const problem = `a store did not work, ${mostAttempts} times: ${String(error)}`;
      throw new SluiceError('backfill', `migration ${this.#settings.key}: backfill: ${problem}`, error);
    }
    // The server is told, and stores name records in their errors.
    this.#waitsFor = this.#settings.compare.redact === true ? 'a store does not work' : String(error);
    await sleep(this.#host.platform.clock, firstRetryMs * 4 ** attempt, signal);
    this.#waitsFor = undefined;
    return true;
  }

  /** Of all workers, how many are here; what the server knows of these may be a page old. */
  #findShare(): number {
    return this.#held.size / Math.max(1, this.#held.size, this.#tracker.workers);
  }

  #describePace() {
    const { rowsPerSecond, reason } = this.#tracker.find();
    return { rowsPerSecond: rowsPerSecond / Math.max(1, this.#held.size), ...(reason !== undefined && { reason }) };
  }

  #openStores(): BackfillStores<T> {
    const { stores } = this.#settings;
    const { clock } = this.#host.platform;
    // `checkBackfill` saw that the old one can be scanned, and of the new one no page is asked for where it cannot.
    const scanned = stores as Readonly<Record<Side, ScannedStore<T>>>;
    const read: BackfillStores<T>['read'] = (side, record) =>
      this.#ask(`read of the ${side} store`, callMs.row, (options) => stores[side].read(record, options));
    const lookUp: BackfillStores<T>['lookUp'] = async (record) => {
      await this.#pace.take(this.#signal);
      return read('new', record);
    };
    return {
      scan: (side, range, limit) =>
        this.#ask(`scan of the ${side} store`, callMs.scan, ({ signal }) =>
          scanned[side].scan({ ...range, limit, signal }),
        ),
      lookUp: findScan(stores.new) === undefined ? lookUp : undefined,
      read,
      put: async ({ key: record, value, version }) => {
        const startedAt = clock.elapsed();
        const put = (options: WriteOptions) =>
          value === undefined ? stores.new.remove(record, options) : stores.new.write(record, value, options);
        try {
          const applied = await this.#ask('write of the new store', callMs.row, put, version);
          this.#pace.note(clock.elapsed() - startedAt, true);
          return applied;
        } catch (error) {
          if (!this.#signal.aborted) this.#pace.note(clock.elapsed() - startedAt, false);
          throw error;
        }
      },
    };
  }

  async #ask<R>(name: string, withinMs: number, call: (options: WriteOptions) => Promise<R>, version = ''): Promise<R> {
    const { limits } = this.#host;
    const { key } = this.#settings;
    const how = { limits, withinMs, version, signal: this.#signal, name: `migration ${key}: backfill: ${name}` };
    const answer = await callStore(call, how).answer;
    if (answer.kind !== 'answered') throw answer.error;
    return answer.value;
  }
}

const defaults = { rangeRows: 5000, pageRows: 500, workers: 2 };
