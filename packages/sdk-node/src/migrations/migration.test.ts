import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Side, type Stage, stagePlans, stages } from '@sluice/engine';
import type { Report } from '@sluice/protocol';
import { type CreateSource, Reporter, type SourceSink } from '@sluice/sdk-common';
import { createFakeLog, createFakePlatform, settle, until } from '@sluice/testkit';
import { describe, expect, onTestFinished, test } from 'vitest';
import { MemoryStore } from '../../proofs/memory-store.ts';
import { SluiceError } from '../errors.ts';
import { NodeClient } from '../node-client.ts';
import { NotAccepted } from '../providers/not-accepted.ts';
import { Scopes } from '../surroundings/scopes.ts';
import { TestData } from '../test-data.ts';
import type { MigrationSettings } from './migration-options.ts';
import type { ObservedComparison, ObservedStoreCall } from './observed.ts';
import { RepairJournal } from './repair-journal.ts';
import { VersionClock } from './version-clock.ts';

interface Order {
  readonly total: number;
}
type Parts = Partial<MigrationSettings<Order>>;

/** A client over test data, with a migration between two stores in memory. */
async function create(
  stage: Stage | undefined,
  parts: Parts = {},
  { contact = true, observe = (_: ObservedStoreCall | ObservedComparison): void => undefined } = {},
) {
  const [platform, log, testData] = [createFakePlatform(), createFakeLog(), new TestData()];
  const observed: (ObservedStoreCall | ObservedComparison)[] = [];
  let sink: SourceSink | undefined;
  const createSource: CreateSource = (given) => {
    sink = given;
    return testData.createSource(given);
  };
  const sources = contact ? [{ origin: 'test', create: createSource } as const] : [];
  const client = new NodeClient(
    {
      sdkKey: '',
      log,
      reporter: undefined,
      telemetry: undefined,
      hooks: [],
      sources,
      cache: undefined,
      events: undefined,
      bigSegments: undefined,
      repairFolder: false,
      onMigration: (each) => {
        observed.push(each);
        observe(each);
      },
    },
    platform,
    new Scopes(
      { context: undefined, ambient: [{ kind: 'instance', key: 'web-1' }] },
      { session: 's-1', log, telemetry: undefined, elapsed: () => platform.clock.elapsed() },
    ),
  );
  onTestFinished(() => client.close());
  const serve = (served: Stage): void => void testData.set('orders', served);
  if (stage !== undefined) serve(stage);
  await settle();
  const stores = { old: new MemoryStore<Order>(), new: new MemoryStore<Order>() };
  const compare = { sample: { share: 1 }, ...parts.compare };
  const orders = client.migration<Order>('orders', { ...stores, ...parts, compare });
  /** What is there, by side. */
  const find = (key: string) => ({ old: stores.old.records.get(key)?.value, new: stores.new.records.get(key)?.value });
  const put = (side: Side, key: string, total: number | undefined, version = '0'): void =>
    void stores[side].records.set(key, { value: total === undefined ? undefined : { total }, version });
  const loseContact = (): void => sink?.fail({ kind: 'network', message: 'the connection broke' });
  return {
    loseContact,
    clock: platform.clock,
    platform,
    log,
    testData,
    client,
    orders,
    stores,
    find,
    put,
    serve,
    observed,
  };
}

const down = async (): Promise<void> => {
  throw new Error('down');
};
/** Never ends, unless whoever asked gives up. */
const hang = ({ signal }: { readonly signal: AbortSignal }): Promise<void> =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
/** Never ends, whatever anybody wants. */
const hangForever = (): Promise<void> => new Promise(() => undefined);

describe.each(stages)('in stage %s', (stage) => {
  const { authority, writesBoth, compares } = stagePlans[stage];
  const other: Side = authority === 'old' ? 'new' : 'old';

  test('a read is answered by one side, with the version; the other one is looked at after that or never', async () => {
    const { orders, put, stores } = await create(stage);
    put(authority, 'a', 1, '5');
    put(other, 'a', 1);
    expect(await orders.read('a')).toEqual({ value: { total: 1 }, origin: authority, stage, version: '5' });
    await settle();
    expect(stores[other].requests).toEqual(compares ? ['read a'] : []);
    expect(await orders.read('b')).toEqual({ value: undefined, origin: authority, stage, version: undefined });
  });

  test('writes and removals reach the sides that they have to, with one version', async () => {
    const { orders, stores, find } = await create(stage);
    const written = await orders.write('a', { total: 1 });
    expect(written).toEqual({
      origin: authority,
      stage,
      version: written.version,
      other: writesBoth ? 'applied' : 'skipped',
    });
    const both = { [authority]: { total: 1 }, [other]: writesBoth ? { total: 1 } : undefined };
    expect(find('a')).toEqual(both);
    const removed = await orders.remove('a');
    expect(removed.version > written.version).toBe(true);
    expect(stores[authority].records.get('a')).toEqual({ value: undefined, version: removed.version });
    expect(stores[other].records.get('a')).toEqual(
      writesBoth ? { value: undefined, version: removed.version } : undefined,
    );
  });

  test('a write that fails is told, and the other side is not touched', async () => {
    const { orders, stores } = await create(stage);
    stores[authority].before = down;
    await expect(orders.write('a', { total: 1 })).rejects.toThrow('down');
    expect(stores[other].requests).toEqual([]);
  });
});

describe('which stage', () => {
  test('is asked for the record, with whatever else is known of the caller', async () => {
    const { orders, testData, client } = await create(undefined);
    const clause = (contextKind: string, value: string) => ({
      contextKind,
      attribute: 'key',
      op: 'in' as const,
      values: [value],
    });
    testData.setFlag({
      key: 'orders',
      on: true,
      variations: [...stages],
      fallthrough: { variation: 0 },
      rules: [
        { clauses: [clause('record', 'a'), clause('user', 'ann')], variation: 1 },
        { clauses: [clause('record', 'a')], variation: 2 },
      ],
    });
    expect(orders.stage('a')).toBe('shadow');
    expect(orders.stage('b')).toBe('off');
    expect(orders.stage('a', { kind: 'user', key: 'ann' })).toBe('dualwrite');
    expect(orders.stage('a', { key: 'ann' })).toBe('dualwrite');
    expect(orders.stage('a', { kind: 'multi', record: { key: 'b' }, user: { key: 'ann' } })).toBe('dualwrite');
    client.job('nightly', () => {
      client.enrich({ user: { key: 'ann' } });
      expect(orders.stage('a')).toBe('dualwrite');
    });
  });

  test('is off where nothing says so, or what is said is none', async () => {
    const { orders, testData, log } = await create(undefined);
    expect(orders.stage('a')).toBe('off');
    testData.set('orders', 'sideways');
    expect([orders.stage('a'), orders.stage('b')]).toEqual(['off', 'off']);
    expect(log.lines).toEqual([
      'warn: migration orders: its flag serves "sideways", which is no stage; off is in its place',
    ]);
    testData.set('orders', true);
    expect(orders.stage('a')).toBe('off');
  });

  test('may be another where nothing says so', async () => {
    const { orders } = await create(undefined, { default: 'complete' });
    expect(orders.stage('a')).toBe('complete');
  });

  test('stays for all of a read-modify-write, and is asked anew for other records within it', async () => {
    const { orders, put, serve, find } = await create('dualwrite');
    put('old', 'a', 1);
    put('new', 'b', 5);
    const result = await orders.update('a', async (order) => {
      serve('complete');
      expect((await orders.read('a')).stage).toBe('dualwrite');
      expect(
        await orders.update('b', async () => {
          expect((await orders.read('a')).stage).toBe('dualwrite');
          return undefined;
        }),
      ).toEqual({ value: { total: 5 }, write: undefined });
      return { total: (order?.total ?? 0) + 1 };
    });
    expect(result).toMatchObject({ value: { total: 2 }, write: { stage: 'dualwrite', other: 'applied' } });
    expect(find('a')).toEqual({ old: { total: 2 }, new: { total: 2 } });
    expect((await orders.read('a')).stage).toBe('complete');
  });

  test('is asked anew for what a read-modify-write has left behind, once that has ended', async () => {
    const { orders, serve, find } = await create('off');
    let end = (): void => undefined;
    const ended = new Promise<void>((resolve) => (end = resolve));
    let late: Promise<unknown> | undefined;
    await orders.update('a', () => {
      late = ended.then(() => orders.write('a', { total: 2 }));
      return { total: 1 };
    });
    serve('complete');
    end();
    expect(await late).toMatchObject({ origin: 'new', stage: 'complete' });
    expect(find('a')).toEqual({ old: { total: 1 }, new: { total: 2 } });
  });

  test('stays for a read-modify-write within another of the same record, and for the rest of that', async () => {
    const { orders, serve } = await create('dualwrite');
    const seen: Stage[] = [];
    await orders.update('a', async () => {
      serve('complete');
      await orders.update('a', () => undefined);
      seen.push((await orders.read('a')).stage);
      return undefined;
    });
    expect(seen).toEqual(['dualwrite']);
  });

  test('records may be found by something else than their key', async () => {
    const { client, stores } = await create('dualwrite');
    const lines = client.migration<Order, readonly [number, number]>('lines', { ...stores, key: (id) => id.join('/') });
    await lines.write([4, 2], { total: 1 });
    expect([...stores.old.records.keys()]).toEqual(['4/2']);
  });
});

describe('versions', () => {
  test('of a write are above the one that it has read, whoever gave that', async () => {
    const { orders, platform, stores, log } = await create('dualwrite');
    const ahead = { now: () => platform.clock.now() + 60_000 };
    const other = new VersionClock({ id: 'other', clock: ahead, hash: platform.hash, log });
    const version = other.next();
    for (const store of [stores.old, stores.new]) store.records.set('a', { value: { total: 1 }, version });
    const { write } = await orders.update('a', () => ({ total: 2 }));
    expect(write?.other).toBe('applied');
    expect(stores.old.requests).toEqual(['read a', 'write a']);
  });

  test('of a write that somebody ahead of us was before are raised, so that no acknowledged write is lost', async () => {
    const { orders, platform, stores, find, log } = await create('dualwrite');
    const ahead = { now: () => platform.clock.now() + 60_000 };
    const other = new VersionClock({ id: 'other', clock: ahead, hash: platform.hash, log });
    const version = other.next();
    for (const store of [stores.old, stores.new]) store.records.set('a', { value: { total: 1 }, version });
    expect((await orders.write('a', { total: 2 })).other).toBe('applied');
    expect(find('a')).toEqual({ old: { total: 2 }, new: { total: 2 } });
  });

  test('from so far ahead that a clock is wrong make the write fail', async () => {
    const { orders, platform, stores, log } = await create('dualwrite');
    const ahead = { now: () => platform.clock.now() + 7_200_000 };
    const version = new VersionClock({ id: 'other', clock: ahead, hash: platform.hash, log }).next();
    stores.old.records.set('a', { value: { total: 1 }, version });
    await expect(orders.write('a', { total: 2 })).rejects.toMatchObject({ code: 'stale' });
    expect(log.lines).toHaveLength(1);
  });
});

describe('the other side of a write', () => {
  test('that fails is repaired', async () => {
    const { orders, stores, find, clock } = await create('live');
    stores.old.before = down;
    expect((await orders.write('a', { total: 1 })).other).toBe('queued');
    expect(orders.status().repairs.depth).toBe(1);
    stores.old.before = () => undefined;
    await clock.advance(1000);
    expect(find('a')).toEqual({ old: { total: 1 }, new: { total: 1 } });
    expect(orders.status()).toMatchObject({ repairs: { depth: 0 }, isDirty: false, detached: 0, hasContact: true });
  });

  test.each<[Stage, Side]>([
    ['complete', 'old'],
    ['off', 'new'],
  ])('that is gone is not repaired any more once all records are in %s', async (stage, gone) => {
    const { orders, stores, serve, clock, log } = await create(gone === 'old' ? 'rampdown' : 'dualwrite');
    stores[gone].before = down;
    await orders.write('a', { total: 1 });
    await clock.advance(60_000);
    expect(orders.status().repairs.depth).toBe(1);
    serve(stage);
    await clock.advance(60_000);
    expect(orders.status().repairs.depth).toBe(0);
    expect(stores[gone].records.size).toBe(0);
    expect(log.lines.at(-1)).toBe('info: migration orders: records can be repaired again');
  });

  test('is repaired as long as some records are kept there', async () => {
    const { orders, stores, testData, find, clock } = await create('rampdown');
    stores.old.before = down;
    await orders.write('a', { total: 1 });
    const clauses = [{ contextKind: 'record', attribute: 'key', op: 'in', values: ['a'] }] as const;
    testData.setFlag({
      ...{ key: 'orders', on: true, variations: [...stages] },
      fallthrough: { rollout: { contextKind: 'record', variations: [{ variation: 4, weight: 100_000 }] } },
      rules: [{ clauses, variation: 5 }],
    });
    await clock.advance(60_000);
    expect(orders.status().repairs.depth).toBe(1);
    stores.old.before = () => undefined;
    await clock.advance(60_000);
    expect(find('a').old).toEqual({ total: 1 });
  });

  test('is not given up where no flag says that it is gone', async () => {
    const { orders, stores, find, clock } = await create(undefined, { default: 'live' });
    stores.old.before = down;
    await orders.write('a', { total: 1 });
    await clock.advance(60_000);
    expect(orders.status().repairs.depth).toBe(1);
    stores.old.before = () => undefined;
    await clock.advance(60_000);
    expect(find('a').old).toEqual({ total: 1 });
  });

  test('of a stage that is gone has what the other one lacks put there, where it can be read', async () => {
    const { orders, stores, serve, find, clock } = await create('dualwrite');
    stores.new.before = down;
    await orders.write('a', { total: 1 });
    serve('complete');
    stores.new.before = () => undefined;
    await clock.advance(60_000);
    expect(find('a').new).toEqual({ total: 1 });
  });

  test('that takes long is not waited for, and goes on', async () => {
    const { orders, stores, find, clock } = await create('dualwrite');
    stores.new.before = () => new Promise((resolve) => void clock.after(1000, resolve));
    let result: unknown;
    void orders.write('a', { total: 1 }).then((written) => (result = written.other));
    await clock.advance(49);
    expect(result).toBeUndefined();
    await clock.advance(1);
    expect([result, orders.status().detached, find('a').new]).toEqual(['pending', 1, undefined]);
    await clock.advance(1000);
    expect([orders.status().detached, orders.status().repairs.depth, find('a').new]).toEqual([0, 0, { total: 1 }]);
  });

  test('that hangs is given up after 5 s, and repaired', async () => {
    const { orders, stores, find, clock } = await create('dualwrite');
    stores.new.before = hang;
    void orders.write('a', { total: 1 });
    await clock.advance(4999);
    expect(orders.status()).toMatchObject({ detached: 1, repairs: { depth: 0 } });
    await clock.advance(1);
    stores.new.before = () => undefined;
    await clock.advance(100);
    expect(find('a').new).toEqual({ total: 1 });
    expect(orders.status().detached).toBe(0);
  });

  test('that hangs for all is not asked any more when nobody waits for 256', async () => {
    const { orders, stores, clock } = await create('dualwrite');
    stores.new.before = hangForever;
    const others: string[] = [];
    const write = (key: string) => orders.write(key, { total: 1 }).then(({ other }) => others.push(other));
    for (let index = 0; index < 256; index++) void write(`k${index}`);
    await clock.advance(50);
    expect(orders.status().detached).toBe(256);
    for (let index = 256; index < 260; index++) void write(`k${index}`);
    await settle();
    expect(others.filter((other) => other === 'queued')).toHaveLength(4);
    expect(stores.new.requests).toHaveLength(256);
  });

  test('that answers in time is asked by however many wait', async () => {
    const { orders, stores, clock } = await create('dualwrite');
    stores.new.before = () => new Promise((resolve) => void clock.after(40, resolve));
    const others: string[] = [];
    for (let index = 0; index < 300; index++)
      void orders.write(`k${index}`, { total: 1 }).then(({ other }) => others.push(other));
    await clock.advance(30);
    expect(orders.status().detached).toBe(0);
    await clock.advance(10);
    expect(others).toEqual(Array(300).fill('applied'));
  });

  test('that hangs counts also when it is given up while somebody waits for it', async () => {
    const { orders, stores, clock } = await create('dualwrite', { budgets: { otherWriteMs: 60_000 } });
    stores.new.before = hangForever;
    const writing = orders.write('a', { total: 1 });
    await clock.advance(5000);
    expect((await writing).other).toBe('queued');
    expect(orders.status().detached).toBe(1);
  });

  test('that hangs for all is asked by at most 20 repairs at once, until it is through with them', async () => {
    const { orders, stores, find, clock, log } = await create('dualwrite');
    const held: (() => void)[] = [];
    stores.new.before = () => new Promise((resolve) => void held.push(resolve));
    for (let index = 0; index < 30; index++) void orders.write(`k${index}`, { total: 1 });
    await clock.advance(120_000);
    const reads = () => stores.new.requests.filter((request) => request.startsWith('read'));
    expect(reads()).toHaveLength(20);
    expect(log.lines).toEqual([expect.stringMatching(/cannot be repaired yet: .*read of the new store took longer/)]);
    stores.new.before = () => undefined;
    for (const end of held) end();
    await clock.advance(60_000);
    expect(orders.status().repairs.depth).toBe(0);
    expect(find('k29').new).toEqual({ total: 1 });
  });

  test('that has a later write keeps it', async () => {
    const { orders, put, find } = await create('dualwrite');
    put('new', 'a', 9, 'z');
    expect((await orders.write('a', { total: 1 })).other).toBe('stale');
    expect(find('a').new).toEqual({ total: 9 });
  });
});

describe('a write of which nobody knows whether it took effect', () => {
  test.each<[Stage, Side]>([
    ['dualwrite', 'old'],
    ['live', 'new'],
  ])('is brought to the other side if it did, in %s', async (stage, authority) => {
    const { orders, stores, find, clock } = await create(stage);
    stores[authority].after = down;
    await expect(orders.write('a', { total: 1 })).rejects.toThrow('down');
    stores[authority].after = () => undefined;
    await clock.advance(10_000);
    expect(find('a')).toEqual({ old: { total: 1 }, new: { total: 1 } });
  });

  test('is looked for once more, as it may arrive late', async () => {
    const { orders, stores, find, clock } = await create('dualwrite', { budgets: { answerMs: 200 } });
    stores.old.before = ({ operation }) =>
      operation === 'write' ? new Promise((resolve) => void clock.after(2000, resolve)) : undefined;
    const error = orders.write('a', { total: 1 }).catch((reason: unknown) => reason);
    await clock.advance(200);
    expect(await error).toMatchObject({ code: 'timeout', message: expect.stringContaining('write of the old store') });
    await clock.advance(1000);
    expect(find('a')).toEqual({ old: undefined, new: undefined });
    await clock.advance(10_000);
    expect(find('a')).toEqual({ old: { total: 1 }, new: { total: 1 } });
  });

  test('is repaired when its caller went away', async () => {
    const { orders, stores, find, clock } = await create('dualwrite');
    stores.old.after = hang;
    const caller = new AbortController();
    const error = orders
      .write('a', { total: 1 }, undefined, { signal: caller.signal })
      .catch((reason: unknown) => reason);
    await settle();
    caller.abort('gone');
    expect(await error).toBe('gone');
    stores.old.after = () => undefined;
    await clock.advance(10_000);
    expect(find('a')).toEqual({ old: { total: 1 }, new: { total: 1 } });
  });

  test('is repaired when it took effect long after it was given up', async () => {
    const { orders, stores, find, clock } = await create('live', { budgets: { answerMs: 200 } });
    stores.new.before = ({ operation }) =>
      operation === 'write' ? new Promise((resolve) => void clock.after(60_000, resolve)) : undefined;
    const error = orders.write('a', { total: 1 }).catch((reason: unknown) => reason);
    await clock.advance(59_999);
    expect(await error).toMatchObject({ code: 'timeout' });
    expect(find('a')).toEqual({ old: undefined, new: undefined });
    await clock.advance(10_001);
    expect(find('a')).toEqual({ old: { total: 1 }, new: { total: 1 } });
    expect(orders.status().repairs.depth).toBe(0);
  });

  test('keeps its record from being answered by the other side until it has ended', async () => {
    const { orders, stores, put, clock } = await create('live', { budgets: { answerMs: 200 }, failover: true });
    for (const side of ['old', 'new'] as const) put(side, 'a', 1);
    stores.new.before = ({ operation }) =>
      operation === 'write' ? new Promise((resolve) => void clock.after(60_000, resolve)) : undefined;
    void orders.write('a', { total: 2 }).catch(() => undefined);
    await clock.advance(59_000);
    stores.new.before = ({ operation }) => (operation === 'read' ? down() : undefined);
    await expect(orders.read('a')).rejects.toThrow('down');
  });

  test('is none when its caller was gone before, or the store says that it did not take it', async () => {
    const { orders, stores } = await create('dualwrite');
    const signal = AbortSignal.abort('gone');
    await expect(orders.write('a', { total: 1 }, undefined, { signal })).rejects.toBe('gone');
    expect(stores.old.requests).toEqual([]);
    stores.old.before = async () => {
      throw new NotAccepted('full');
    };
    await expect(orders.write('a', { total: 1 })).rejects.toThrow('full');
    expect(orders.status().repairs.depth).toBe(0);
  });
});

describe('a read that fails', () => {
  test.each(stages)('is answered by the other side only if that is asked for, and fresh: %s', async (stage) => {
    const { authority } = stagePlans[stage];
    const other: Side = authority === 'old' ? 'new' : 'old';
    const mayFailOver = stage === 'live' || stage === 'rampdown';
    for (const failover of [true, false]) {
      const { orders, stores, put } = await create(stage, { failover });
      put(other, 'a', 1);
      stores[authority].before = down;
      if (failover && mayFailOver) expect(await orders.read('a')).toMatchObject({ origin: other, value: { total: 1 } });
      else await expect(orders.read('a')).rejects.toThrow('down');
      // Nothing there proves nothing.
      await expect(orders.read('b')).rejects.toThrow('down');
    }
  });

  test('is not answered by the other side while that waits for a repair, or is being written', async () => {
    const { orders, stores, put, clock } = await create('live', { failover: true });
    put('old', 'a', 1);
    put('old', 'b', 1);
    stores.old.before = ({ operation }) => (operation === 'write' ? down() : undefined);
    await orders.write('a', { total: 2 });
    stores.old.before = ({ operation }) => (operation === 'write' ? hangForever() : undefined);
    const writing = orders.write('b', { total: 2 });
    await settle();
    stores.new.before = down;
    for (const key of ['a', 'b']) await expect(orders.read(key)).rejects.toThrow('down');
    await clock.advance(50);
    expect((await writing).other).toBe('pending');
    await expect(orders.read('b')).rejects.toThrow('down');
  });

  test('is not asked for a caller that is gone already', async () => {
    const { orders, stores } = await create('off');
    stores.old.before = hangForever;
    const signal = AbortSignal.abort('gone');
    await expect(orders.read('a', undefined, { signal })).rejects.toBe('gone');
    await expect(orders.update('a', () => ({ total: 1 }), undefined, { signal })).rejects.toBe('gone');
    expect(stores.old.requests).toEqual([]);
  });

  test('within its time only', async () => {
    const { orders, stores, clock } = await create('off', { budgets: { answerMs: 100 } });
    stores.old.before = hang;
    const error = orders.read('a').catch((reason: unknown) => reason);
    await clock.advance(100);
    expect(await error).toMatchObject({
      code: 'timeout',
      message: 'migration orders: read of the old store took longer than 100 ms',
    });
  });
});

describe('comparing', () => {
  test('never delays the answer, however the other side hangs, and is bounded', async () => {
    const { orders, stores, put, clock, observed } = await create('shadow');
    put('old', 'a', 1);
    stores.new.before = hangForever;
    for (let index = 0; index < 100; index++) expect((await orders.read('a')).value).toEqual({ total: 1 });
    await clock.advance(250);
    for (let index = 0; index < 100; index++) await orders.read('a');
    await clock.advance(250);
    // What hangs keeps its place.
    expect(stores.new.requests).toHaveLength(64);
    expect(orders.status().comparisons).toMatchObject({ compared: 0, dropped: 200, failed: 0 });
    expect(observed.filter((each) => each.kind === 'comparison' && each.outcome === 'dropped')).toHaveLength(200);
  });

  test('has room again once what hung was aborted', async () => {
    const { orders, stores, put, clock } = await create('live');
    put('new', 'a', 1);
    put('old', 'a', 1);
    stores.old.before = hang;
    for (let index = 0; index < 70; index++) await orders.read('a');
    await clock.advance(250);
    stores.old.before = () => undefined;
    await orders.read('a');
    await clock.advance(1);
    expect(orders.status().comparisons).toMatchObject({ compared: 1, dropped: 70 });
  });

  test('counts a mismatch that is there still when both sides are read again', async () => {
    const mismatches: unknown[] = [];
    const { orders, put, clock, observed } = await create('live', {
      compare: { onMismatch: (each) => mismatches.push(each) },
    });
    put('old', 'a', 1, '3');
    put('new', 'a', 2, '4');
    await orders.read('a');
    await clock.advance(499);
    expect([mismatches, orders.status().comparisons.compared]).toEqual([[], 0]);
    await clock.advance(1);
    const differences = [{ path: 'total', old: '1', new: '2' }];
    expect(mismatches).toEqual([
      { migration: 'orders', key: 'a', stage: 'live', versions: { old: '3', new: '4' }, differences },
    ]);
    expect(orders.status().comparisons).toEqual({
      compared: 1,
      transient: 0,
      persistent: 1,
      ignored: 0,
      dropped: 0,
      failed: 0,
      byPath: { total: 1 },
    });
    expect(observed.at(-1)).toEqual({
      kind: 'comparison',
      migration: 'orders',
      stage: 'live',
      cohort: 'default',
      outcome: 'persistent',
      ignored: 0,
      differences,
      record: 'a',
      versions: { old: '3', new: '4' },
    });
  });

  test('tells whoever observes neither values nor the key where no values are to be shown', async () => {
    const { orders, put, clock, observed } = await create('live', { compare: { redact: true } });
    put('old', 'ann@example.com', 1);
    put('new', 'ann@example.com', 2);
    await orders.read('ann@example.com');
    await clock.advance(500);
    const told = observed.at(-1);
    expect(told).toMatchObject({ outcome: 'persistent', differences: [{ old: '(redacted)', new: '(redacted)' }] });
    expect(told).toHaveProperty('record', createHash('sha256').update('ann@example.com').digest('base64'));
  });

  test('tells apart a mismatch that has gone by then', async () => {
    const { orders, put, clock } = await create('shadow');
    put('old', 'a', 1);
    await orders.read('a');
    await clock.advance(100);
    put('new', 'a', 1);
    await clock.advance(400);
    expect(orders.status().comparisons).toMatchObject({ compared: 1, transient: 1, persistent: 0, byPath: {} });
  });

  test('waits for a record that is being written, and counts no mismatch for it', async () => {
    const { orders, put, clock } = await create('shadow');
    put('old', 'a', 1, '1');
    await orders.read('a');
    for (let at = 2; at <= 4; at++) {
      // Another process is between its two writes at each look.
      put('new', 'a', at - 1, `${at - 1}`);
      put('old', 'a', at, `${at}`);
      await clock.advance(500);
      expect(orders.status().comparisons).toMatchObject({ compared: 0, persistent: 0 });
    }
    put('new', 'a', 4, '4');
    await clock.advance(500);
    expect(orders.status().comparisons).toMatchObject({ compared: 1, transient: 1, persistent: 0, dropped: 0 });
  });

  test('gives up where a record waits to be repaired for longer, and counts no mismatch for it', async () => {
    const { orders, stores, clock } = await create('live');
    stores.old.before = ({ operation }) => (operation === 'write' ? down() : undefined);
    await orders.write('a', { total: 1 });
    await orders.read('a');
    await clock.advance(5000);
    expect(orders.status()).toMatchObject({
      comparisons: { compared: 0, persistent: 0, dropped: 1 },
      repairs: { depth: 1 },
    });
  });

  test('counts content that differs under one version, however often the record is written', async () => {
    const { orders, put, clock } = await create('shadow');
    put('old', 'a', 1, '1');
    put('new', 'a', 10, '1');
    await orders.read('a');
    for (const [side, total] of [
      ['old', 2],
      ['new', 20],
    ] as const)
      put(side, 'a', total, '2');
    await clock.advance(500);
    expect(orders.status().comparisons).toMatchObject({ compared: 1, persistent: 1 });
  });

  test('says once which rule has expired, and counts what rules ignore', async () => {
    const rule = { path: 'total', reason: 'rounded', owner: 'ann' };
    const settings = (expiresAt: string) => ({ compare: { ignore: [{ ...rule, expiresAt }] } });
    const [good, expired] = await Promise.all(
      ['2026-01-02', '2026-01-01'].map((date) => create('shadow', settings(date))),
    );
    for (const each of [good, expired]) {
      each?.put('old', 'a', 1);
      each?.put('new', 'a', 2);
      await each?.orders.read('a');
      await each?.orders.read('a');
      await each?.clock.advance(1000);
    }
    expect(good?.orders.status().comparisons).toMatchObject({ compared: 2, ignored: 2, persistent: 0 });
    expect(expired?.orders.status().comparisons).toMatchObject({ compared: 2, ignored: 0, persistent: 2 });
    expect(expired?.log.lines).toEqual([
      'warn: migration orders: differences at total count again: that ann ignored them (rounded) ended on 2026-01-01',
    ]);
  });

  test('takes a share of records, always the same ones, and of all others some', async () => {
    const compare = { sample: { share: 0.3, random: 0 } };
    const { orders, clock, stores } = await create('shadow', { compare });
    const readAll = async () => {
      stores.new.requests.length = 0;
      for (let index = 0; index < 200; index++) {
        await orders.read(`k${index}`);
        await clock.advance(0);
      }
      await settle();
      return [...stores.new.requests];
    };
    const first = await readAll();
    expect(first.length).toBeGreaterThan(40);
    expect(first.length).toBeLessThan(80);
    expect(await readAll()).toEqual(first);
    const some = await create('shadow', { compare: { sample: { share: 0, random: 0.4 } } });
    some.platform.randomValue = 0.41;
    await some.orders.read('a');
    some.platform.randomValue = 0.39;
    await some.orders.read('b');
    await settle();
    expect(some.stores.new.requests).toEqual(['read b']);
  });

  test('of a sampled read for which the process has no time is counted as dropped, and of no other', async () => {
    const { orders, clock, stores } = await create('shadow', { compare: { sample: { share: 0.5, random: 0.1 } } });
    const readAll = async () => {
      for (let index = 0; index < 200; index++) {
        await orders.read(`k${index}`);
        await clock.advance(0);
      }
    };
    await readAll();
    const { compared, dropped } = orders.status().comparisons;
    expect([stores.new.requests.length, dropped]).toEqual([compared, 0]);
    // The event loop is late, and the share that may be compared is halved.
    const after = clock.after.bind(clock);
    clock.after = (delayMs, callback) => after(delayMs + 60, callback);
    await clock.advance(5100);
    await readAll();
    const both = orders.status().comparisons;
    expect(both.compared + both.dropped).toBe(2 * compared);
    expect(both.dropped / compared).toBeGreaterThan(0.3);
    expect(both.dropped / compared).toBeLessThan(0.7);
    expect(stores.new.requests).toHaveLength(both.compared);
  });

  test('goes on when whoever observes it fails, which is said once', async () => {
    const observe = (): void => {
      throw new Error('no room');
    };
    const { orders, put, clock, log } = await create('shadow', {}, { observe });
    put('old', 'a', 1);
    put('new', 'a', 2);
    await orders.read('a');
    await orders.read('a');
    await clock.advance(1000);
    expect(orders.status().comparisons).toMatchObject({ compared: 2, persistent: 2 });
    expect(log.lines).toEqual([
      'error: migration orders: whoever is told of calls and comparisons failed: Error: no room',
    ]);
  });

  test('tells of a mismatch whatever whoever observes it does', async () => {
    const mismatches: unknown[] = [];
    const observe = ({ kind }: { readonly kind: string }): void => {
      if (kind === 'comparison') throw new Error('no room');
    };
    const compare = { onMismatch: (each: unknown) => void mismatches.push(each) };
    const { orders, put, clock } = await create('shadow', { compare }, { observe });
    put('old', 'a', 1);
    await orders.read('a');
    await clock.advance(1000);
    expect(mismatches).toHaveLength(1);
  });

  test('that fails is counted, and nothing else', async () => {
    const { orders, stores, put } = await create('shadow');
    put('old', 'a', 1);
    stores.new.before = down;
    expect((await orders.read('a')).value).toEqual({ total: 1 });
    await settle();
    expect(orders.status().comparisons).toMatchObject({ compared: 0, failed: 1 });
  });
});

describe('without contact to the server', () => {
  test('a strict migration does nothing until a payload was confirmed', async () => {
    const { orders } = await create(undefined, { strict: true }, { contact: false });
    await expect(orders.read('a')).rejects.toMatchObject({ code: 'lease' });
    await expect(orders.write('a', { total: 1 })).rejects.toThrow(/no payload was confirmed/);
  });

  test('a strict migration refuses writes in off, and goes on where nobody has to wait for it', async () => {
    const { orders, loseContact, serve } = await create('off', { strict: true });
    await orders.write('a', { total: 1 });
    loseContact();
    for (const write of [() => orders.write('a', { total: 2 }), () => orders.remove('a')])
      await expect(write()).rejects.toMatchObject({ code: 'lease', message: /contact with the server is lost/ });
    expect((await orders.read('a')).value).toEqual({ total: 1 });
    expect(orders.status().hasContact).toBe(false);
    // A change that comes after all is contact.
    serve('dualwrite');
    expect((await orders.write('a', { total: 3 })).stage).toBe('dualwrite');
  });

  test('others go on, and raise an alarm of writes in off, every minute as long as it is so', async () => {
    const { orders, log, clock } = await create(undefined, {}, { contact: false });
    const write = () => orders.write('a', { total: 1 });
    for (let times = 0; times < 3; times++) await write();
    await orders.read('a');
    const alarm = 'error: migration orders: 1 write in stage off was made without contact with the server';
    expect(log.lines).toEqual([expect.stringContaining(alarm)]);
    await clock.advance(59_999);
    await write();
    expect(log.lines).toHaveLength(1);
    await clock.advance(1);
    await write();
    expect(log.lines.slice(1)).toEqual([expect.stringContaining('4 writes in stage off were made without contact')]);
    await clock.advance(600_000);
    expect(log.lines).toHaveLength(2);
  });
});

/** A client that tells a server what it runs, with a migration between two stores in memory. */
async function createReporting(parts: Parts = {}, { isReady = true } = {}) {
  const [platform, log] = [createFakePlatform(), createFakeLog()];
  const told: Report[] = [];
  const identity = { key: 'web-1', session: 's-1', sdk: 'sluice-test/1', about: {} };
  const reporter = new Reporter({ identity, post: async () => [] }, platform);
  let sink: SourceSink | undefined;
  const create: CreateSource = (given) => {
    sink = given;
    return { start: () => undefined, close: () => undefined };
  };
  const scopes = new Scopes(
    { context: undefined, ambient: [] },
    { session: 's-1', log, telemetry: undefined, elapsed: () => platform.clock.elapsed() },
  );
  const client = new NodeClient(
    {
      sdkKey: '',
      log,
      reporter,
      telemetry: undefined,
      hooks: [],
      sources: [{ origin: 'socket', create }],
      cache: undefined,
      events: undefined,
      bigSegments: undefined,
      repairFolder: false,
    },
    platform,
    scopes,
  );
  onTestFinished(() => client.close());
  await settle();
  const commit = async (version: number): Promise<void> => {
    await sink?.commit({ kind: 'full', objects: [], state: `e1:${version}`, byVersion: true });
    sink?.confirm();
    await platform.clock.advance(1000);
  };
  const stores = { old: new MemoryStore<Order>(), new: new MemoryStore<Order>() };
  const orders = client.migration<Order>('orders', { ...stores, ...parts });
  sink?.line((text) => {
    const report: Report = JSON.parse(text);
    if (report.kind !== 'renewal') told.push(report);
  });
  if (isReady) await commit(3);
  /** The control plane has it as far as this by now. */
  const know = (state = 'e1:3'): void =>
    sink?.notice({ event: 'lease', mark: platform.clock.elapsed(), ageMs: 0, state });
  return { platform, told, commit, know, log, stores, orders };
}

test('an acknowledgement tells how many records are to be repaired, until they are', async () => {
  const { platform, told, stores, orders } = await createReporting({ default: 'dualwrite' });
  stores.new.before = down;
  for (const key of ['a', 'b']) await orders.write(key, { total: 1 });
  await platform.clock.advance(11_000);
  stores.new.before = () => undefined;
  await platform.clock.advance(60_000);
  const repairs = [{ migration: 'orders', depth: 2, oldestMs: expect.closeTo(10_000, -4) }];
  expect(told).toContainEqual(expect.objectContaining({ kind: 'acknowledgement', repairs }));
  expect(told.at(-1)).toMatchObject({ repairs: [] });
});

test('that a record is to be repaired is told at once', async () => {
  const { platform, told, stores, orders } = await createReporting({ default: 'dualwrite' });
  stores.new.before = down;
  await orders.write('a', { total: 1 });
  await platform.clock.advance(200);
  expect(told.at(-1)).toMatchObject({ kind: 'acknowledgement', repairs: [{ migration: 'orders', depth: 1 }] });
});

test('nothing is told of records to repair before the journal is read, and then what the process before left', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-journal-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const { clock, hash } = createFakePlatform();
  const before = new RepairJournal({ folder, log: createFakeLog() }, { clock, hash, createUuid: () => 'before' });
  await before.open('a');
  await before.end();
  const { platform, told } = await createReporting({ default: 'dualwrite', journal: folder });
  expect(told[0]).toMatchObject({ kind: 'hello' });
  expect(told[0]).not.toHaveProperty('running.repairs');
  await until(async () => {
    await platform.clock.advance(1000);
    return told.some((report) => 'repairs' in report);
  });
  expect(told.find((report) => 'repairs' in report)).toMatchObject({ repairs: [{ migration: 'orders', depth: 1 }] });
});

test('an acknowledgement tells that stores may differ in records that are not kept, until they do not', async () => {
  const { platform, told, stores, orders } = await createReporting({ default: 'dualwrite' });
  stores.new.before = down;
  for (let index = 0; index < 10_001; index++) await orders.write(`k${index}`, { total: 1 });
  expect(orders.status()).toMatchObject({ isDirty: true, repairs: { depth: 10_000, overflowed: 1 } });
  await platform.clock.advance(11_000);
  expect(told.at(-1)).toMatchObject({ repairs: [{ migration: 'orders', depth: 10_000, isDirty: true }] });
  await orders.markClean();
  await platform.clock.advance(11_000);
  expect(told.at(-1)).toMatchObject({ repairs: [{ migration: 'orders', depth: 10_000 }] });
  expect(JSON.stringify(told.at(-1))).not.toContain('isDirty');
});

test('an acknowledgement tells under which version the oldest operation began, and another one that it has ended', async () => {
  const { platform, told, commit, stores, orders } = await createReporting();
  let finish = (): void => undefined;
  stores.old.before = () => new Promise((resolve) => (finish = resolve));
  const writing = orders.write('a', { total: 1 });
  await commit(4);
  finish();
  await writing;
  await platform.clock.advance(1000);
  expect(told.slice(1)).toMatchObject([{ state: 'e1:3' }, { state: 'e1:4', oldestVersion: 3 }, { state: 'e1:4' }]);
  expect(told.map((report) => 'oldestVersion' in report)).toEqual([false, false, true, false]);
});

test.each<[Stage]>([['off'], ['dualwrite'], ['complete']])(
  'a write in %s that was given up runs until the store is through with it',
  async (stage) => {
    const { platform, told, commit, stores, orders } = await createReporting({
      default: stage,
      budgets: { answerMs: 200 },
    });
    const store = stores[stagePlans[stage].authority];
    let finish = (): void => undefined;
    store.before = () => new Promise((resolve) => (finish = resolve));
    const error = orders.write('a', { total: 1 }).catch((reason: unknown) => reason);
    await platform.clock.advance(200);
    expect(await error).toMatchObject({ code: 'timeout' });
    store.before = () => undefined;
    await commit(4);
    expect(told.at(-1)).toMatchObject({ state: 'e1:4', oldestVersion: 3 });
    finish();
    await platform.clock.advance(1000);
    expect(told.at(-1)).not.toHaveProperty('oldestVersion');
  },
);

test('tells of each call of a store', async () => {
  const { orders, stores, observed } = await create('dualwrite');
  stores.new.before = down;
  await orders.write('a', { total: 1 });
  await orders.read('a');
  const of = { kind: 'call', migration: 'orders', stage: 'dualwrite', cohort: 'default', durationMs: 0 };
  expect(observed).toEqual([
    { ...of, operation: 'write', side: 'old', role: 'authority', outcome: 'ok' },
    { ...of, operation: 'write', side: 'new', role: 'other', outcome: 'failed' },
    { ...of, operation: 'read', side: 'old', role: 'authority', outcome: 'ok' },
  ]);
});

test('tells by which cohort a record came into its stage', async () => {
  const { orders, testData, observed, put } = await create(undefined);
  testData.setFlag({
    key: 'orders',
    on: true,
    variations: [...stages],
    fallthrough: { variation: 1 },
    rules: [
      { id: 'first', clauses: [{ contextKind: 'record', attribute: 'key', op: 'in', values: ['a'] }], variation: 2 },
    ],
  });
  put('old', 'a', 1);
  put('new', 'a', 1);
  await orders.read('b');
  await orders.read('a');
  await settle();
  expect(observed.map(({ kind, stage, cohort }) => [kind, stage, cohort])).toEqual([
    ['call', 'dualwrite', 'default'],
    ['call', 'shadow', 'first'],
    ['call', 'shadow', 'first'],
    ['comparison', 'shadow', 'first'],
  ]);
});

test.each<[object, RegExp]>([
  [{ new: {} }, /new\.read must be a function, got undefined/],
  [{ default: 'sideways' }, /default must be one of off, dualwrite.*got "sideways"/],
  [{ budgets: { compareMs: 0 } }, /budgets\.compareMs must be milliseconds above 0 and at most 2147483647, got 0/],
  [{ compare: { sample: { share: 2 } } }, /compare\.sample\.share must be from 0 to 1, got 2/],
  [{ compare: { recheckMs: -1 } }, /compare\.recheckMs must be milliseconds from 0 to 2147483647, got -1/],
  [{ compare: { recheckMs: '500' } }, /compare\.recheckMs must be milliseconds .*, got "500"/],
  [{ compare: { sample: { random: '0.5' } } }, /compare\.sample\.random must be from 0 to 1, got "0\.5"/],
  [{ compare: { sample: 0.5 } }, /compare\.sample must be an object with share and random, got 0\.5/],
  [{ compare: { onMismatch: 'log' } }, /compare\.onMismatch must be a function, got "log"/],
  [{ compare: null }, /compare must be an object .*, got null/],
  [{ old: undefined }, /old must be a store, got undefined/],
  [{ budgets: 50 }, /budgets must be an object of milliseconds, got 50/],
  [{ budgets: { answerMs: '100' } }, /budgets\.answerMs must be milliseconds above 0 .*, got "100"/],
  [{ strict: 'yes' }, /strict must be true or false, got "yes"/],
  [{ journal: 5 }, /journal must be a folder, or false for memory, got 5/],
  [{ compare: { unordered: ['a..b'] } }, /compare: unordered\[0\] must have a path/],
  [{ key: 'id' }, /key must be a function that names a record, got "id"/],
  [{ journal: '' }, /journal must be a folder, or false for memory/],
])('options that cannot be right are told: %j', async (parts, message) => {
  const { client, stores } = await create('off');
  const make = () => client.migration('other', { ...stores, ...parts } as MigrationSettings<Order>);
  expect(make).toThrow(SluiceError);
  expect(make).toThrow(message);
});

test('a migration is made once', async () => {
  const { client, stores } = await create('off');
  expect(() => client.migration('orders', stores)).toThrow(/migration orders: there is one already/);
  expect(() => client.migration('../orders', stores)).toThrow(/the key must be made of letters/);
});

describe('strict, where a server knows of it', () => {
  test('begins once the server does, and refuses what it is asked before that', async () => {
    const { platform, orders, know } = await createReporting({ strict: true });
    const first = orders.write('a', { total: 1 });
    await platform.clock.advance(100);
    know();
    expect((await first).stage).toBe('off');
  });

  test('does nothing at all behind an edge that cannot ask the server, and says why', async () => {
    const { platform, orders, stores } = await createReporting({ strict: true });
    const refused = [orders.write('a', { total: 1 }), orders.read('a')].map((operation) =>
      expect(operation).rejects.toMatchObject({ code: 'lease', message: /an edge before it may have lost the server/ }),
    );
    await platform.clock.advance(5000);
    await Promise.all(refused);
    await expect(orders.read('a')).rejects.toMatchObject({ code: 'lease' });
    expect(stores.old.requests).toEqual([]);
  });

  test('refuses writes in off when the server has not known of it for 45 s, whatever the connection looks like', async () => {
    const { platform, orders, know } = await createReporting({ strict: true });
    know();
    await orders.write('a', { total: 1 });
    await platform.clock.advance(44_999);
    await orders.write('a', { total: 2 });
    await platform.clock.advance(1);
    await expect(orders.write('a', { total: 3 })).rejects.toMatchObject({ code: 'lease' });
    know();
    await orders.write('a', { total: 4 });
  });

  test.each(['lost', 'lost and found'])('does not acknowledge a write during which it was %s', async (how) => {
    const { platform, orders, know, stores } = await createReporting({ strict: true });
    know();
    const { promise, resolve } = Promise.withResolvers<void>();
    stores.old.before = () => promise;
    const written = orders.write('a', { total: 1 });
    await platform.clock.advance(45_000);
    if (how === 'lost and found') know();
    resolve();
    await expect(written).rejects.toMatchObject({ code: 'lease', message: /the old store has it/ });
    expect(stores.old.records.get('a')?.value).toEqual({ total: 1 });
  });

  test('does not write what it began to make before it was lost and found', async () => {
    const { platform, orders, know, stores } = await createReporting({ strict: true });
    know();
    const updated = orders.update('a', async () => {
      await platform.clock.advance(45_000);
      know();
      return { total: 1 };
    });
    await expect(updated).rejects.toMatchObject({ code: 'lease' });
    expect(stores.old.records.size).toBe(0);
  });
});

test('one that has just begun gives no alarm before the server could know of it', async () => {
  const { platform, orders, know, log } = await createReporting();
  const alarms = (): number => log.lines.filter((line) => line.includes('without contact')).length;
  await orders.write('a', { total: 1 });
  know();
  await platform.clock.advance(10_000);
  expect(alarms()).toBe(0);
  await platform.clock.advance(35_000);
  await orders.write('a', { total: 1 });
  expect(alarms()).toBe(1);
  // It came back, and is lost again.
  know();
  await platform.clock.advance(45_000);
  await orders.write('a', { total: 1 });
  expect(alarms()).toBe(1);
  await platform.clock.advance(15_000);
  await orders.write('a', { total: 1 });
  expect(alarms()).toBe(2);
});

test('an operation that began before there was any payload is told as older than all', async () => {
  const { platform, told, orders, stores, commit } = await createReporting({}, { isReady: false });
  const { promise, resolve } = Promise.withResolvers<void>();
  stores.old.before = () => promise;
  const written = orders.write('a', { total: 1 });
  await settle();
  await commit(3);
  expect(told.at(-1)).toMatchObject({ kind: 'acknowledgement', state: 'e1:3', oldestVersion: 0 });
  resolve();
  await written;
  await platform.clock.advance(1000);
  expect(told.at(-1)).not.toHaveProperty('oldestVersion');
});

test('once the client is closed, reads are answered and not compared any more', async () => {
  const { client, orders, put, stores } = await create('shadow');
  put('old', 'a', 1);
  await client.close();
  expect((await orders.read('a')).value).toEqual({ total: 1 });
  await settle();
  expect(stores.new.requests).toEqual([]);
});
