import type { Context } from '@sluice/engine';
import type { ReceivedObject } from '@sluice/protocol';
import {
  createFakeLog,
  createFakePlatform,
  type FakeLog,
  type FakePlatform,
  flagOf,
  segmentOf,
  settle,
} from '@sluice/testkit';
import { describe, expect, test } from 'vitest';
import { aroundAll, Client, type ClientOptions } from './client.ts';
import type { SourceSink } from './data/source.ts';
import { EventSender } from './events/event-sender.ts';
import type { GivenContext } from './given-context.ts';

const ann = { kind: 'user', key: 'ann' };

interface Setting {
  readonly platform: FakePlatform;
  readonly log: FakeLog;
  readonly client: Client;
  /** Tells the client what its source would. */
  readonly sink: () => SourceSink;
  /** The events that a flush sends. */
  flush(): Promise<Record<string, unknown>[]>;
}

function create(options: Partial<ClientOptions> = {}): Setting {
  const [platform, log] = [createFakePlatform(), createFakeLog()];
  let sink: SourceSink | undefined;
  const sender = new EventSender({ baseUrl: 'http://events', headers: {}, gzip: false, log }, platform);
  const client = new Client(
    {
      sdkKey: 'sdk-key',
      surroundings: aroundAll({ context: undefined, ambient: [] }),
      hooks: [],
      reporter: undefined,
      telemetry: undefined,
      sources: [
        {
          origin: 'stream',
          create: (given) => {
            sink = given;
            return { start: () => undefined, close: () => undefined };
          },
        },
      ],
      cache: undefined,
      events: {
        capacity: 100,
        flushPeriodMs: 5000,
        contextCapacity: 100,
        contextPeriodMs: 300_000,
        allAttributesPrivate: false,
        privateAttributes: [],
        omitAnonymousContexts: false,
        migrationOperations: true,
        sender,
      },
      bigSegments: undefined,
      log,
      ...options,
    },
    platform,
  );
  return {
    platform,
    log,
    client,
    sink: () => {
      if (sink === undefined) throw new Error('the source was not created yet');
      return sink;
    },
    flush: async () => {
      void client.flush();
      await settle();
      if (platform.http.exchanges.length === 0) return [];
      platform.http.last.respond(202);
      return JSON.parse(platform.http.last.request.body ?? '');
    },
  };
}

async function createWith(objects: readonly ReceivedObject[], options: Partial<ClientOptions> = {}): Promise<Setting> {
  const setting = create(options);
  await settle();
  await setting.sink().commit({ kind: 'full', objects, state: undefined, byVersion: false });
  return setting;
}

const flags = (...list: readonly ReturnType<typeof flagOf>[]): ReceivedObject[] =>
  list.map((flag) => ({ kind: 'flag', flag }));

describe('waiting for flags', () => {
  test('ends with true as soon as current flags are in use', async () => {
    const { client, sink, platform } = create();
    const ready = client.ready({ timeoutMs: 1000 });
    await platform.clock.advance(999);
    await sink().commit({ kind: 'full', objects: [], state: undefined, byVersion: false });
    expect(await ready).toBe(true);
    expect(await client.ready({ timeoutMs: 0 })).toBe(true);
    // Nobody is left waiting: only the event processor's own periods.
    expect(platform.clock.waiting).toHaveLength(2);
  });

  test('ends with false when that takes too long, though it may still come', async () => {
    const { client, sink, platform } = create();
    const ready = client.ready({ timeoutMs: 1000 });
    await platform.clock.advance(1000);
    expect(await ready).toBe(false);
    await sink().commit({ kind: 'full', objects: [], state: undefined, byVersion: false });
    expect(await client.ready()).toBe(true);
  });

  test('does not end with flags from disk, which are served all the same', async () => {
    const transfer = { kind: 'full' as const, objects: flags(flagOf('flag')), state: 'e:1', byVersion: false };
    const cache = { load: async () => transfer, save: async () => undefined };
    const { client, platform } = create({ cache });
    const ready = client.ready({ timeoutMs: 1000 });
    await platform.clock.advance(500);
    expect(client.enabled('flag', ann)).toBe(true);
    await platform.clock.advance(500);
    expect(await ready).toBe(false);
  });

  test('is not held up by a disk that does not answer', async () => {
    const cache = { load: () => new Promise<undefined>(() => undefined), save: async () => undefined };
    const { client, platform } = create({ cache });
    const ready = client.ready({ timeoutMs: 1000 });
    await platform.clock.advance(1000);
    expect(await ready).toBe(false);
  });

  test('ends with false when the client is closed', async () => {
    const { client } = create();
    const ready = client.ready();
    await client.close();
    expect(await ready).toBe(false);
  });
});

describe('evaluating', () => {
  test('serves values of the type of the default value, and default values else', async () => {
    const { client } = await createWith(
      flags(
        flagOf('bool'),
        flagOf('text', { variations: ['a'] }),
        flagOf('null', { variations: [null] }),
        flagOf('off', { on: false, offVariation: null }),
      ),
    );
    expect(client.enabled('bool', ann)).toBe(true);
    expect(client.enabled('text', ann)).toBe(false);
    expect(client.enabled('unknown', ann)).toBe(false);
    expect(client.value('text', ann, 'default')).toBe('a');
    expect(client.value('text', ann, 5)).toBe(5);
    expect(client.value('null', ann, { a: 1 })).toBeNull();
    expect(client.value('null', ann, 'default')).toBe('default');
    expect(client.value('off', ann, 'default')).toBe('default');
    expect(client.anyValue('text', ann, 5)).toBe('a');
    expect(client.anyValue('unknown', ann, 5)).toBe(5);
    expect(client.anyDetail('text', ann, 5)).toMatchObject({ value: 'a', variation: 0, version: 1 });
    expect(client.detail('text', ann, 5)).toEqual({
      value: 5,
      reason: { kind: 'ERROR', errorKind: 'WRONG_TYPE' },
      version: 1,
    });
  });

  const invalid: readonly unknown[] = [
    null,
    'ann',
    5,
    {},
    [],
    { kind: 'user' },
    { kind: 'user', key: '' },
    { kind: 'multi' },
    { kind: 'kind', key: 'x' },
    { kind: null, key: 'x' },
    { key: null },
    { key: 'x', privateAttributeNames: 'name' },
    { key: 'x', privateAttributeNames: [1] },
  ];
  test.each(invalid)('never throws, whatever is given as context: %o', async (given) => {
    const { client, flush } = await createWith(flags(flagOf('flag')));
    // Callers without types may pass anything.
    const context = given as GivenContext;
    expect(client.detail('flag', context, 'default')).toEqual({
      value: 'default',
      reason: { kind: 'ERROR', errorKind: 'USER_NOT_SPECIFIED' },
    });
    expect(client.allFlags(context).valid).toBe(false);
    expect(client.secureModeHash(context)).toBe('');
    client.track('event', context);
    client.identify(context);
    await client.prepare('flag', context);
    expect(await flush()).toEqual([]);
  });

  test('before there are flags serves default values, and reports nothing', async () => {
    const { client, flush } = create();
    expect(client.detail('flag', ann, 5).reason).toEqual({ kind: 'ERROR', errorKind: 'CLIENT_NOT_READY' });
    expect(client.allFlags(ann).toJSON()).toEqual({ $flagsState: {}, $valid: false });
    expect(await flush()).toEqual([]);
  });

  test('without a context asks the surroundings, which a given context comes before', async () => {
    const clauses = (contextKind: string, key: string) => [{ contextKind, attribute: 'key', op: 'in', values: [key] }];
    const rules = [{ clauses: clauses('instance', 'pod-1'), variation: 0 }];
    const ambient: Context[] = [{ kind: 'instance', key: 'pod-1' }];
    const { client, flush } = await createWith(flags(flagOf('flag', { rules, fallthrough: { variation: 1 } })), {
      surroundings: aroundAll({ context: undefined, ambient }),
    });
    expect(client.enabled('flag')).toBe(true);
    expect(client.enabled('flag', ann)).toBe(true);
    expect(client.enabled('flag', { kind: 'instance', key: 'other' })).toBe(false);
    const [index, summary] = await flush();
    expect(index).toMatchObject({ kind: 'index', context: ann });
    expect(summary?.features).toMatchObject({ flag: { counters: [{ count: 2 }, { count: 1 }] } });
  });

  test('without a context are about whom the surroundings name, who is reported as seen', async () => {
    const { client, flush } = await createWith(flags(flagOf('flag', { trackEvents: true })), {
      surroundings: aroundAll({ context: ann, ambient: [ann] }),
    });
    expect(client.enabled('flag')).toBe(true);
    client.track('bought', undefined);
    client.identify(undefined);
    expect(client.secureModeHash(undefined)).toBe(client.secureModeHash(ann));
    expect(client.allFlags(undefined).valid).toBe(true);
    const kinds = (await flush()).map(({ kind, context }) => [kind, context]);
    expect(kinds).toEqual(
      expect.arrayContaining([
        ['index', ann],
        ['feature', ann],
        ['custom', ann],
        ['identify', ann],
      ]),
    );
  });

  test('for nobody in particular counts, except flags that are not to be counted', async () => {
    const { client, flush } = await createWith(
      flags(
        flagOf('tracked', { trackEvents: true }),
        flagOf('uncounted', { excludeFromSummaries: true }),
        flagOf('dependent', { prerequisites: [{ key: 'uncounted', variation: 0 }] }),
      ),
    );
    for (const key of ['tracked', 'uncounted', 'dependent']) client.enabled(key);
    const events = await flush();
    expect(events.map(({ kind }) => kind)).toEqual(['summary']);
    expect(Object.keys(Object(events[0]?.features)).sort()).toEqual(['dependent', 'tracked']);
  });

  test('works without events', async () => {
    const { client } = await createWith(flags(flagOf('flag', { trackEvents: true })), { events: undefined });
    expect(client.enabled('flag', ann)).toBe(true);
    client.track('event', ann, { a: 1 }, 5);
    client.identify(ann);
    await client.flush();
    await client.close();
  });

  test('goes on after the client is closed, with what it had', async () => {
    const { client } = await createWith(flags(flagOf('flag')));
    await client.close();
    await client.close();
    expect(client.enabled('flag', ann)).toBe(true);
  });

  test('with hooks gives what it gives without', async () => {
    const seen: unknown[] = [];
    const hook = {
      name: 'hook',
      afterEvaluation: (series: object, data: object, detail: object) => {
        seen.push([series, detail]);
        return { ...data };
      },
    };
    const { client } = await createWith(flags(flagOf('flag', { variations: ['a'] })), { hooks: [hook] });
    expect(client.value('flag', ann, 'default')).toBe('a');
    expect(client.value('unknown', ann, 'default')).toBe('default');
    expect(client.detail('flag', ann, 5)).toMatchObject({ value: 5, reason: { errorKind: 'WRONG_TYPE' } });
    expect(client.anyDetail('flag', ann, 5)).toMatchObject({ value: 'a' });
    expect(seen).toMatchObject([
      [{ flagKey: 'flag', method: 'value', defaultValue: 'default' }, { value: 'a' }],
      [{ flagKey: 'unknown', method: 'value' }, { value: 'default' }],
      [{ flagKey: 'flag', method: 'detail', defaultValue: 5 }, { value: 5 }],
      [{ flagKey: 'flag', method: 'anyDetail', defaultValue: 5 }, { value: 'a' }],
    ]);
  });
});

describe('big segments', () => {
  test('are loaded by preparing, and missing without', async () => {
    const clauses = [{ attribute: '', op: 'segmentMatch', values: ['big'] }];
    const segment = segmentOf('big', { unbounded: true, generation: 1 });
    const flag = flagOf('flag', { rules: [{ clauses, variation: 0 }], fallthrough: { variation: 1 } });
    const store = {
      getMetadata: async () => ({ lastUpToDate: Number.MAX_SAFE_INTEGER }),
      getMembership: async () => ({ 'big.g1': true }),
    };
    const bigSegments = { store, cacheSize: 10, cacheMs: 5000, statusPeriodMs: 5000, staleAfterMs: 120_000 };
    const { client, platform } = await createWith([...flags(flag), { kind: 'segment', segment }], {
      bigSegments,
      events: undefined,
    });
    expect(client.detail('flag', ann, false)).toMatchObject({
      value: false,
      reason: { bigSegmentsStatus: 'STORE_ERROR' },
    });
    await client.prepare('unknown', ann);
    await client.prepare('flag', ann);
    expect(client.detail('flag', ann, false)).toMatchObject({ value: true, reason: { bigSegmentsStatus: 'HEALTHY' } });
    expect(await client.bigSegmentStatus()).toEqual({ available: true, stale: false });
    await client.close();
    expect(platform.clock.waiting).toEqual([]);
  });
});

describe('listening', () => {
  test('to one flag hears of it alone, and of what it depends on', async () => {
    const prerequisites = [{ key: 'base', variation: 0 }];
    const { client, sink } = await createWith(
      flags(flagOf('flag', { prerequisites }), flagOf('base'), flagOf('other')),
    );
    let heard = 0;
    const stop = client.onChange('flag', () => heard++);
    const change = (key: string, version: number) =>
      sink().commit({ kind: 'changes', objects: flags(flagOf(key, { version })), state: undefined, byVersion: false });
    await change('other', 2);
    expect(heard).toBe(0);
    await change('base', 2);
    expect(heard).toBe(1);
    stop();
    await change('flag', 2);
    expect(heard).toBe(1);
  });
});
