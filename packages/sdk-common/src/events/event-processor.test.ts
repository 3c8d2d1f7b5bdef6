import type { Flag } from '@sluice/engine';
import { createFakeLog, createFakePlatform, type FakeLog, type FakePlatform, flagOf, settle } from '@sluice/testkit';
import { describe, expect, test } from 'vitest';
import { type EvaluationRecord, type EventOptions, EventProcessor, type MigrationRecord } from './event-processor.ts';
import { EventSender } from './event-sender.ts';

interface Setting {
  readonly platform: FakePlatform;
  readonly log: FakeLog;
  readonly processor: EventProcessor;
  /** Answers the request that is waiting with 202 and gives its events. */
  take(): Promise<Record<string, unknown>[]>;
}

function start(options: Partial<EventOptions> = {}): Setting {
  const [platform, log] = [createFakePlatform(), createFakeLog()];
  const sender = new EventSender({ baseUrl: 'http://server', headers: {}, gzip: false, log }, platform);
  const processor = new EventProcessor(
    {
      capacity: 100,
      flushPeriodMs: 5000,
      contextCapacity: 100,
      contextPeriodMs: 300_000,
      allAttributesPrivate: false,
      privateAttributes: [],
      omitAnonymousContexts: false,
      migrationOperations: true,
      ...options,
    },
    sender,
    platform,
    log,
  );
  processor.start();
  return {
    platform,
    log,
    processor,
    take: async () => {
      const { last } = platform.http;
      last.respond(202);
      await settle();
      return JSON.parse(last.request.body ?? '');
    },
  };
}

const ann = { kind: 'user', key: 'ann' };

function recordOf(fields: Partial<EvaluationRecord> = {}): EvaluationRecord {
  return {
    outcome: { isExperiment: false },
    variation: 0,
    value: true,
    defaultValue: false,
    reason: { kind: 'FALLTHROUGH' },
    withReason: false,
    ...fields,
  };
}

async function flushed({ processor, take }: Setting): Promise<Record<string, unknown>[]> {
  void processor.flush();
  await settle();
  return take();
}

describe('flushing', () => {
  test('sends once a period what there is, and nothing when there is nothing', async () => {
    const setting = start();
    const { platform, processor, take } = setting;
    await platform.clock.advance(5000);
    expect(platform.http.exchanges).toHaveLength(0);
    processor.identify(ann);
    await platform.clock.advance(4999);
    expect(platform.http.exchanges).toHaveLength(0);
    await platform.clock.advance(1);
    expect(await take()).toEqual([{ kind: 'identify', creationDate: platform.clock.now() - 5000, context: ann }]);
    await platform.clock.advance(5000);
    expect(platform.http.exchanges).toHaveLength(1);
  });

  test('sends one batch after the other, and keeps what comes meanwhile within the capacity', async () => {
    const setting = start({ capacity: 2 });
    const { platform, processor, take, log } = setting;
    processor.identify(ann);
    await platform.clock.advance(5000);
    for (const key of ['a', 'b', 'c', 'd']) processor.identify({ kind: 'user', key });
    await platform.clock.advance(5000);
    expect(platform.http.exchanges).toHaveLength(1);
    await take();
    expect(platform.http.exchanges).toHaveLength(2);
    expect((await take()).map(({ context }) => context)).toEqual([
      { kind: 'user', key: 'a' },
      { kind: 'user', key: 'b' },
    ]);
    expect(log.lines).toEqual(['warn: 2 events were dropped: the capacity is 2']);
  });

  test('resolves when all that there was is sent', async () => {
    const { platform, processor, take } = start();
    processor.identify(ann);
    let isDone = false;
    const flush = processor.flush().then(() => {
      isDone = true;
    });
    await settle();
    expect(isDone).toBe(false);
    expect(platform.http.exchanges).toHaveLength(1);
    await take();
    await flush;
    expect(isDone).toBe(true);
  });

  test('goes on after an event that cannot be sent', async () => {
    const setting = start();
    const circle: Record<string, unknown> = {};
    circle.self = circle;
    setting.processor.track('event', ann, circle, undefined);
    expect((await flushed(setting)).map(({ kind }) => kind)).toEqual(['index']);
    setting.processor.track('event', ann, 'data', undefined);
    expect((await flushed(setting)).map(({ kind }) => kind)).toEqual(['custom']);
  });

  test('ends for good when the server does not want our events', async () => {
    const { platform, processor } = start();
    processor.identify(ann);
    await platform.clock.advance(5000);
    platform.http.last.respond(401);
    await settle();
    processor.identify({ kind: 'user', key: 'bob' });
    processor.countUnknownFlag('flag', ann, 1);
    await platform.clock.advance(60_000);
    expect(platform.http.exchanges).toHaveLength(1);
  });

  test('happens once more when the processor is closed, and no more after that', async () => {
    const { platform, processor, take } = start();
    processor.identify(ann);
    const closing = processor.close();
    await settle();
    await take();
    await closing;
    expect(platform.clock.waiting).toEqual([]);
  });
});

describe('contexts', () => {
  test('are reported once a period', async () => {
    const setting = start({ flushPeriodMs: 1_000_000 });
    const { platform, processor } = setting;
    processor.noteContext(ann);
    processor.noteContext(ann);
    await platform.clock.advance(300_000);
    processor.noteContext(ann);
    processor.identify(ann);
    processor.noteContext(ann);
    expect((await flushed(setting)).map(({ kind }) => kind)).toEqual(['index', 'index', 'identify']);
  });

  test('of the surroundings are not reported', async () => {
    const setting = start();
    setting.processor.noteContext({ kind: 'request', key: 'r' });
    setting.processor.identify({ kind: 'instance', key: 'i' });
    setting.processor.track('event', { kind: 'request', key: 'r' }, 1, 2);
    setting.processor.noteContext({ kind: 'multi', request: { key: 'r' }, user: { key: 'ann' } });
    expect(await flushed(setting)).toEqual([{ kind: 'index', creationDate: expect.any(Number), context: ann }]);
  });

  test('that are anonymous are left out of index and identify when that is asked for', async () => {
    const setting = start({ omitAnonymousContexts: true });
    const user = { key: 'a', anonymous: true };
    setting.processor.noteContext({ kind: 'user', ...user });
    setting.processor.identify({ kind: 'multi', user, device: { key: 'd', anonymous: true } });
    setting.processor.identify({ kind: 'multi', user, org: { key: 'o' } });
    setting.processor.track('event', { kind: 'user', ...user }, undefined, undefined);
    expect((await flushed(setting)).map(({ kind, context }) => [kind, context])).toEqual([
      ['identify', { kind: 'org', key: 'o' }],
      ['custom', { kind: 'user', ...user }],
    ]);
  });
});

describe('evaluations', () => {
  async function record(flag: Flag, fields: Partial<EvaluationRecord> = {}, random = 0.5) {
    const setting = start();
    setting.platform.randomValue = random;
    setting.processor.recordEvaluation(setting.processor.createTally(flag), ann, recordOf(fields));
    void setting.processor.flush();
    await settle();
    if (setting.platform.http.exchanges.length === 0) return [];
    return setting.take();
  }
  const kinds = async (...parameters: Parameters<typeof record>) =>
    (await record(...parameters)).map(({ kind }) => kind);

  test.each([
    [undefined, 0.5, true],
    [1, 0.999, true],
    [0, 0, false],
    [-1, 0, false],
    [2, 0.499, true],
    [2, 0.5, false],
    [1.9, 0.999, true],
    [10, 0.099, true],
    [10, 0.1, false],
  ])('with the ratio %s and the random number %s are sampled: %s', async (samplingRatio, random, expected) => {
    const fields = samplingRatio === undefined ? {} : { samplingRatio };
    const expectedKinds = expected ? ['feature', 'summary'] : ['summary'];
    expect(await kinds(flagOf('flag', { trackEvents: true, ...fields }), {}, random)).toEqual(expectedKinds);
  });

  test('carry the ratio by which they were sampled', async () => {
    const [feature] = await record(flagOf('flag', { trackEvents: true, samplingRatio: 2 }), {}, 0);
    expect(feature).toMatchObject({ kind: 'feature', samplingRatio: 2 });
  });

  test('in an experiment are reported with their reason', async () => {
    const [feature] = await record(flagOf('flag'), { outcome: { isExperiment: true } });
    expect(feature).toMatchObject({ kind: 'feature', reason: { kind: 'FALLTHROUGH' } });
  });

  test('are not counted when the flag says so', async () => {
    expect(await kinds(flagOf('flag', { excludeFromSummaries: true }))).toEqual([]);
  });

  test('are debugged until the time has come, here or on the server', async () => {
    const setting = start();
    const { platform, processor } = setting;
    const until = platform.clock.now() + 60_000;
    const tally = processor.createTally(flagOf('flag', { debugEventsUntilDate: until }));
    const debugged = async (): Promise<boolean> => {
      processor.recordEvaluation(tally, ann, recordOf());
      return (await flushed(setting)).some(({ kind }) => kind === 'debug');
    };
    expect(await debugged()).toBe(true);
    await platform.clock.advance(59_999);
    expect(await debugged()).toBe(true);
    await platform.clock.advance(1);
    expect(await debugged()).toBe(false);
    platform.clock.setTimeOfDay(until - 60_000);
    expect(await debugged()).toBe(true);
    processor.identify(ann);
    void processor.flush();
    await settle();
    platform.http.last.respond(202, '', { date: new Date(until + 1000).toUTCString() });
    await settle();
    expect(await debugged()).toBe(false);
  });
});

describe('an operation of a migration', () => {
  const evaluation = { key: 'orders', value: 'off', default: 'off', reason: { kind: 'OFF' as const } };
  const record: MigrationRecord = { operation: 'read', evaluation, measurements: [], samplingRatio: 3 };

  test('is reported with its ratio, and with nothing of who is anonymous', async () => {
    const setting = start();
    setting.processor.recordMigration(record, { kind: 'user', key: 'ann', anonymous: true, name: 'Ann' });
    setting.processor.recordMigration(
      { ...record, samplingRatio: 1 },
      { kind: 'multi', user: { key: 'bob' }, record: { key: '1' } },
    );
    const creationDate = setting.platform.clock.now();
    const anonymous = { kind: 'user', key: 'ann', anonymous: true, _meta: { redactedAttributes: ['name'] } };
    const common = { kind: 'migration_op', creationDate, operation: 'read', evaluation, measurements: [] };
    expect(await flushed(setting)).toEqual([
      { ...common, context: anonymous, samplingRatio: 3 },
      { ...common, context: { kind: 'user', key: 'bob' } },
    ]);
  });
});

describe('the summary', () => {
  test('has a flag once, however many versions of it were counted', async () => {
    const setting = start();
    const { platform, processor } = setting;
    const startDate = platform.clock.now();
    const [one, two] = [flagOf('flag', { version: 1 }), flagOf('flag', { version: 2 })].map((flag) =>
      processor.createTally(flag),
    );
    one?.count(0, ann, 'first');
    two?.count(1, { kind: 'org', key: 'o' }, 'second');
    one?.count(0, ann, 'first');
    await platform.clock.advance(100);
    expect(await flushed(setting)).toEqual([
      {
        kind: 'summary',
        startDate,
        endDate: startDate + 100,
        features: {
          flag: {
            default: 'first',
            contextKinds: ['user', 'org'],
            counters: [
              { value: true, count: 2, variation: 0, version: 1 },
              { value: false, count: 1, variation: 1, version: 2 },
            ],
          },
        },
      },
    ]);
  });

  test('has unknown flags, but not more than a thousand', async () => {
    const setting = start();
    for (let index = 0; index < 1500; index++) setting.processor.countUnknownFlag(`flag-${index}`, ann, 'default');
    setting.processor.countUnknownFlag('flag-0', undefined, 'other');
    const [summary] = await flushed(setting);
    expect(Object.keys(Object(summary?.features))).toHaveLength(1000);
    expect(summary).toHaveProperty(['features', 'flag-0'], {
      default: 'default',
      contextKinds: ['user'],
      counters: [{ value: 'other', count: 2, unknown: true }],
    });
    setting.processor.countUnknownFlag('flag-1400', ann, 'default');
    expect((await flushed(setting))[0]?.features).toHaveProperty('flag-1400');
  });

  test('holds flags with hostile keys', async () => {
    const setting = start();
    setting.processor.countUnknownFlag('__proto__', ann, 1);
    setting.processor.createTally(flagOf('constructor')).count(0, ann, 1);
    void setting.processor.flush();
    await settle();
    expect(setting.platform.http.last.request.body).toContain('"__proto__":{"default":1');
    expect(setting.platform.http.last.request.body).toContain('"constructor":{"default":1');
  });
});
