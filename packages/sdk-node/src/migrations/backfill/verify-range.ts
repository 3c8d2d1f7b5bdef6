import type { BackfillFinding, BackfillVerification } from '@sluice/protocol';
import type { Stored } from '../store.ts';
import { timeOfVersion } from '../version-clock.ts';
import { type BackfillStores, type KeyRange, scanAll } from './access.ts';
import { forEachAtOnce } from './for-each-at-once.ts';
import { type HashRow, type Keyed, Sum } from './sum.ts';

export interface VerifyOptions<T> {
  readonly stores: BackfillStores<T>;
  readonly pageRows: number;
  readonly hashRow: HashRow<T>;
  /** In what two values differ that counts; empty: in nothing. */
  readonly describeDifference: (old: T, next: T) => string;
  /** What the server is told of a row's key. */
  readonly nameRow: (key: string) => string;
  /**
   * When it began, in milliseconds since the epoch: what has a version from later is looked at row by row, so that what is
   * written meanwhile does not make sums differ.
   */
  readonly startedAt: number;
  /** Waits before rows that differ are read again. */
  readonly recheck: () => Promise<void>;
}

/** Rows that differ are looked for in a part of the range with so many. */
const leafRows = 64;
const parts = 16;
const mostReported = 100;

/**
 * Compares the sums of both sides of a range; where these differ, those of its parts, down to the rows. What differs
 * still some time later gets what the old store has, where that is newer, or is reported. What goes on being written is
 * left out: comparing reads looks after it.
 */
export async function verifyRange<T>(range: KeyRange, options: VerifyOptions<T>): Promise<BackfillVerification> {
  const [old, next] = [new Sum(), new Sum()];
  const candidates = new Set<string>();
  await descend(range, { old, next, candidates }, options);
  const reported: BackfillFinding[] = [];
  const seen = new Map<string, string>();
  let repaired = 0;
  let left: readonly string[] = [...candidates];
  while (left.length > 0) {
    await options.recheck();
    const again: string[] = [];
    await forEachAtOnce(left, async (key) => {
      const settled = await settle(key, options);
      if (settled.isRepaired) repaired++;
      if (settled.old?.version !== settled.new?.version) {
        const versions = JSON.stringify([settled.old?.version, settled.new?.version]);
        const before = seen.get(key);
        seen.set(key, versions);
        if (before === undefined) again.push(key);
        if (before !== versions) return;
      }
      if (settled.problem !== undefined && reported.length < mostReported)
        reported.push({ key: options.nameRow(key), reason: settled.problem });
      addRow(old, settled.old, options);
      // What may differ in nothing that counts has the sum of the other side.
      addRow(next, settled.problem === undefined ? settled.old : settled.new, options);
    });
    left = again;
  }
  return { old: old.toJson(), new: next.toJson(), repaired, reported };
}

interface Found {
  readonly old: Sum;
  readonly next: Sum;
  /** Keys of rows that differ, for now, or may be written now. */
  readonly candidates: Set<string>;
}

async function descend<T>(range: KeyRange, found: Found, options: VerifyOptions<T>): Promise<void> {
  const [old, next] = [await sumUp('old', range, options), await sumUp('new', range, options)];
  if (old.sum.equals(next.sum)) {
    found.old.addAll(old.sum);
    found.next.addAll(next.sum);
    for (const key of [...old.fresh, ...next.fresh]) found.candidates.add(key);
    return;
  }
  const larger = old.rows >= next.rows ? old : next;
  const bounds = larger.rows <= leafRows ? [] : larger.keys.pickEvenly(parts);
  if (bounds.length === 0) return compareRows(range, found, options);
  const ends = [...bounds, range.upTo];
  for (const [at, upTo] of ends.entries())
    await descend({ after: at === 0 ? range.after : ends[at - 1], upTo }, found, options);
}

async function sumUp<T>(side: 'old' | 'new', range: KeyRange, options: VerifyOptions<T>) {
  const sum = new Sum();
  const keys = new SomeKeys();
  const fresh: string[] = [];
  let rows = 0;
  for await (const row of scanAll(options.stores, side, range, options.pageRows)) {
    rows++;
    keys.add(row.key);
    if (isFresh(row, options)) fresh.push(row.key);
    else addRow(sum, row, options);
  }
  return { sum, keys, rows, fresh };
}

async function compareRows<T>(range: KeyRange, found: Found, options: VerifyOptions<T>): Promise<void> {
  const [old, next] = [new Map<string, Keyed<T>>(), new Map<string, Keyed<T>>()];
  for await (const row of scanAll(options.stores, 'old', range, options.pageRows)) old.set(row.key, row);
  for await (const row of scanAll(options.stores, 'new', range, options.pageRows)) next.set(row.key, row);
  for (const key of new Set([...old.keys(), ...next.keys()])) {
    const [one, other] = [old.get(key), next.get(key)];
    if (isFresh(one, options) || isFresh(other, options) || describe(one, other, options) !== undefined)
      found.candidates.add(key);
    else {
      addRow(found.old, one, options);
      addRow(found.next, one, options);
    }
  }
}

async function settle<T>(key: string, options: VerifyOptions<T>) {
  const { stores } = options;
  const read = async () => {
    const [old, next] = await Promise.all([stores.read('old', key), stores.read('new', key)]);
    return { old: withKey(key, old), new: withKey(key, next) };
  };
  let both = await read();
  let isRepaired = false;
  if (both.old !== undefined && (both.new === undefined || both.new.version < both.old.version)) {
    isRepaired = (await stores.put(both.old)) === 'applied';
    both = await read();
  }
  return { ...both, isRepaired, problem: describe(both.old, both.new, options) };
}

function withKey<T>(key: string, stored: Stored<T> | undefined): Keyed<T> | undefined {
  return stored && { key, ...stored };
}

/** Undefined: in nothing that counts. */
function describe<T>(
  old: Keyed<T> | undefined,
  next: Keyed<T> | undefined,
  options: VerifyOptions<T>,
): string | undefined {
  if (old === undefined) return next === undefined ? undefined : `only the new store has it, version "${next.version}"`;
  if (next === undefined) return `only the old store has it, version "${old.version}"`;
  if (old.version !== next.version)
    return `version "${old.version}" in the old store, "${next.version}" in the new one`;
  if (old.value === undefined && next.value === undefined) return undefined;
  if (old.value === undefined || next.value === undefined)
    return `the same version, but removed in the ${old.value === undefined ? 'old' : 'new'} store`;
  const difference = options.describeDifference(old.value, next.value);
  return difference === '' ? undefined : `the same version, but other content: ${difference}`;
}

/** By its version: a clock that is ahead makes more of them, which costs reads and leaves nothing out. */
function isFresh<T>(row: Keyed<T> | undefined, { startedAt }: Pick<VerifyOptions<T>, 'startedAt'>): boolean {
  return row !== undefined && (timeOfVersion(row.version) ?? 0) >= startedAt;
}

function addRow<T>(sum: Sum, row: Keyed<T> | undefined, options: VerifyOptions<T>): void {
  if (row !== undefined) sum.add(options.hashRow(row), row.version);
}

/** Some of the keys that it was given, evenly, however many these are. */
class SomeKeys {
  #keys: string[] = [];
  #every = 1;
  #seen = 0;

  add(key: string): void {
    if (this.#seen++ % this.#every !== 0) return;
    this.#keys.push(key);
    if (this.#keys.length < 1024) return;
    this.#keys = this.#keys.filter((_, at) => at % 2 === 0);
    this.#every *= 2;
  }

  /** The ends of all parts but the last. */
  pickEvenly(count: number): readonly string[] {
    const size = this.#keys.length / count;
    const picked = Array.from({ length: count - 1 }, (_, part) => this.#keys[Math.floor(size * (part + 1))]);
    return [...new Set(picked.filter((key) => key !== undefined))];
  }
}
