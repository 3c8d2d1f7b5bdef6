import type { Flag } from '@sluice/engine';
import { flagOf } from '@sluice/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  ann,
  type DrivenClient,
  type Driver,
  type EventSink,
  type Json,
  listenToChanges,
  serveEvents,
  startDriver,
  streamOf,
} from './driver.ts';
import { type MockStream, type StandIn, startStandIn, withStatus } from './harness-stand-in.ts';

let driver: Driver;
let standIn: StandIn;

beforeAll(async () => {
  driver = await startDriver();
  standIn = await startStandIn();
});

afterAll(async () => {
  await driver.close();
  await standIn.close();
});

interface Setting {
  readonly client: DrivenClient;
  readonly sink: EventSink;
  readonly stream: MockStream;
  /** Flushes, and resolves with the events that came. */
  flush(): Promise<Json[]>;
}

async function start(flags: readonly Flag[], events: object = {}, sink = serveEvents(standIn)): Promise<Setting> {
  const stream = streamOf(flags);
  const client = await driver.create({
    streaming: { baseUri: standIn.serve(stream.handler).url },
    events: { baseUri: sink.endpoint.url, flushIntervalMs: 1_000_000, ...events },
  });
  return {
    client,
    sink,
    stream,
    flush: async () => {
      await client.command('flushEvents');
      return sink.next();
    },
  };
}

const aTime = expect.any(Number);
const bob = { kind: 'user', key: 'bob', name: 'Bob', email: 'bob@example.com' };
const index = (context: object): object => ({ kind: 'index', creationDate: aTime, context });
const aSummary = expect.objectContaining({ kind: 'summary' });
const kindsOf = (events: readonly Json[]): string[] => events.map(({ kind }) => kind);

describe('an evaluation', () => {
  test('is counted, and the context is reported once', async () => {
    const { client, flush } = await start([
      flagOf('flag', { version: 3, variations: ['a', 'b'], targets: [{ values: ['bob'], variation: 1 }] }),
      flagOf('other', { version: 5 }),
    ]);
    await client.evaluate('flag', ann, 'default');
    await client.evaluate('flag', bob, 'another default');
    await client.evaluate('flag', ann, 'default');
    await client.evaluate('other', ann, false);
    await client.evaluate('unknown', { kind: 'multi', user: { key: 'ann' }, org: { key: 'sluice' } }, 'default');
    await client.evaluate('unknown', ann, 'default');
    expect(await flush()).toEqual([
      index(ann),
      index(bob),
      index({ kind: 'multi', user: { key: 'ann' }, org: { key: 'sluice' } }),
      {
        kind: 'summary',
        startDate: aTime,
        endDate: aTime,
        features: {
          flag: {
            default: 'default',
            contextKinds: ['user'],
            counters: [
              { value: 'a', count: 2, variation: 0, version: 3 },
              { value: 'b', count: 1, variation: 1, version: 3 },
            ],
          },
          other: {
            default: false,
            contextKinds: ['user'],
            counters: [{ value: true, count: 1, variation: 0, version: 5 }],
          },
          unknown: {
            default: 'default',
            contextKinds: ['user', 'org'],
            counters: [{ value: 'default', count: 2, unknown: true }],
          },
        },
      },
    ]);
    await client.evaluate('other', ann, true);
    const [summary, ...rest] = await flush();
    expect(rest).toEqual([]);
    expect(summary.features).toEqual({
      other: { default: true, contextKinds: ['user'], counters: [{ value: true, count: 1, variation: 0, version: 5 }] },
    });
  });

  test('is counted by version of the flag', async () => {
    const { client, stream, flush } = await start([flagOf('flag', { version: 100 })]);
    const changes = await listenToChanges(standIn, client);
    await client.evaluate('flag');
    stream.send({ event: 'patch', data: { path: '/flags/flag', data: flagOf('flag', { version: 200, on: false }) } });
    await changes.next();
    await client.evaluate('flag');
    const [, { features }] = await flush();
    expect(features.flag.counters).toEqual([
      { value: true, count: 1, variation: 0, version: 100 },
      { value: false, count: 1, variation: 1, version: 200 },
    ]);
  });

  test('has an event of its own when the flag is tracked, with the reason when it was asked for', async () => {
    const { client, flush } = await start([flagOf('flag', { version: 3, trackEvents: true, variations: ['a'] })]);
    await client.evaluate('flag', bob, 'default');
    await client.detail('flag', bob, 'default');
    const feature = {
      kind: 'feature',
      creationDate: aTime,
      key: 'flag',
      context: bob,
      value: 'a',
      default: 'default',
      variation: 0,
      version: 3,
    };
    expect(await flush()).toEqual([index(bob), feature, { ...feature, reason: { kind: 'FALLTHROUGH' } }, aSummary]);
  });

  test('is reported as what was served when the flag is malformed, or of another type', async () => {
    const { client, flush } = await start([
      flagOf('malformed', { version: 3, trackEvents: true, on: false, offVariation: -1 }),
      flagOf('text', { version: 4, trackEvents: true, variations: ['a'] }),
    ]);
    await client.detail('malformed', ann, 'default');
    const asNumber = { flagKey: 'text', context: ann, valueType: 'int', defaultValue: 5, detail: true };
    await client.command('evaluate', asNumber);
    const [, malformed, text, summary] = await flush();
    const common = { kind: 'feature', creationDate: aTime, context: ann };
    expect(malformed).toEqual({
      ...common,
      key: 'malformed',
      version: 3,
      value: 'default',
      default: 'default',
      reason: { kind: 'ERROR', errorKind: 'MALFORMED_FLAG' },
    });
    expect(text).toEqual({
      ...common,
      key: 'text',
      version: 4,
      value: 5,
      default: 5,
      reason: { kind: 'ERROR', errorKind: 'WRONG_TYPE' },
    });
    expect(summary.features.text.counters).toEqual([{ value: 5, count: 1, version: 4 }]);
  });

  test('reports prerequisites too, the innermost first', async () => {
    const tracked = { trackEvents: true, variations: ['a', 'b'] };
    const { client, flush } = await start([
      flagOf('outer', { ...tracked, version: 100, prerequisites: [{ key: 'middle', variation: 0 }] }),
      flagOf('middle', { ...tracked, version: 200, prerequisites: [{ key: 'inner', variation: 1 }] }),
      flagOf('inner', { ...tracked, version: 300, fallthrough: { variation: 1 } }),
    ]);
    await client.evaluate('outer', ann, 'default');
    await client.detail('outer', ann, 'default');
    const [first, ...events] = await flush();
    expect(first).toEqual(index(ann));
    const common = { kind: 'feature', creationDate: aTime, context: ann };
    const expected = [
      { ...common, key: 'inner', value: 'b', default: null, variation: 1, version: 300, prereqOf: 'middle' },
      { ...common, key: 'middle', value: 'a', default: null, variation: 0, version: 200, prereqOf: 'outer' },
      { ...common, key: 'outer', value: 'a', default: 'default', variation: 0, version: 100 },
    ];
    // With the reasons of all when the reason was asked for.
    expect(events.slice(0, 3)).toEqual(expected);
    expect(events.slice(3, 6)).toEqual(expected.map((event) => ({ ...event, reason: { kind: 'FALLTHROUGH' } })));
    expect(Object.keys(events[6].features).sort()).toEqual(['inner', 'middle', 'outer']);
  });

  test('in an experiment has an event with the reason, asked for or not', async () => {
    const rollout = { kind: 'experiment', variations: [{ variation: 0, weight: 100_000 }] };
    const clauses = [{ attribute: 'key', op: 'in', values: ['ann'] }];
    const { client, flush } = await start([
      flagOf('experiment', { fallthrough: { rollout } }),
      flagOf('fallthrough', { trackEventsFallthrough: true }),
      flagOf('rule', { rules: [{ id: 'r', clauses, variation: 0, trackEvents: true }] }),
      flagOf('other-rule', {
        rules: [{ id: 'r', clauses: [{ ...clauses[0], negate: true, op: 'in' }], trackEvents: true }],
      }),
    ]);
    for (const key of ['experiment', 'fallthrough', 'rule', 'other-rule']) await client.evaluate(key);
    const [, ...events] = await flush();
    expect(kindsOf(events)).toEqual(['feature', 'feature', 'feature', 'summary']);
    expect(events.slice(0, 3).map(({ reason }) => reason)).toEqual([
      { kind: 'FALLTHROUGH', inExperiment: true },
      { kind: 'FALLTHROUGH' },
      { kind: 'RULE_MATCH', ruleIndex: 0, ruleId: 'r' },
    ]);
  });

  test('is sampled as the flag says, but always counted unless the flag says otherwise', async () => {
    const debugEventsUntilDate = Date.now() + 3_600_000;
    const { client, flush } = await start([
      flagOf('never', { trackEvents: true, debugEventsUntilDate, samplingRatio: 0 }),
      flagOf('always', { trackEvents: true, samplingRatio: 1 }),
      flagOf('uncounted', { trackEvents: true, excludeFromSummaries: true }),
      flagOf('uncounted-prerequisite', { excludeFromSummaries: true }),
      flagOf('dependent', { prerequisites: [{ key: 'uncounted-prerequisite', variation: 0 }] }),
    ]);
    for (const key of ['never', 'always', 'uncounted', 'dependent']) await client.evaluate(key);
    const [, ...events] = await flush();
    expect(events.map(({ kind, key }) => [kind, key])).toEqual([
      ['feature', 'always'],
      ['feature', 'uncounted'],
      ['summary', undefined],
    ]);
    expect(events[0]).not.toHaveProperty('samplingRatio');
    expect(Object.keys(events[2].features).sort()).toEqual(['always', 'dependent', 'never']);
  });

  test('of all flags is not reported', async () => {
    const { client, sink } = await start([flagOf('flag', { trackEvents: true })]);
    await client.command('evaluateAll', { context: ann });
    await client.command('flushEvents');
    expect(sink.endpoint.requests.left).toBe(0);
  });
});

describe('a flag that is debugged', () => {
  const hour = 3_600_000;
  const minute = 60_000;

  test.each([
    ['is', 'in an hour', hour, undefined],
    ['is', 'in an hour, and the server has the time before', hour, hour - minute],
    ['is not', 'an hour ago', -hour, undefined],
    ['is not', 'an hour ago, and the server has the time before', -hour, -hour - minute],
    ['is not', 'in an hour, but the server has the time after', hour, hour + minute],
  ])('%s reported in full: debugging ends %s', async (expected, _, untilIn, serverIn) => {
    const until = Date.now() + untilIn;
    const date = serverIn === undefined ? {} : { date: new Date(Date.now() + serverIn).toUTCString() };
    const flag = flagOf('flag', { version: 3, debugEventsUntilDate: until });
    const { client, flush } = await start([flag], {}, serveEvents(standIn, date));
    await client.command('identifyEvent', { context: bob });
    expect(kindsOf(await flush())).toEqual(['identify']);
    await client.detail('flag', bob, false);
    const debug = {
      kind: 'debug',
      creationDate: aTime,
      key: 'flag',
      context: bob,
      value: true,
      default: false,
      variation: 0,
      version: 3,
      reason: { kind: 'FALLTHROUGH' },
    };
    expect(await flush()).toEqual(expected === 'is' ? [debug, aSummary] : [aSummary]);
  });
});

describe('identifyEvent', () => {
  test('reports a context, which needs no index after that', async () => {
    const { client, flush } = await start([flagOf('flag')]);
    await client.command('identifyEvent', { context: bob });
    await client.command('identifyEvent', { user: { key: 'cid', anonymous: true } });
    await client.evaluate('flag', bob);
    expect(await flush()).toEqual([
      { kind: 'identify', creationDate: aTime, context: bob },
      { kind: 'identify', creationDate: aTime, context: { kind: 'user', key: 'cid', anonymous: true } },
      aSummary,
    ]);
  });

  test('reports nothing of a context that is not valid', async () => {
    const { client, sink } = await start([]);
    await client.command('identifyEvent', { context: { kind: 'user', key: '' } });
    await client.command('identifyEvent', { context: { kind: 'kind', key: 'x' } });
    await client.command('customEvent', { eventKey: 'event', context: { kind: 'multi' } });
    await client.command('flushEvents');
    expect(sink.endpoint.requests.left).toBe(0);
  });
});

describe('customEvent', () => {
  const data = [null, false, true, -1000, 0, 1000.5, '', 'abc', 'has "quotes"', [], ['a', 'b'], {}, { a: 1 }];

  test.each([undefined, 0, -1.5, 1.5])('reports data of any type with the measurement %s', async (metricValue) => {
    const { client, flush } = await start([]);
    for (const value of data) {
      await client.command('customEvent', { eventKey: 'event', context: ann, data: value, metricValue });
    }
    await client.command('customEvent', { eventKey: 'event', context: ann, omitNullData: true, metricValue });
    const [first, ...events] = await flush();
    expect(first).toEqual(index(ann));
    const common = { kind: 'custom', creationDate: aTime, key: 'event', context: ann, metricValue };
    const expected = [...data, null].map((value) => (value === null ? common : { ...common, data: value }));
    expect(events).toEqual(
      JSON.parse(JSON.stringify(expected)).map((event: Json) => ({ ...event, creationDate: aTime })),
    );
  });
});

describe('private attributes', () => {
  const context = {
    kind: 'user',
    key: 'dee',
    name: 'Dee',
    anonymous: false,
    address: { street: { name: 'Elm', number: 5 }, city: 'X' },
    '/path': 'p',
    plan: 'pro',
    none: null,
    _meta: { privateAttributes: ['plan', '/address/street/number', '/missing'] },
  };

  test('are left out, those of the client and those of the context', async () => {
    const { client, flush } = await start([], { globalPrivateAttributes: ['name', 'key', '/~1path'] });
    await client.command('identifyEvent', { context });
    const [{ context: shown }] = await flush();
    expect(shown).toEqual({
      kind: 'user',
      key: 'dee',
      anonymous: false,
      address: { street: { name: 'Elm' }, city: 'X' },
      none: null,
      _meta: { redactedAttributes: ['/address/street/number', '/~1path', 'name', 'plan'] },
    });
  });

  test('are all but key, kind and anonymous when the client says so', async () => {
    const { client, flush } = await start([], { allAttributesPrivate: true });
    await client.command('identifyEvent', { context });
    const [{ context: shown }] = await flush();
    expect(shown).toEqual({
      kind: 'user',
      key: 'dee',
      anonymous: false,
      _meta: { redactedAttributes: ['/~1path', 'address', 'name', 'plan'] },
    });
  });

  test('of one context are not those of the next', async () => {
    const { client, flush } = await start([], { globalPrivateAttributes: ['name'] });
    await client.command('identifyEvent', { context });
    await client.command('identifyEvent', { context: { kind: 'user', key: 'eve', name: 'Eve', plan: 'pro' } });
    await client.command('identifyEvent', {
      user: { key: 'fay', name: 'Fay', custom: { plan: 'pro' }, privateAttributeNames: ['plan'] },
    });
    const [, eve, fay] = await flush();
    expect(eve.context).toEqual({ kind: 'user', key: 'eve', plan: 'pro', _meta: { redactedAttributes: ['name'] } });
    expect(fay.context).toEqual({ kind: 'user', key: 'fay', _meta: { redactedAttributes: ['name', 'plan'] } });
  });
});

describe('an anonymous context', () => {
  const anonymous = { kind: 'user', key: 'gus', anonymous: true, name: 'Gus' };
  const redacted = { kind: 'user', key: 'gus', anonymous: true, _meta: { redactedAttributes: ['name'] } };
  const debugEventsUntilDate = Date.now() + 3_600_000;

  test('has no attributes in feature and custom events, and all in others', async () => {
    const { client, flush } = await start([flagOf('flag', { trackEvents: true, debugEventsUntilDate })]);
    await client.evaluate('flag', anonymous);
    await client.command('customEvent', { eventKey: 'event', context: anonymous });
    await client.command('identifyEvent', { context: anonymous });
    const events = await flush();
    expect(events.slice(0, -1).map(({ kind, context }) => [kind, context])).toEqual([
      ['index', anonymous],
      ['feature', redacted],
      ['debug', anonymous],
      ['custom', redacted],
      ['identify', anonymous],
    ]);
  });

  test('in a multi-kind context does not hide the others', async () => {
    const { client, flush } = await start([]);
    const { kind: _, ...user } = anonymous;
    const context = { kind: 'multi', user, org: { key: 'sluice', name: 'Sluice' } };
    await client.command('customEvent', { eventKey: 'event', context });
    const [, custom] = await flush();
    const { kind: __, ...redactedUser } = redacted;
    expect(custom.context).toEqual({ kind: 'multi', user: redactedUser, org: { key: 'sluice', name: 'Sluice' } });
  });

  test('is not reported when the client says so', async () => {
    const { client, flush } = await start([flagOf('flag')], { omitAnonymousContexts: true });
    const { kind: _, ...user } = anonymous;
    const org = { key: 'sluice', name: 'Sluice' };
    await client.evaluate('flag', anonymous);
    await client.command('identifyEvent', { context: anonymous });
    await client.evaluate('flag', { kind: 'multi', user, org });
    await client.command('identifyEvent', { context: { kind: 'multi', user, org, device: { key: 'd' } } });
    expect(await flush()).toEqual([
      index({ kind: 'org', ...org }),
      { kind: 'identify', creationDate: aTime, context: { kind: 'multi', org, device: { key: 'd' } } },
      aSummary,
    ]);
  });
});

describe('a batch of events', () => {
  test.each(['', '/'])('is posted to /bulk below the base address, with "%s" at its end', async (end) => {
    const sink = serveEvents(standIn);
    const events = { baseUri: `${sink.endpoint.url}${end}`, flushIntervalMs: 1_000_000 };
    const streaming = { baseUri: standIn.serve(streamOf([]).handler).url };
    const client = await driver.create({ credential: 'my-key', streaming, events });
    const ids = new Set<unknown>();
    for (let batch = 0; batch < 3; batch++) {
      await client.command('identifyEvent', { context: ann });
      await client.command('flushEvents');
      const { method, path, headers } = await sink.endpoint.requests.next();
      expect([method, path]).toEqual(['POST', '/bulk']);
      expect(headers).toMatchObject({
        authorization: 'my-key',
        'content-type': 'application/json',
        'x-launchdarkly-event-schema': '4',
      });
      ids.add(headers['x-launchdarkly-payload-id']);
    }
    expect(ids.size).toBe(3);
    expect([...ids].every((id) => typeof id === 'string' && id !== '')).toBe(true);
  });

  test.each([
    [true, 'gzip'],
    [undefined, 'gzip'],
    [false, undefined],
  ])('is packed when enableGzip is %s', async (enableGzip, encoding) => {
    const { client, sink } = await start([], { enableGzip });
    await client.command('identifyEvent', { context: ann });
    await client.command('flushEvents');
    const { headers, body } = await sink.endpoint.requests.next();
    expect(headers['content-encoding']).toBe(encoding);
    expect(JSON.parse(body)).toHaveLength(1);
  });

  test('holds so many events as the capacity says, and always the summary', async () => {
    const { client, flush } = await start([flagOf('flag')], { capacity: 3 });
    for (const key of ['a', 'b', 'c', 'd', 'e'])
      await client.command('identifyEvent', { context: { kind: 'user', key } });
    await client.evaluate('flag', { kind: 'user', key: 'a' });
    const events = await flush();
    expect(kindsOf(events)).toEqual(['identify', 'identify', 'identify', 'summary']);
    expect(events.slice(0, 3).map(({ context }) => context.key)).toEqual(['a', 'b', 'c']);
    await client.command('identifyEvent', { context: ann });
    expect(kindsOf(await flush())).toEqual(['identify']);
  });

  test('is sent again, as the same, after a 503', async () => {
    const endpoint = standIn.serve(withStatus(503), withStatus(202));
    const { client } = await start([], {}, { endpoint, next: () => Promise.reject(new Error('not used')) });
    await client.command('identifyEvent', { context: ann });
    await client.command('flushEvents');
    const [first, second] = [await endpoint.requests.next(), await endpoint.requests.next()];
    expect(second.body).toBe(first.body);
    expect(second.headers['x-launchdarkly-payload-id']).toBe(first.headers['x-launchdarkly-payload-id']);
    expect(endpoint.requests.left).toBe(0);
  });

  test('is the last after a 401, but not after a 413', async () => {
    for (const [status, expected] of [
      [401, 1],
      [413, 2],
    ] as const) {
      const endpoint = standIn.serve(withStatus(status), withStatus(202));
      const { client } = await start([], {}, { endpoint, next: () => Promise.reject(new Error('not used')) });
      for (let batch = 0; batch < 2; batch++) {
        await client.command('identifyEvent', { context: ann });
        await client.command('flushEvents');
      }
      expect(endpoint.requests.left).toBe(expected);
    }
  });

  test('goes out by itself now and then, and when the client is closed', async () => {
    const { client, sink } = await start([], { flushIntervalMs: 5 });
    await client.command('identifyEvent', { context: ann });
    expect(kindsOf(await sink.next())).toEqual(['identify']);
    const { client: closed, sink: last } = await start([]);
    await closed.command('identifyEvent', { context: ann });
    await closed.close();
    expect(kindsOf(await last.next())).toEqual(['identify']);
  });

  test('is not sent at all when events are off', async () => {
    const sink = serveEvents(standIn);
    const client = await driver.create({
      streaming: { baseUri: standIn.serve(streamOf([flagOf('flag')]).handler).url },
      serviceEndpoints: { events: sink.endpoint.url },
    });
    await client.evaluate('flag');
    await client.command('identifyEvent', { context: ann });
    await client.command('flushEvents');
    await client.close();
    expect(sink.endpoint.requests.left).toBe(0);
  });
});
