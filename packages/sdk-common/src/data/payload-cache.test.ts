import { Ruleset } from '@sluice/engine';
import type { ReceivedObject } from '@sluice/protocol';
import { createFakePlatform, flagOf, segmentOf } from '@sluice/testkit';
import { describe, expect, test } from 'vitest';
import type { Storage } from '../platform.ts';
import { createPayloadCache } from './payload-cache.ts';

/** Entries in memory; the test may do anything to them. */
function createMemoryStorage(): Storage & { readonly entries: Map<string, Buffer> } {
  const entries = new Map<string, Buffer>();
  return {
    entries,
    read: async (name) => entries.get(name),
    replace: async (name, previousName, chunks) => {
      let text = '';
      for await (const chunk of chunks) text += chunk;
      const before = entries.get(name);
      if (before !== undefined) entries.set(previousName, before);
      entries.set(name, Buffer.from(text));
    },
  };
}

function rulesetOf(objects: readonly ReceivedObject[]): Ruleset<undefined> {
  const ruleset = new Ruleset({ regex: () => undefined, createTally: () => undefined });
  for (const object of objects) {
    if (object.kind === 'flag') ruleset.setFlag(object.flag);
    else ruleset.setSegment(object.segment);
  }
  return ruleset;
}

const objects: readonly ReceivedObject[] = [
  { kind: 'flag', flag: flagOf('flag', { variations: ['ключ\n😀 \u2028 \ud800', null, { a: [1] }] }) },
  { kind: 'flag', flag: { key: 'gone', version: 7, deleted: true } },
  { kind: 'segment', segment: segmentOf('segment', { included: ['ann'] }) },
];
const older: readonly ReceivedObject[] = [{ kind: 'flag', flag: flagOf('older') }];

async function store(): Promise<{
  readonly storage: ReturnType<typeof createMemoryStorage>;
  load(): Promise<unknown>;
  readonly damages: string[];
}> {
  const storage = createMemoryStorage();
  const cache = createPayloadCache(storage, createFakePlatform());
  await cache.save(rulesetOf(older), 'e:1');
  await cache.save(rulesetOf(objects), 'e:2');
  const damages: string[] = [];
  return { storage, damages, load: () => cache.load((message) => damages.push(message)) };
}

const current = { kind: 'full', objects, state: 'e:2', byVersion: false };
const previous = { kind: 'full', objects: older, state: 'e:1', byVersion: false };

describe('a stored payload', () => {
  test('comes back as it was', async () => {
    const { load, damages } = await store();
    expect(await load()).toEqual(current);
    expect(damages).toEqual([]);
  });

  test('may be empty, and without a state', async () => {
    const cache = createPayloadCache(createMemoryStorage(), createFakePlatform());
    expect(await cache.load(() => undefined)).toBeUndefined();
    await cache.save(rulesetOf([]), undefined);
    expect(await cache.load(() => undefined)).toEqual({ ...current, objects: [], state: undefined });
  });

  test('is the one before while the new one is not there yet', async () => {
    // As a crash leaves it between the two renames.
    const { storage, load, damages } = await store();
    storage.entries.delete('payload');
    expect(await load()).toEqual(previous);
    expect(damages).toEqual([]);
  });

  test('is one moment of the ruleset, whatever happens while it is written', async () => {
    const storage = createMemoryStorage();
    const ruleset = rulesetOf(objects);
    const cache = createPayloadCache(
      {
        ...storage,
        replace: (name, previousName, chunks) => {
          ruleset.setFlag({ key: 'flag', version: 99, deleted: true });
          ruleset.setFlag(flagOf('late'));
          return storage.replace(name, previousName, chunks);
        },
      },
      createFakePlatform(),
    );
    await cache.save(ruleset, 'e:2');
    expect(await cache.load(() => undefined)).toEqual(current);
  });

  test('gives way to other work, stored or read', async () => {
    const platform = createFakePlatform();
    let turns = 0;
    let elapsed = 0;
    const clock = { ...platform.clock, now: () => 0, elapsed: () => ++elapsed, turn: async () => void turns++ };
    const storage = createMemoryStorage();
    const cache = createPayloadCache(storage, {
      ...platform,
      clock: Object.assign(clock, { after: () => () => undefined, hold: () => () => undefined }),
    });
    await cache.save(
      rulesetOf(Array.from({ length: 100 }, (_, index) => ({ kind: 'flag', flag: flagOf(`f${index}`) }))),
      '',
    );
    expect(turns).toBeGreaterThan(5);
    turns = 0;
    await cache.load(() => undefined);
    expect(turns).toBeGreaterThan(5);
  });

  test('is written in chunks', async () => {
    const sizes: number[] = [];
    const cache = createPayloadCache(
      {
        read: async () => undefined,
        replace: async (_, __, chunks) => {
          for await (const chunk of chunks) sizes.push(chunk.length);
        },
      },
      createFakePlatform(),
    );
    const flags = Array.from({ length: 40 }, (_, index) => flagOf(`f${index}`, { variations: ['x'.repeat(10_000)] }));
    await cache.save(rulesetOf(flags.map((flag) => ({ kind: 'flag', flag }))), undefined);
    expect(sizes.length).toBeGreaterThan(2);
    expect(Math.max(...sizes)).toBeLessThan(150_000);
  });
});

describe('a damaged payload', () => {
  const damages: readonly (readonly [string, (bytes: Buffer) => Buffer])[] = [
    ['a changed byte', (bytes) => Buffer.from(bytes.map((byte, index) => (index === 100 ? byte ^ 1 : byte)))],
    ['a missing end', (bytes) => bytes.subarray(0, -1)],
    ['a missing half', (bytes) => bytes.subarray(0, bytes.length / 2)],
    ['a missing line', (bytes) => Buffer.from(bytes.toString().replace(/flag .*\n/, ''))],
    ['bytes after the end', (bytes) => Buffer.concat([bytes, Buffer.from('x')])],
    ['nothing', () => Buffer.alloc(0)],
    ['zeros', (bytes) => Buffer.alloc(bytes.length)],
    ['no payload at all', () => Buffer.from('{"flags":{}}')],
  ];

  test.each(damages)('is not used, and the one before is: %s', async (_, damage) => {
    const { storage, load, damages: told } = await store();
    storage.entries.set('payload', damage(storage.entries.get('payload') ?? Buffer.alloc(0)));
    expect(await load()).toEqual(previous);
    expect(told).toEqual(['the stored payload cannot be used: its checksum is wrong']);
  });

  test('is not used when both are', async () => {
    const { storage, load, damages: told } = await store();
    storage.entries.set('payload', Buffer.from('x'));
    storage.entries.set('payload-previous', Buffer.from('y'));
    expect(await load()).toBeUndefined();
    expect(told).toHaveLength(2);
  });

  test('with a right checksum is not used when its format or an object is another', async () => {
    const { hash } = createFakePlatform();
    for (const [content, expected] of [
      ['sluice-payload 2\n{"state":null}\n', /expected the format "sluice-payload 1", got "sluice-payload 2"/],
      ['sluice-payload 1\n{"state":null}\nplan {}\n', /expected a flag or segment, got "plan"/],
      ['sluice-payload 1\n{"state":null}\nflag {"key":3}\n', /flag.key must be a string, got 3/],
    ] as const) {
      const { storage, load, damages: told } = await store();
      const sha256 = hash.createSha256();
      sha256.update(content);
      storage.entries.set('payload', Buffer.from(`${content}end ${sha256.hex()}\n`));
      expect(await load()).toEqual(previous);
      expect(told[0]).toMatch(expected);
    }
  });

  test('that cannot be read counts as damaged', async () => {
    const { storage, damages: told } = await store();
    const failing: Storage = {
      ...storage,
      read: async (name) => {
        if (name === 'payload') throw new Error('input/output error');
        return storage.read(name);
      },
    };
    const cache = createPayloadCache(failing, createFakePlatform());
    expect(await cache.load((message) => told.push(message))).toEqual(previous);
    expect(told).toEqual(['the stored payload cannot be used: input/output error']);
  });
});
