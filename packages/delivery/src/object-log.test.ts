import type { WireObject } from '@sluice/protocol';
import { buildTombstone, buildWireFlag, buildWireSegment } from '@sluice/testkit';
import { describe, expect, test } from 'vitest';
import { ObjectLog } from './object-log.ts';

function createLog(...objects: readonly WireObject[]): ObjectLog {
  const log = new ObjectLog();
  log.add(objects);
  return log;
}

function namesOf(objects: readonly WireObject[]): readonly string[] {
  return objects.map(({ key, version }) => `${key}@${version}`);
}

describe('the log of objects', () => {
  test('has the latest of each object, by kind and key', () => {
    const log = createLog(buildWireFlag('a', 1), buildWireSegment('a', 2), buildWireFlag('a', 3));
    expect(log.find('flag', 'a')?.version).toBe(3);
    expect(log.find('segment', 'a')?.version).toBe(2);
    expect(log.find('flag', 'b')).toBeUndefined();
    expect(log.count('flag')).toBe(1);
  });

  test('lists everything that is not deleted', () => {
    const log = createLog(buildWireFlag('a', 1), buildWireFlag('b', 2), buildTombstone('a', 3));
    expect(namesOf(log.listAll())).toEqual(['b@2']);
    expect(log.count('flag')).toBe(1);
  });

  test('lists what changed after a version, each object once and deletions included', () => {
    const log = createLog(
      buildWireFlag('a', 1),
      buildWireFlag('b', 2),
      buildWireFlag('c', 2),
      buildTombstone('a', 3),
      buildWireFlag('b', 4),
    );
    expect(namesOf(log.listSince(0))).toEqual(['c@2', 'a@3', 'b@4']);
    expect(namesOf(log.listSince(2))).toEqual(['a@3', 'b@4']);
    expect(namesOf(log.listSince(3))).toEqual(['b@4']);
    expect(namesOf(log.listSince(4))).toEqual([]);
    expect(namesOf(log.listSince(99))).toEqual([]);
  });

  test('brings back an object that was deleted', () => {
    const log = createLog(buildWireFlag('a', 1), buildTombstone('a', 2), buildWireFlag('a', 3));
    expect(namesOf(log.listAll())).toEqual(['a@3']);
  });
});

/** Flags that count how often they are looked at. */
function buildCountedFlags(count: number): { flags: readonly WireObject[]; looks: () => number } {
  let looks = 0;
  const flags = Array.from({ length: count }, (_, at): WireObject => {
    const { kind, key, version, json } = buildWireFlag(`flag-${at}`, at + 1);
    return {
      kind,
      key,
      json,
      get version() {
        looks++;
        return version;
      },
    };
  });
  return { flags, looks: () => looks };
}

describe('what a delta costs', () => {
  test.each([100, 100_000])('does not depend on how many flags there are: %i', (count) => {
    const { flags, looks } = buildCountedFlags(count);
    const log = createLog();
    log.add(flags);
    const before = looks();
    expect(log.listSince(count - 1)).toHaveLength(1);
    // A binary search looks at no more than this.
    expect(looks() - before).toBeLessThanOrEqual(17);
  });

  test('does not depend on how often flags changed before', () => {
    const log = createLog(buildWireFlag('rare', 1));
    for (let version = 2; version <= 10_000; version++) log.add([buildWireFlag('often', version)]);
    let looks = 0;
    const watched = new Proxy(buildWireFlag('last', 10_001), {
      get: (target, name) => {
        looks++;
        return Reflect.get(target, name);
      },
    });
    log.add([watched]);
    expect(namesOf(log.listSince(0))).toEqual(['rare@1', 'often@10000', 'last@10001']);
    expect(looks).toBeLessThan(20);
  });
});
