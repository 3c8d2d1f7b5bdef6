import { createFakeLog, createFakePlatform } from '@sluice/testkit';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { timeOfVersion, VersionClock } from './version-clock.ts';

const start = Date.UTC(2026, 0, 1);

function create(id = 'process-1') {
  const [{ clock, hash }, log] = [createFakePlatform(), createFakeLog()];
  return { clock, log, versions: new VersionClock({ id, clock, hash, log }) };
}

/** What a process does, over time that also goes backwards. */
const arbitrarySteps = fc.array(
  fc.record({ process: fc.integer({ min: 0, max: 2 }), moveMs: fc.integer({ min: -5000, max: 5000 }), sees: fc.nat() }),
  { minLength: 1, maxLength: 60 },
);

describe('versions', () => {
  test('are higher than all that was given or seen before, as strings, and no two are the same', () => {
    fc.assert(
      fc.property(arbitrarySteps, (steps) => {
        const processes = ['a', 'b', 'c'].map((id) => ({ ...create(id), highest: '' }));
        const given: string[] = [];
        for (const { process, moveMs, sees } of steps) {
          const at = processes[process];
          if (at === undefined) throw new Error('there are three');
          at.clock.setTimeOfDay(at.clock.now() + moveMs);
          const seen = given[sees % Math.max(1, given.length)] ?? '';
          at.versions.see(seen);
          const version = at.versions.next();
          expect(version).toMatch(/^[0-9a-hjkmnp-tv-z]{22}$/);
          expect(version > seen && version > at.highest).toBe(true);
          at.highest = version;
          given.push(version);
        }
        expect(new Set(given).size).toBe(given.length);
      }),
    );
  });

  test('compare in any language as they do by bytes', () => {
    const arbitraryMs = fc.integer({ min: 0, max: 2 ** 48 - 1 });
    fc.assert(
      fc.property(arbitraryMs, arbitraryMs, (one, other) => {
        const [a, b] = [one, other].map((ms) => {
          const { clock, versions } = create();
          clock.setTimeOfDay(ms);
          return versions.next();
        });
        if (a === undefined || b === undefined) throw new Error('there are two');
        expect(Math.sign(a.localeCompare(b, 'en'))).toBe(Math.sign(one - other));
        expect(a < b).toBe(one < other);
      }),
    );
  });

  test('go on within a millisecond when its counter is full', () => {
    const { versions } = create();
    const given = Array.from({ length: 70_000 }, () => versions.next());
    expect(given.every((version, index) => index === 0 || version > (given[index - 1] ?? ''))).toBe(true);
    expect([timeOfVersion(given[0] ?? ''), timeOfVersion(given.at(-1) ?? '')]).toEqual([start, start + 1]);
  });

  test('from far ahead do not drag the clock along, and that is logged once', () => {
    const { versions, log } = create();
    const other = create('process-2');
    other.clock.setTimeOfDay(start + 3_600_000);
    versions.see(other.versions.next());
    expect(timeOfVersion(versions.next())).toBe(start + 3_600_000);
    for (const aheadMs of [3_600_001, 9_000_000]) {
      other.clock.setTimeOfDay(start + aheadMs);
      versions.see(other.versions.next());
    }
    expect(timeOfVersion(versions.next())).toBe(start + 3_600_000);
    expect(log.lines).toEqual([expect.stringMatching(/^error: versions: .* is 1\.0 h ahead of this process/)]);
  });

  test.each(['', 'abc', '!'.repeat(22), 'u'.repeat(22), '7'])('of others are left alone: "%s"', (version) => {
    const { versions } = create();
    versions.see(version);
    expect(timeOfVersion(versions.next())).toBe(start);
    expect(timeOfVersion(version)).toBeUndefined();
  });
});
