import type { Stage } from '@sluice/engine';
import { flagOf } from '@sluice/testkit';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { MemoryStore } from '../proofs/memory-store.ts';
import { createClient, type MigrationSettings, type Options } from '../src/index.ts';
import { type Json, serveEvents, streamOf } from './driver.ts';
import { type StandIn, startStandIn } from './harness-stand-in.ts';

/** What our own helper tells a server that wants to know of each operation. */
let standIn: StandIn;

beforeAll(async () => {
  standIn = await startStandIn();
});

afterAll(() => standIn.close());

interface Order {
  readonly total: number;
}

const ann = { kind: 'user', key: 'ann' };
const aTime = expect.any(Number);
const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

async function start(stage: Stage, settings: Partial<MigrationSettings<Order>> = {}) {
  const flag = flagOf('orders', { version: 7, variations: [stage] });
  const sink = serveEvents(standIn);
  const { promise: compared, resolve: noteCompared } = Promise.withResolvers<void>();
  const client = createClient({
    ...{ protocol: 'fdv1', mode: 'stream', sdkKey: 'sdk-key', cacheFolder: false, log: silent },
    url: standIn.serve(streamOf([flag]).handler).url,
    eventsUrl: sink.endpoint.url,
    events: { flushPeriodMs: 1_000_000 },
    onMigration: ({ kind }) => {
      if (kind === 'comparison') noteCompared();
    },
  });
  onTestFinished(() => client.close());
  expect(await client.ready()).toBe(true);
  const stores = { old: new MemoryStore<Order>(), new: new MemoryStore<Order>() };
  stores.old.put('1', { value: { total: 1 }, version: '' });
  stores.new.put('1', { value: { total: 2 }, version: '' });
  const orders = client.migration<Order>('orders', { ...stores, journal: false, ...settings });
  const flush = async (): Promise<Json[]> => {
    await client.flush();
    return sink.next();
  };
  return { orders, stores, compared, flush };
}

const opsOf = (events: readonly Json[]): Json[] => events.filter(({ kind }) => kind === 'migration_op');

test('a read is told when it was compared, for whom it was, and never of which record', async () => {
  const { orders, compared, flush } = await start('shadow', { compare: { sample: { share: 1 } } });
  await orders.read('1', ann);
  await compared;
  expect(await flush()).toEqual([
    { kind: 'index', creationDate: aTime, context: ann },
    {
      kind: 'migration_op',
      operation: 'read',
      creationDate: aTime,
      context: ann,
      evaluation: {
        key: 'orders',
        value: 'shadow',
        default: 'off',
        reason: { kind: 'FALLTHROUGH' },
        variation: 0,
        version: 7,
      },
      measurements: [
        { key: 'invoked', values: { old: true, new: true } },
        { key: 'consistent', value: false, samplingRatio: 1 },
        { key: 'latency_ms', values: { old: aTime, new: aTime } },
      ],
    },
    expect.objectContaining({ kind: 'summary' }),
  ]);
});

test('a read that is not compared names one side; who reads many records is reported once', async () => {
  const { orders, flush } = await start('shadow', { compare: { sample: { share: 0, random: 0 } } });
  for (const id of ['1', '2', '3']) await orders.read(id, ann);
  const events = await flush();
  expect(events.filter(({ kind }) => kind === 'index')).toHaveLength(1);
  expect(opsOf(events).map(({ measurements }) => measurements[0].values)).toEqual([
    { old: true },
    { old: true },
    { old: true },
  ]);
});

test('a write names both sides, and the one that failed; what is for nobody is not told', async () => {
  const { orders, stores, flush } = await start('live');
  stores.old.before = async () => {
    throw new Error('down');
  };
  await orders.write('2', { total: 3 });
  expect(await orders.write('1', { total: 3 }, ann)).toMatchObject({ other: 'queued' });
  stores.new.before = stores.old.before;
  await expect(orders.write('1', { total: 4 }, ann)).rejects.toThrow('down');
  const ops = opsOf(await flush());
  expect(ops.map(({ operation }) => operation)).toEqual(['write', 'write']);
  const failed = ops.map(({ measurements }) => measurements.find(({ key }: Json) => key === 'error').values);
  expect(failed).toEqual([{ old: true }, { new: true }]);
});

test('an update is a read and a write', async () => {
  const { orders, flush } = await start('complete');
  await orders.update('1', () => ({ total: 5 }), ann);
  expect(opsOf(await flush()).map(({ operation }) => operation)).toEqual(['read', 'write']);
});

test.each<[string, Partial<Options>, boolean]>([
  ['a server of ours, which is told in windows', {}, false],
  ['a server of the first protocol', { protocol: 'fdv1' }, true],
  ['an address of its own for events', { eventsUrl: 'http://127.0.0.1:2' }, true],
  ['nobody, where events are off', { protocol: 'fdv1', events: false }, false],
])('each operation is for %s: $2', async (_, options, isWanted) => {
  const client = createClient({ url: 'http://127.0.0.1:1', sdkKey: 'k', cacheFolder: false, log: silent, ...options });
  onTestFinished(() => client.close());
  expect(client.reportsMigrations).toBe(isWanted);
});
