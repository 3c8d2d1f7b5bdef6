import { areCompatible, type Side, type Stage, stagePlans, stages } from '@sluice/engine';
import { createFakeLog, createFakePlatform, createRandom, FakeClock, type Random } from '@sluice/testkit';
import { Migration, type MigrationHost } from '../src/migrations/migration.ts';
import { reconcile } from '../src/migrations/reconcile.ts';
import { RunningVersions } from '../src/migrations/running-versions.ts';
import type { Applied, Store, Stored } from '../src/migrations/store.ts';
import { VersionClock } from '../src/migrations/version-clock.ts';
import { Limits } from '../src/valves/limits.ts';

/** Rules that can be broken on purpose, to show that the proof finds that out. */
export type BrokenRule = 'guard' | 'tombstones' | 'mixtures';

export interface SchedulesReport {
  readonly schedules: number;
  readonly acknowledged: number;
  readonly reads: number;
  readonly crashes: number;
  readonly stageChanges: number;
  /** In which both sides are to be equal in the end: the others came to `complete`. */
  readonly compared: number;
  readonly durationMs: number;
  /** What was wrong, in words, with the seed; empty: nothing. */
  readonly violations: readonly string[];
}

export interface SchedulesOptions {
  readonly schedules: number;
  readonly firstSeed?: number;
  readonly broken?: BrokenRule;
  /** Ends with the first schedule that finds something. */
  readonly stopsEarly?: boolean;
  readonly onProgress?: (line: string) => void;
}

/** How long a schedule goes on before it is let come to rest, in milliseconds of virtual time. */
const busyMs = 3000;
/** What comes to rest does so by then: repairs wait for 30 s at most. */
const restMs = 120_000;
const operations = 24;
/** Whatever was sent has arrived by then, or never will. */
const landedMs = 6000;

/**
 * Instances that write, read and remove the same records while their stage changes on its way to each of them, with
 * requests that take long, fail before or after they took effect, or land after their process has died. Time is virtual,
 * all the rest is the migration as it is.
 */
export async function proveSchedules(options: SchedulesOptions): Promise<SchedulesReport> {
  const { schedules, firstSeed = 1, broken, stopsEarly = false, onProgress } = options;
  const startedAt = performance.now();
  const counts: Counts = { acknowledged: 0, reads: 0, crashes: 0, stageChanges: 0, compared: 0 };
  const violations: string[] = [];
  for (let index = 0; index < schedules; index++) {
    const schedule = new Schedule(firstSeed + index, broken, counts);
    violations.push(...(await schedule.run()).map((violation) => `seed ${firstSeed + index}: ${violation}`));
    if ((index + 1) % 1000 === 0) onProgress?.(`${index + 1} schedules, ${counts.acknowledged} writes acknowledged`);
    if (stopsEarly && violations.length > 0) break;
  }
  return { schedules, ...counts, durationMs: performance.now() - startedAt, violations };
}

export function formatSchedulesReport(report: SchedulesReport): string {
  const { schedules, acknowledged, reads, crashes, stageChanges, compared, violations, durationMs } = report;
  return (
    `${schedules} schedules, ${acknowledged} writes acknowledged, ${reads} reads, ${crashes} crashes, ` +
    `${stageChanges} stage changes, ${compared} with equal stores; ${violations.length} violations ` +
    `(${(durationMs / 1000).toFixed(0)} s)`
  );
}

interface Counts {
  acknowledged: number;
  reads: number;
  crashes: number;
  stageChanges: number;
  compared: number;
}

/** By record: the highest version that somebody was told of. */
type Floor = Map<string, string>;

const never = new Promise<never>(() => undefined);
const { hash } = createFakePlatform();

class Schedule {
  readonly clock = new FakeClock();
  readonly random: Random;
  readonly stores: Readonly<Record<Side, Map<string, Stored<string>>>> = { old: new Map(), new: new Map() };
  readonly log = createFakeLog();
  /** Keys that journals have open, by instance. */
  readonly journals = new Map<string, Set<string>>();
  /** Requests fail, take long, and processes die. */
  isRough = true;
  readonly #broken: BrokenRule | undefined;
  readonly #counts: Counts;
  readonly #instances: Instance[] = [];
  readonly #keys: readonly string[];
  readonly #violations: string[] = [];
  /** What each version wrote. */
  readonly #written = new Map<string, string | undefined>();
  readonly #acknowledged: { readonly key: string; readonly version: string }[] = [];
  /** What each side has, and what everybody has to see. */
  readonly #floors: Readonly<Record<Side | 'all', Floor>> = { old: new Map(), new: new Map(), all: new Map() };
  /** Stages of operations that run, or may still land after their process has died, and of changes on their way. */
  readonly #inPlay: Stage[] = [];
  #target: Stage;
  /** Whether the new store has what was written before it was written to. */
  #isBackfilled = false;
  #wasComplete = false;
  #changes = 0;
  #names = 0;

  constructor(seed: number, broken: BrokenRule | undefined, counts: Counts) {
    this.random = createRandom(seed);
    this.#broken = broken;
    this.#counts = counts;
    this.#keys = ['a', 'b', 'c'].slice(0, 1 + this.random.integer(3));
    this.#target = this.random.pick(['off', 'dualwrite', 'shadow']);
    const count = 2 + this.random.integer(4);
    for (let index = 0; index < count; index++) this.#start(this.#target);
  }

  async run(): Promise<readonly string[]> {
    const { clock, random } = this;
    const at = (): number => random.next() * busyMs;
    for (let count = 0; count < operations; count++) clock.after(at(), () => void this.#operate());
    for (let count = 0; count < 12; count++) clock.after(at(), () => this.#changeStage());
    for (let count = 0; count < 3; count++) clock.after(at(), () => void this.#backfill());
    for (let count = random.integer(3); count > 0; count--) clock.after(at(), () => this.#crash());
    await clock.advance(busyMs);
    await this.#rest();
    this.#inspect();
    for (const instance of this.#instances) await instance.end();
    return this.#violations;
  }

  /** A request of an instance to a store. */
  async request<R>(instance: Instance, effect: () => R): Promise<R> {
    if (instance.isDead) return never;
    await this.#delay();
    // It may have left before its process died.
    if (instance.isDead && this.random.chance(0.5)) return never;
    if (this.isRough && this.random.chance(0.08)) throw new Error('failed');
    const result = effect();
    await this.#delay();
    if (instance.isDead) return never;
    if (this.isRough && this.random.chance(0.05)) throw new Error('failed after it took effect');
    return result;
  }

  put(side: Side, key: string, stored: Stored<string>): Applied {
    const store = this.stores[side];
    const there = store.get(key);
    if (this.#broken !== 'guard' && there !== undefined && there.version >= stored.version) return 'stale';
    if (this.#broken === 'tombstones' && stored.value === undefined) store.delete(key);
    else store.set(key, stored);
    return 'applied';
  }

  #start(stage: Stage): Instance {
    const instance = new Instance(this, `i${++this.#names}`, stage);
    this.#instances.push(instance);
    return instance;
  }

  #delay(): Promise<void> {
    const longest = this.isRough && this.random.chance(0.05) ? 2500 : 20;
    return new Promise((resolve) => void this.clock.after(this.random.next() * longest, resolve));
  }

  async #operate(): Promise<void> {
    const instance = this.random.pick(this.#instances);
    if (instance.isDead) return;
    const key = this.random.pick(this.#keys);
    const { stage } = instance;
    this.#inPlay.push(stage);
    const floorOf = (name: Side | 'all'): string => this.#floors[name].get(key) ?? '';
    const floors = { old: floorOf('old'), new: floorOf('new'), all: floorOf('all') };
    await Promise.race([this.#ask(instance, key, floors).catch(() => undefined), instance.gone]);
    this.#inPlay.splice(this.#inPlay.indexOf(stage), 1);
  }

  async #ask(
    { migration, name }: Instance,
    key: string,
    floors: Readonly<Record<Side | 'all', string>>,
  ): Promise<void> {
    const floorOf = (side: Side): string => (floors.all > floors[side] ? floors.all : floors[side]);
    const dice = this.random.next();
    if (dice < 0.3) {
      const { version = '', origin, stage } = await migration.read(key);
      this.#counts.reads++;
      // Where it answers in the place of the other, it promises no more than what it had itself.
      const floor = origin === stagePlans[stage].authority ? floorOf(origin) : floors[origin];
      if (version < floor) this.#violations.push(`${name} in ${stage} read ${key} from ${origin}, and missed ${floor}`);
      return;
    }
    const value = dice < 0.5 ? undefined : `${name}-${this.clock.elapsed()}`;
    const result =
      value === undefined
        ? await migration.remove(key)
        : dice < 0.7
          ? (await migration.update(key, () => value)).write
          : await migration.write(key, value);
    if (result === undefined) throw new Error('an update gave nothing');
    const { version, origin, stage, other } = result;
    const floor = floorOf(origin);
    this.#counts.acknowledged++;
    this.#written.set(version, value);
    this.#acknowledged.push({ key, version });
    if (version <= floor) this.#violations.push(`${name} in ${stage} wrote ${key} as ${version}, after ${floor}`);
    raise(this.#floors[origin], key, version);
    // Whoever is in a compatible stage sees it, unless it waits to be repaired.
    if (other !== 'queued' && other !== 'pending') raise(this.#floors.all, key, version);
  }

  #changeStage(): void {
    const next = this.random.pick(stages);
    if (next === this.#target || !this.#mayServe(next)) return;
    this.#counts.stageChanges++;
    this.#changes++;
    this.#target = next;
    if (next === 'off') this.#isBackfilled = false;
    if (next === 'complete') this.#wasComplete = true;
    for (const instance of this.#instances) this.#deliver(instance, next);
  }

  #deliver(instance: Instance, stage: Stage): void {
    const change = this.#changes;
    this.#inPlay.push(stage);
    this.clock.after(this.random.next() * 400, () => {
      this.#inPlay.splice(this.#inPlay.indexOf(stage), 1);
      // What is older is refused.
      if (change < instance.change) return;
      instance.change = change;
      instance.stage = stage;
    });
  }

  /** What the server lets happen: no record in two stages of which one does not see what the other wrote. */
  #mayServe(next: Stage): boolean {
    const isMixed = !this.#listInPlay().every((stage) => areCompatible(stage, next));
    if (isMixed && this.#broken !== 'mixtures') return false;
    if (this.#wasComplete && next !== 'complete') return stagePlans[next].authority === 'new';
    return stagePlans[next].authority === 'old' || this.#isBackfilled;
  }

  #listInPlay(): readonly Stage[] {
    return [...this.#inPlay, ...this.#instances.map(({ stage }) => stage)];
  }

  /** Brings what was written before both were written to the new store, once nobody writes to the old one alone. */
  async #backfill(): Promise<void> {
    const isPossible = () => !this.#wasComplete && !this.#listInPlay().includes('off');
    if (!isPossible()) return;
    const { stores } = this;
    for (const key of this.#keys) {
      await this.#delay();
      const read = async (side: Side) => stores[side].get(key);
      const put = async (side: Side, _: string, stored: Stored<string>): Promise<Applied> => {
        await this.#delay();
        return this.put(side, key, stored);
      };
      await reconcile<string>({ read, put }, key);
    }
    this.#isBackfilled = isPossible();
  }

  #crash(): void {
    const instance = this.random.pick(this.#instances);
    this.#counts.crashes++;
    instance.isDead = true;
    this.#instances.splice(this.#instances.indexOf(instance), 1);
    // What has left it may still arrive.
    this.clock.after(landedMs, instance.tellGone);
    // It starts anew with the stage that it knew, as from its disk.
    this.#deliver(this.#start(instance.stage), this.#target);
  }

  /** Nothing fails any more, and nobody is in off: whatever is to be repaired is. */
  async #rest(): Promise<void> {
    const { clock } = this;
    this.isRough = false;
    // What is on its way arrives.
    await clock.advance(landedMs);
    if (this.#target === 'off') {
      for (const instance of this.#instances) instance.stage = 'dualwrite';
    }
    const done = this.#backfill();
    await clock.advance(1000);
    await done;
    for (let ms = 0; ms < restMs && this.#instances.some(({ isBusy }) => isBusy); ms += 5000) await clock.advance(5000);
    for (const { name, isBusy } of this.#instances) if (isBusy) this.#violations.push(`${name} does not come to rest`);
  }

  #inspect(): void {
    if (!this.#wasComplete) this.#counts.compared++;
    for (const key of this.#keys) {
      const [old, next] = [this.stores.old.get(key), this.stores.new.get(key)];
      if (!this.#wasComplete && (old?.version !== next?.version || old?.value !== next?.value))
        this.#violations.push(
          `${key} is ${JSON.stringify(old)} in the old store, ${JSON.stringify(next)} in the new one`,
        );
      const version = next?.version ?? '';
      for (const each of this.#acknowledged)
        if (each.key === key && each.version > version) this.#violations.push(`${key} lost ${each.version}`);
      if (this.#written.has(version) && this.#written.get(version) !== next?.value)
        this.#violations.push(`${key} is not what was written`);
    }
  }
}

function raise(floor: Floor, key: string, version: string): void {
  if (version > (floor.get(key) ?? '')) floor.set(key, version);
}

/** A process: with its death its timers do not ring any more, and its requests are not answered. */
class Instance {
  readonly name: string;
  stage: Stage;
  /** That brought the stage. */
  change = 0;
  isDead = false;
  /** Called once nothing of it can arrive any more. */
  tellGone: () => void = () => undefined;
  readonly gone = new Promise<void>((resolve) => {
    this.tellGone = resolve;
  });
  readonly migration: Migration<string>;

  constructor(schedule: Schedule, name: string, stage: Stage) {
    this.name = name;
    this.stage = stage;
    const { clock: time, random, log } = schedule;
    const skewMs = Math.floor((random.next() - 0.5) * 200);
    const clock = {
      now: () => time.now() + skewMs,
      elapsed: () => time.elapsed(),
      turn: () => time.turn(),
      hold: () => time.hold(),
      after: (delayMs: number, callback: () => void) =>
        time.after(delayMs, () => {
          if (!this.isDead) callback();
        }),
    };
    const host: MigrationHost = {
      detail: () => ({ value: this.stage, variation: 0, reason: { kind: 'FALLTHROUGH' }, version: 1 }),
      addRecord: (context) => context,
      findFlag: () => undefined,
      random: () => random.next(),
      report: undefined,
      findSelector: () => undefined,
      versions: new VersionClock({ id: name, clock, hash, log }),
      running: new RunningVersions(() => undefined),
      lease: { term: 0, isConfirmed: true, hasBegun: true, begin: async () => true },
      journal: this.#createJournal(schedule),
      repairsNews: () => undefined,
      limits: new Limits(clock),
      platform: { clock, random: () => random.next(), hash },
      log,
      observe: undefined,
      backfill: { server: undefined, name: '' },
    };
    const stores = { old: this.#createStore(schedule, 'old'), new: this.#createStore(schedule, 'new') };
    const settings = {
      ...stores,
      failover: random.chance(0.5),
      budgets: random.chance(0.3) ? { answerMs: 100 } : {},
      compare: { sample: { share: 0, random: 0 } },
    };
    this.migration = new Migration<string>('orders', settings, (key) => key, host);
  }

  get isBusy(): boolean {
    const { repairs, detached } = this.migration.status();
    return repairs.depth > 0 || detached > 0;
  }

  async end(): Promise<void> {
    await this.migration.close();
  }

  #createStore(schedule: Schedule, side: Side): Store<string> {
    return {
      read: (key) => schedule.request(this, () => schedule.stores[side].get(key)),
      write: (key, value, { version }) => schedule.request(this, () => schedule.put(side, key, { value, version })),
      remove: (key, { version }) =>
        schedule.request(this, () => schedule.put(side, key, { value: undefined, version })),
    };
  }

  /** What it has open outlives it. */
  #createJournal({ journals }: Schedule): MigrationHost['journal'] {
    const open = new Set<string>();
    return {
      takeOver: async () => {
        const found = [...journals.values()].flatMap((keys) => [...keys]);
        journals.clear();
        journals.set(this.name, open);
        for (const key of found) open.add(key);
        return found;
      },
      open: async (key) => {
        // As files do when another process took them over.
        journals.set(this.name, open);
        open.add(key);
      },
      close: (key) => {
        if (!this.isDead) open.delete(key);
      },
      end: async () => undefined,
      // There are never as many.
      isDirty: async () => false,
      markDirty: async () => undefined,
      markClean: async () => undefined,
    };
  }
}
