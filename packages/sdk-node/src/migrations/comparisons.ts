import { otherSide, type Side, type Stage } from '@sluice/engine';
import type { Clock, Hashes, Log } from '@sluice/sdk-common';
import type { Compare, Comparison, Difference, IgnoreRule } from './compare.ts';
import { LagGuard } from './lag-guard.ts';
import type { ObservedComparison, RecordPlace } from './observed.ts';
import type { Stored } from './store.ts';
import type { Call } from './store-call.ts';
import type { TrackedOperation } from './tracked-stage.ts';

export interface Sample {
  /** Of records, always the same ones; from 0 to 1; 0.1 unless given. */
  readonly share?: number;
  /** Of all other reads, whichever they are; 0.01 unless given. */
  readonly random?: number;
}

/** What the two stores have of a record, and that is to be the same. */
export interface Mismatch {
  readonly migration: string;
  readonly key: string;
  readonly stage: Stage;
  /** Versions on both sides; undefined: there is nothing. */
  readonly versions: Readonly<Record<Side, string | undefined>>;
  readonly differences: readonly Difference[];
}

export interface ComparisonsOptions<T> {
  readonly migration: string;
  readonly compare: Compare;
  readonly sample: Sample;
  /** How long after a mismatch both sides are read again. */
  readonly recheckMs: number;
  /** Whether keys of records are not to be told to anybody but `onMismatch`. */
  readonly hidesKeys: boolean;
  readonly onMismatch: ((mismatch: Mismatch) => void) | undefined;
  /** Reads a record within the time for comparisons. */
  readonly read: (
    side: Side,
    key: string,
    place: RecordPlace,
    tracked?: TrackedOperation,
  ) => Call<Stored<T> | undefined>;
  /** Whether this process is writing the record, or has to repair it. */
  readonly isUnderWay: (key: string) => boolean;
  readonly observe: ((comparison: ObservedComparison) => void) | undefined;
  readonly clock: Clock;
  readonly random: () => number;
  readonly hash: Hashes;
  readonly log: Log;
}

/** A read that was answered. */
export interface AnsweredRead {
  readonly key: string;
  readonly place: RecordPlace;
  readonly side: Side;
  /** Ends when the other side has answered too, or is not asked. */
  readonly tracked: TrackedOperation;
}

export interface ComparisonStatus {
  /** All that came to an end, mismatches included. */
  readonly compared: number;
  /** Differences that were gone when both sides were read again. */
  readonly transient: number;
  readonly persistent: number;
  /** Comparisons in which a rule ignored something. */
  readonly ignored: number;
  /** For which there was no time or no room, or whose record was being written or repaired all the while. */
  readonly dropped: number;
  /** The other side could not be read, or a normaliser failed. */
  readonly failed: number;
  /** Persistent mismatches by the path that differs; of many paths the first 100. */
  readonly byPath: Readonly<Record<string, number>>;
}

type Versions = Mismatch['versions'];

function versionsOf(old: Stored<unknown> | undefined, next: Stored<unknown> | undefined): Versions {
  return { old: old?.version, new: next?.version };
}

/** At once, for one migration: what hangs keeps its place until it ends, so that memory does not grow. */
const mostAtOnce = 64;
const mostPaths = 100;
/** A record whose versions differ because it is being written is looked at again so often. */
const mostLooks = 5;

/** Reads that look at the other side after they have answered, so that nobody waits for it. */
export class Comparisons<T> {
  readonly #options: ComparisonsOptions<T>;
  readonly #sample: Required<Sample>;
  readonly #lag: LagGuard;
  readonly #counts = { compared: 0, transient: 0, persistent: 0, ignored: 0, dropped: 0, failed: 0 };
  readonly #byPath = new Map<string, number>();
  readonly #toldExpired = new Set<IgnoreRule>();
  readonly #cancels = new Set<() => void>();
  #atOnce = 0;
  #hasLogged = false;
  #closed = false;

  constructor(options: ComparisonsOptions<T>) {
    this.#options = options;
    this.#sample = { share: 0.1, random: 0.01, ...options.sample };
    this.#lag = new LagGuard(options.clock);
  }

  get status(): ComparisonStatus {
    return { ...this.#counts, byPath: Object.fromEntries(this.#byPath) };
  }

  /** A side has answered a read: perhaps looks what the other one has. Returns at once. */
  offer(read: AnsweredRead, answered: Stored<T> | undefined): void {
    if (!this.#isWanted(read)) {
      read.tracked.end();
      return;
    }
    this.#atOnce++;
    void this.#compare(read, answered).finally(() => {
      this.#atOnce--;
    });
  }

  close(): void {
    this.#closed = true;
    this.#lag.close();
    for (const cancel of this.#cancels) cancel();
  }

  #isWanted({ key, place }: AnsweredRead): boolean {
    const { share, random } = this.#sample;
    if (this.#closed || share + random === 0) return false;
    this.#lag.ask();
    const drawn = this.#draw(key);
    // Of no share it may be NaN.
    if (!(drawn < 1)) return false;
    if (drawn < this.#lag.share && this.#atOnce < mostAtOnce) return true;
    this.#end(place, 'dropped');
    return false;
  }

  /**
   * Below 1: the read is sampled; the lower, the longer also while there is little time. The same records are compared as
   * long as the share is the same, so that what persists is found.
   */
  #draw(key: string): number {
    const { hash, random } = this.#options;
    const { share, random: extra } = this.#sample;
    const sha256 = hash.createSha256();
    sha256.update(key);
    const hashed = Number.parseInt(sha256.hex().slice(0, 8), 16) / 2 ** 32;
    return hashed < share ? hashed / share : random() / extra;
  }

  /** Ends when nothing of it is in memory any more. */
  async #compare({ key, place, side, tracked }: AnsweredRead, answered: Stored<T> | undefined): Promise<void> {
    const { clock, read, recheckMs } = this.#options;
    // Whoever waits for the answer goes first, even where a store does its work at once.
    await clock.turn();
    const other = read(otherSide(side), key, place, tracked);
    const found = await other.answer;
    if (found.kind !== 'answered') {
      tracked.end();
      this.#end(place, found.kind === 'failed' ? 'failed' : 'dropped');
      await other.settled;
      return;
    }
    const [old, next] = side === 'old' ? [answered, found.value] : [found.value, answered];
    const first = this.#judge(old, next);
    if (first !== undefined) tracked.compared(() => first.differences.length === 0);
    tracked.end();
    if (first === undefined) this.#end(place, 'failed');
    else if (first.differences.length === 0) this.#end(place, 'equal', first);
    else {
      let seen: Versions | undefined = versionsOf(old, next);
      for (let looks = 1; seen !== undefined; looks++) {
        await this.#wait(recheckMs);
        if (this.#closed) return;
        seen = await this.#compareAgain(key, place, { seen, isLast: looks === mostLooks });
      }
    }
  }

  /** Returns what it saw where it has to look again, as the record is being written, or repaired. */
  async #compareAgain(
    key: string,
    place: RecordPlace,
    { seen, isLast }: { readonly seen: Versions; readonly isLast: boolean },
  ): Promise<Versions | undefined> {
    const { read, migration, hidesKeys, hash, isUnderWay, onMismatch, log } = this.#options;
    const [old, next] = [read('old', key, place), read('new', key, place)];
    const [oldAnswer, newAnswer] = await Promise.all([old.answer, next.answer]);
    if (oldAnswer.kind !== 'answered' || newAnswer.kind !== 'answered') {
      this.#end(place, oldAnswer.kind === 'failed' || newAnswer.kind === 'failed' ? 'failed' : 'dropped');
      await Promise.all([old.settled, next.settled]);
      return undefined;
    }
    const again = this.#judge(oldAnswer.value, newAnswer.value);
    if (again === undefined) this.#end(place, 'failed');
    else if (again.differences.length === 0) this.#end(place, 'transient', again);
    else {
      const versions = versionsOf(oldAnswer.value, newAnswer.value);
      const hasMoved = versions.old !== seen.old || versions.new !== seen.new;
      if (versions.old !== versions.new && (hasMoved || isUnderWay(key))) {
        if (!isLast) return versions;
        this.#end(place, 'dropped');
        return undefined;
      }
      this.#end(place, 'persistent', again, { record: hidesKeys ? hash.sha256Base64(key) : key, versions });
      try {
        onMismatch?.({ migration, key, stage: place.stage, versions, differences: again.differences });
      } catch (error) {
        log.error(`migration ${migration}: whoever is told of mismatches failed: ${String(error)}`);
      }
    }
    return undefined;
  }

  /** undefined: a normaliser failed. */
  #judge(old: Stored<T> | undefined, next: Stored<T> | undefined): Comparison | undefined {
    const { compare, clock, log, migration } = this.#options;
    try {
      const comparison = compare(old?.value, next?.value, clock.now());
      for (const rule of comparison.expired) {
        if (this.#toldExpired.has(rule)) continue;
        this.#toldExpired.add(rule);
        const { path, owner, reason, expiresAt } = rule;
        log.warn(
          `migration ${migration}: differences at ${path} count again: that ${owner} ignored them (${reason}) ended on ${expiresAt}`,
        );
      }
      return comparison;
    } catch (error) {
      if (!this.#hasLogged) log.error(`migration ${migration}: records cannot be compared: ${String(error)}`);
      this.#hasLogged = true;
      return undefined;
    }
  }

  #end(
    place: RecordPlace,
    outcome: ObservedComparison['outcome'],
    comparison?: Comparison,
    mismatch?: Pick<ObservedComparison, 'record' | 'versions'>,
  ): void {
    const { ignored = 0, differences = [] } = comparison ?? {};
    if (comparison !== undefined) this.#counts.compared++;
    if (ignored > 0) this.#counts.ignored++;
    if (outcome !== 'equal') this.#counts[outcome]++;
    if (outcome === 'persistent') for (const path of new Set(differences.map((each) => each.path))) this.#count(path);
    const { observe, migration } = this.#options;
    observe?.({ kind: 'comparison', migration, ...place, outcome, ignored, differences, ...mismatch });
  }

  #count(path: string): void {
    const count = this.#byPath.get(path);
    if (count !== undefined || this.#byPath.size < mostPaths) this.#byPath.set(path, (count ?? 0) + 1);
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#options.clock.after(ms, finish);
      this.#cancels.add(stop);
      function stop(): void {
        cancel();
        resolve();
      }
      const cancels = this.#cancels;
      function finish(): void {
        cancels.delete(stop);
        resolve();
      }
    });
  }
}
