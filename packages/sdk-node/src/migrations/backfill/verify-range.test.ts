import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Stored } from '../store.ts';
import { VersionClock } from '../version-clock.ts';
import type { BackfillStores } from './access.ts';
import { createHashRow } from './sum.ts';
import { verifyRange } from './verify-range.ts';

type Rows = Map<string, Stored<number>>;

/** Two sides in memory, and how many rows were read of them. */
function open(old: Rows, next: Rows) {
  const sides = { old, new: next };
  const counts = { scanned: 0, read: 0 };
  const stores: BackfillStores<number> = {
    scan: async (side, { after, upTo }, limit) => {
      const rows = [...sides[side]]
        .filter(([key]) => (after === undefined || key > after) && (upTo === undefined || key <= upTo))
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .slice(0, limit)
        .map(([key, stored]) => ({ key, ...stored }));
      counts.scanned += rows.length;
      return rows;
    },
    read: async (side, key) => {
      counts.read++;
      return sides[side].get(key);
    },
    put: async ({ key, ...stored }) => {
      const there = next.get(key);
      if (there !== undefined && there.version >= stored.version) return 'stale';
      next.set(key, stored);
      return 'applied';
    },
  };
  const hash = {
    createSha256: () => {
      const sha256 = createHash('sha256');
      return { update: (bytes: string | Uint8Array) => void sha256.update(bytes), hex: () => sha256.digest('hex') };
    },
  };
  const verify = (recheck = async (): Promise<void> => undefined, startedAt = 2e12) =>
    verifyRange<number>(
      { after: undefined, upTo: undefined },
      {
        stores,
        pageRows: 100,
        // The rest of the hashes is not used.
        hashRow: createHashRow(hash as unknown as Parameters<typeof createHashRow>[0], String),
        describeDifference: (one, other) => (one === other ? '' : 'it'),
        nameRow: (record) => record,
        startedAt,
        recheck,
      },
    );
  return { verify, counts };
}

const key = (at: number): string => `k${String(at).padStart(5, '0')}`;

function fill(count: number, version = 'v1'): Rows {
  return new Map(Array.from({ length: count }, (_, at) => [key(at), { value: at, version }]));
}

describe('of two sides', () => {
  test('that are equal each row is read once', async () => {
    const { verify, counts } = open(fill(3000), fill(3000));
    const { old, new: next, repaired, reported } = await verify();
    expect([next, repaired, reported]).toEqual([old, 0, []]);
    expect([old.count, old.maxVersion, counts.scanned]).toEqual([3000, 'v1', 6000]);
  });

  test('with one row that differs only the part around it is read again', async () => {
    const [old, next] = [fill(10_000), fill(10_000)];
    next.delete(key(4321));
    const { verify, counts } = open(old, next);
    expect(await verify()).toMatchObject({ repaired: 1, reported: [] });
    expect(next.get(key(4321))).toEqual(old.get(key(4321)));
    // Once all of it, once more in 16 parts, then a sixteenth in its parts, and the rows.
    expect(counts.scanned).toBeLessThan(20_000 * 2.2);
  });

  test('whatever is behind on the new one is repaired, and whatever else differs is reported', async () => {
    const change = fc.constantFrom('missing', 'behind', 'ahead', 'only-new', 'other', 'removed');
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 400 }),
        fc.dictionary(fc.integer({ min: 0, max: 399 }).map(String), change),
        async (count, changes) => {
          const [old, next] = [fill(count), fill(count)];
          const reported: string[] = [];
          let repaired = 0;
          for (const [text, kind] of Object.entries(changes)) {
            const at = key(Number(text));
            if (kind === 'only-new') next.set(`${at}x`, { value: 0, version: 'v1' });
            if (kind === 'only-new') reported.push(`${at}x`);
            if (Number(text) >= count || kind === 'only-new') continue;
            if (kind === 'missing') next.delete(at);
            if (kind === 'behind') next.set(at, { value: -1, version: 'v0' });
            if (kind === 'removed') old.set(at, { value: undefined, version: 'v2' });
            if (kind === 'ahead') next.set(at, { value: -1, version: 'v2' });
            if (kind === 'other') next.set(at, { value: -1, version: 'v1' });
            if (kind === 'ahead' || kind === 'other') reported.push(at);
            else repaired++;
          }
          const found = await open(old, next).verify();
          expect(found.repaired).toBe(repaired);
          expect(found.reported.map((each) => each.key).sort()).toEqual(reported.sort().slice(0, 100));
          expect(found.old.sum === found.new.sum).toBe(reported.length === 0);
          const again = await open(old, next).verify();
          expect(again.repaired).toBe(0);
        },
      ),
      { numRuns: 60 },
    );
  });

  test('what is equal a moment later does not differ', async () => {
    const [old, next] = [fill(10), fill(10)];
    old.set(key(3), { value: 1, version: 'v2' });
    next.set(key(4), { value: 1, version: 'v2' });
    const { verify } = open(old, next);
    const found = await verify(async () => {
      next.set(key(3), { value: 1, version: 'v2' });
      old.set(key(4), { value: 1, version: 'v2' });
    });
    expect(found).toMatchObject({ repaired: 0, reported: [] });
    expect(found.new).toEqual(found.old);
  });

  describe('what has a version from after it began', () => {
    const startedAt = Date.UTC(2026, 0, 1);
    const give = (now: number) =>
      new VersionClock({
        id: 'a',
        clock: { now: () => now },
        // Of the hashes one is used.
        hash: { createSha256: () => ({ update: () => undefined, hex: () => '0123456789' }) } as never,
        log: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
      }).next();

    test('does not differ once both have it, and costs two reads', async () => {
      const [old, next] = [fill(10, ''), fill(10, '')];
      for (const rows of [old, next]) rows.set(key(3), { value: 3, version: give(startedAt + 1) });
      next.set(key(4), { value: 4, version: give(startedAt + 2) });
      const { verify, counts } = open(old, next);
      const found = await verify(
        async () => void old.set(key(4), { value: 4, version: give(startedAt + 2) }),
        startedAt,
      );
      expect(found).toMatchObject({ repaired: 0, reported: [], old: { count: 10 } });
      expect(found.new).toEqual(found.old);
      expect(counts.read).toBe(4);
    });

    test('counts on neither while it goes on being written', async () => {
      const [old, next] = [fill(10, ''), fill(10, '')];
      let at = startedAt;
      const write = async () => {
        next.set(key(3), { value: at, version: give(++at) });
        next.set('only-new', { value: at, version: give(++at) });
      };
      await write();
      const found = await open(old, next).verify(write, startedAt);
      expect(found).toMatchObject({ repaired: 0, reported: [], old: { count: 9 } });
      expect(found.new).toEqual(found.old);
    });

    test('is repaired or reported where it stays as it is: a clock is ahead', async () => {
      const [old, next] = [fill(10, ''), fill(10, '')];
      const later = startedAt + 1_800_000;
      old.set(key(2), { value: -2, version: give(later) });
      for (const [rows, value] of [
        [old, 1],
        [next, 2],
      ] as const)
        rows.set(key(3), { value, version: give(later) });
      next.set('only-new', { value: 1, version: give(later) });
      next.set('before', { value: 1, version: give(startedAt - 1) });
      const found = await open(old, next).verify(undefined, startedAt);
      expect(found.repaired).toBe(1);
      expect(next.get(key(2))).toEqual(old.get(key(2)));
      expect(found.reported.map((each) => each.key).sort()).toEqual(['before', key(3), 'only-new'].sort());
      expect(found.new).not.toEqual(found.old);
    });
  });
});
