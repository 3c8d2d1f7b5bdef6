import { createFakeLog } from '@sluice/testkit';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { createClient } from '../create-client.ts';
import { TestData } from '../test-data.ts';

const ann = { kind: 'user', key: 'ann' };
const bounds = { default: 60, min: 1, max: 3600, unit: 's' };

/** A number for everybody, and others by rules: by account, route and region. */
function ttlOf(everybody: unknown, { account42, search, eu }: Readonly<Record<string, unknown>> = {}) {
  const rule = (contextKind: string, attribute: string, value: string, variation: number) => ({
    clauses: [{ contextKind, attribute, op: 'in', values: [value] }],
    variation,
  });
  return {
    key: 'cache.ttl',
    on: true,
    variations: [everybody, account42 ?? everybody, search ?? everybody, eu ?? everybody],
    fallthrough: { variation: 0 },
    rules: [
      rule('account', 'key', '42', 1),
      rule('request', 'route', 'job:search', 2),
      rule('instance', 'region', 'eu', 3),
    ],
  };
}

async function create(testData = new TestData(), region = 'us') {
  const log = createFakeLog();
  const client = createClient({ testData, log, instance: { key: 'web-1', region } });
  await client.ready({ timeoutMs: 0 });
  const listRefusals = () => client.refusals.all.map(({ key, version, reason }) => `${key} v${version}: ${reason}`);
  return { testData, client, log, listRefusals };
}

describe('the value of a config', () => {
  test('is what the code says until the server says otherwise, and again when there is no flag any more', async () => {
    const { testData, client } = await create();
    const ttl = client.config('cache.ttl', bounds);
    expect([ttl.get(), ttl.get(ann), ttl.at()]).toEqual([60, 60, 60]);
    testData.set('cache.ttl', 120);
    expect([ttl.get(), ttl.get(ann), ttl.at()]).toEqual([120, 120, 120]);
    testData.setFlag({ key: 'cache.ttl', on: false, variations: [120] });
    expect([ttl.get(), ttl.get(ann), ttl.at()]).toEqual([60, 60, 60]);
    testData.set('cache.ttl', 120).remove('cache.ttl');
    expect([ttl.get(), ttl.get(ann), ttl.at()]).toEqual([60, 60, 60]);
  });

  test('is there at once for whoever asks late', async () => {
    const { client } = await create(new TestData().set('cache.ttl', 120));
    expect(client.config('cache.ttl', bounds).get()).toBe(120);
  });

  test('for the process is by what it is, for a context by all rules, and around a caller by its request', async () => {
    const { testData, client } = await create(new TestData(), 'eu');
    testData.setFlag(ttlOf(60, { account42: 42, search: 5, eu: 90 }));
    const ttl = client.config('cache.ttl', bounds);
    expect(ttl.get()).toBe(90);
    expect(ttl.get({ kind: 'account', key: '42' })).toBe(42);
    expect(ttl.get({ kind: 'account', key: '43' })).toBe(90);
    expect(ttl.at()).toBe(90);
    client.job('search', () => {
      expect([ttl.get(), ttl.at()]).toEqual([90, 5]);
      client.enrich({ account: { key: '42' } });
      expect([ttl.get(), ttl.at()]).toEqual([90, 42]);
      // Whatever is around whoever has it made.
      expect(client.config('cache.ttl', bounds).get()).toBe(90);
    });
  });

  test('of a shape that code cannot use, or by a context that cannot be, is the one in force', async () => {
    const { testData, client } = await create(new TestData().setFlag(ttlOf(120, { account42: 42 })));
    const ttl = client.config('cache.ttl', bounds);
    // What callers without types may pass.
    for (const context of [{ kind: 'kind', key: 'x' }, { kind: 'user' }, 5, null])
      expect(ttl.get(context as never)).toBe(120);
    testData.setFlag({ ...ttlOf(130), fallthrough: { variation: 9 } });
    expect([ttl.get(), ttl.get(ann)]).toEqual([120, 120]);
  });

  test('stays what it was when it is closed', async () => {
    const { testData, client, listRefusals } = await create(new TestData().set('cache.ttl', 120));
    const ttl = client.config('cache.ttl', bounds);
    const heard: number[] = [];
    ttl.onChange((value) => heard.push(value));
    testData.set('cache.ttl', 0);
    expect(listRefusals()).not.toEqual([]);
    ttl.close();
    expect(listRefusals()).toEqual([]);
    testData.set('cache.ttl', 240);
    expect(ttl.get()).toBe(120);
    expect(heard).toEqual([]);
  });
});

test.each([undefined, null, 60])('a config without options is refused: %j', async (options) => {
  const { client } = await create();
  const message = `config cache.ttl: options must be an object with a default, got ${options}`;
  const refused = expect.objectContaining({ name: 'SluiceError', code: 'invalid-options', message });
  expect(() => client.config('cache.ttl', options as never)).toThrow(refused);
});

describe('a value that the code cannot work with', () => {
  test.each<[unknown, string]>([
    [0, 'must be at least 1 s, got 0'],
    [Number.NaN, 'must be a finite number, got NaN'],
    ['120', 'must be a number, got "120"'],
    [null, 'must be a number, got null'],
    [1e308, 'must be at most 3600 s, got 1e+308'],
    [{ ttl: 120 }, 'must be a number, got {"ttl":120}'],
  ])('is refused, and the one before stays: %j', async (bad, reason) => {
    const { testData, client, listRefusals } = await create();
    const ttl = client.config('cache.ttl', bounds);
    testData.set('cache.ttl', bad);
    expect([ttl.get(), ttl.get(ann), ttl.at()]).toEqual([60, 60, 60]);
    testData.set('cache.ttl', 120).set('cache.ttl', bad);
    expect([ttl.get(), ttl.get(ann), ttl.at()]).toEqual([120, 120, 120]);
    const version = client.findFlag('cache.ttl')?.version;
    expect(listRefusals()).toEqual([`cache.ttl v${version}: ${reason}`]);
    testData.set('cache.ttl', 240);
    expect([ttl.get(), ttl.get(ann), ttl.at()]).toEqual([240, 240, 240]);
    expect(listRefusals()).toEqual([]);
  });

  test('is told to the log, once for each version that has it', async () => {
    const { testData, client, log } = await create();
    // Whoever else has it, and whoever comes late, says the same.
    client.config('cache.ttl', bounds);
    client.config('cache.ttl', bounds);
    testData.set('cache.ttl', 0).set('other', 1).set('cache.ttl', 120).set('cache.ttl', 0);
    client.config('cache.ttl', bounds).at();
    const version = client.findFlag('cache.ttl')?.version ?? 0;
    expect(log.lines).toEqual(
      [version - 3, version].map(
        (at) => `warn: config cache.ttl: version ${at} is refused: must be at least 1 s, got 0`,
      ),
    );
  });

  test('is told to the log whole, beside a listener that fails', async () => {
    const { testData, client, log } = await create();
    const long = 'x'.repeat(300);
    const ttl = client.config('cache.ttl', { default: 60, validate: (value: number) => (value === 0 ? long : true) });
    ttl.onChange(() => {
      throw new Error('no such pool');
    });
    testData.setFlag(ttlOf(120, { account42: 0 }));
    expect(log.lines.filter((line) => line.startsWith('warn'))).toEqual([
      `warn: config cache.ttl: version 2 is refused: ${long}`,
    ]);
  });

  test('is refused as soon as it arrives, though nobody asks for it; those beside it are served', async () => {
    const { testData, client, listRefusals } = await create();
    const ttl = client.config('cache.ttl', bounds);
    testData.setFlag(ttlOf(120, { account42: 0, search: 5 }));
    expect(listRefusals()).toEqual(['cache.ttl v2: must be at least 1 s, got 0']);
    expect(ttl.get()).toBe(120);
    expect(ttl.get({ kind: 'account', key: '42' })).toBe(120);
    expect(client.job('search', () => ttl.at())).toBe(5);
  });

  test('of an override leaves in force what that one gave before', async () => {
    const { testData, client } = await create();
    const ttl = client.config('cache.ttl', bounds);
    const account = { kind: 'account', key: '42' };
    testData.setFlag(ttlOf(1000, { account42: 5 }));
    testData.setFlag(ttlOf(1000, { account42: -1 }));
    expect([ttl.get(account), ttl.get(ann), ttl.get()]).toEqual([5, 1000, 1000]);
    // However long it is refused, and whatever others get meanwhile.
    testData.setFlag(ttlOf(2000, { account42: 0 }));
    expect([ttl.get(account), ttl.get(ann)]).toEqual([5, 2000]);
    testData.setFlag(ttlOf(2000, { account42: 7 }));
    expect(ttl.get(account)).toBe(7);
  });

  test('of a target leaves in force what those in it were given before, and not what other targets were', async () => {
    const { testData, client } = await create(new TestData().set('cache.ttl', 1000));
    const ttl = client.config('cache.ttl', bounds);
    const accounts = ['41', '42', '43'].map((key) => ({ kind: 'account', key }));
    const [account41 = ann, account42 = ann, account43 = ann] = accounts;
    testData.setFor('cache.ttl', account41, 5).setFor('cache.ttl', account42, 7);
    testData.setFor('cache.ttl', account42, -1).setFor('cache.ttl', account43, 0);
    expect(accounts.map((account) => ttl.get(account))).toEqual([5, 7, 1000]);
    testData.setFor('cache.ttl', account41, 9);
    expect(accounts.map((account) => ttl.get(account))).toEqual([9, 7, 1000]);
  });

  test('of an override that never gave another leaves the value of the process', async () => {
    const { testData, client } = await create();
    const ttl = client.config('cache.ttl', bounds);
    testData.setFlag(ttlOf(1000, { account42: -1 }));
    expect(ttl.get({ kind: 'account', key: '42' })).toBe(1000);
  });

  test('ends being refused when its flag is removed', async () => {
    const { testData, client, listRefusals } = await create(new TestData().set('cache.ttl', 0));
    const ttl = client.config('cache.ttl', bounds);
    expect(listRefusals()).toEqual(['cache.ttl v2: must be at least 1 s, got 0']);
    testData.remove('cache.ttl');
    expect(listRefusals()).toEqual([]);
    expect(ttl.get()).toBe(60);
  });

  test('is refused by one part of an application for all of it', async () => {
    const { testData, client, listRefusals } = await create();
    const wide = client.config('cache.ttl', { default: 60 });
    const narrow = client.config('cache.ttl', bounds);
    testData.set('cache.ttl', 0);
    expect([wide.get(), narrow.get()]).toEqual([0, 60]);
    expect(listRefusals()).toEqual(['cache.ttl v2: must be at least 1 s, got 0']);
    narrow.close();
    expect(listRefusals()).toEqual([]);
  });

  test('may be one that only the application can tell', async () => {
    const { testData, client, listRefusals } = await create();
    const validate = ({ soft, hard }: { soft: number; hard: number }) => soft <= hard || 'soft must not be above hard';
    const limits = client.config('limits', { default: { soft: 1, hard: 2 }, validate });
    testData.set('limits', { soft: 3, hard: 2 });
    expect(limits.get()).toEqual({ soft: 1, hard: 2 });
    expect(listRefusals()).toEqual(['limits v2: soft must not be above hard']);
    testData.set('limits', { soft: 2 });
    expect(listRefusals()).toEqual(['limits v3: soft must not be above hard']);
    testData.set('limits', null);
    expect(listRefusals()).toEqual(['limits v4: must be an object, got null']);
  });

  test('is told of in so many words that 20,000 instances may say so', async () => {
    const { testData, client, listRefusals } = await create();
    client.config('cache.ttl', { default: 60, validate: () => 'no'.repeat(10_000) });
    testData.set('cache.ttl', 120);
    expect(listRefusals()[0]?.length).toBeLessThan(300);
  });

  test('of a flag that is broken is refused, and the one before stays', async () => {
    const { testData, client, listRefusals } = await create(new TestData().set('cache.ttl', 120));
    const ttl = client.config('cache.ttl', bounds);
    testData.setFlag({ key: 'cache.ttl', on: true, variations: [60], fallthrough: { variation: 1 } });
    expect([ttl.get(), ttl.get(ann), ttl.at()]).toEqual([120, 120, 120]);
    expect(listRefusals()).toEqual(['cache.ttl v3: cannot be evaluated: MALFORMED_FLAG']);
  });
});

describe('a listener', () => {
  test('hears the value and the one before, once, and only when it is another', async () => {
    const { testData, client } = await create(new TestData().set('limits', { soft: 1 }));
    const limits = client.config('limits', { default: { soft: 0 } });
    const heard: unknown[] = [];
    const stop = limits.onChange((...told) => heard.push(told));
    const before = limits.get();
    testData.set('limits', { soft: 1 }).set('other', 5);
    expect(heard).toEqual([]);
    expect(limits.get()).toBe(before);
    testData.set('limits', { soft: 2 }).set('limits', 'wrong').setFor('limits', ann, { soft: 9 }).remove('limits');
    expect(heard).toEqual([
      [{ soft: 2 }, { soft: 1 }],
      [{ soft: 0 }, { soft: 2 }],
    ]);
    stop();
    testData.set('limits', { soft: 3 });
    expect(heard).toHaveLength(2);
  });

  test('hears when all configs have the values of the payload', async () => {
    const bySegment = (key: string) => ({
      key,
      on: true,
      variations: [1, 2],
      fallthrough: { variation: 0 },
      rules: [
        { clauses: [{ contextKind: 'instance', attribute: '', op: 'segmentMatch', values: ['canary'] }], variation: 1 },
      ],
    });
    const { testData, client } = await create(new TestData().setFlag(bySegment('a')).setFlag(bySegment('b')));
    const [a, b] = ['a', 'b'].map((key) => client.config(key, { default: 0 }));
    const heard: unknown[] = [];
    for (const config of [a, b]) config?.onChange(() => heard.push([a?.get(), b?.get()]));
    testData.setSegment({ key: 'canary', includedContexts: [{ contextKind: 'instance', values: ['web-1'] }] });
    expect(heard).toEqual([
      [2, 2],
      [2, 2],
    ]);
  });

  test('of the client that asks earlier gets what was judged, by the places of the new flag', async () => {
    const { testData, client } = await create(new TestData().setFlag(ttlOf(10, { account42: 20 })));
    const seen: unknown[] = [];
    client.onChange('cache.ttl', () => seen.push(ttl.get({ kind: 'account', key: '42' })));
    const ttl = client.config('cache.ttl', bounds);
    const heard: unknown[] = [];
    ttl.onChange((...told) => heard.push(told));
    testData.setFlag(ttlOf(30, { account42: 0 })).setFlag(ttlOf(40, { account42: 50 }));
    expect(seen).toEqual([20, 50]);
    expect(heard).toEqual([
      [30, 10],
      [40, 30],
    ]);
  });

  test.each([
    [
      'throws',
      () => {
        throw new Error('no such pool');
      },
    ],
    [
      'rejects',
      async () => {
        throw new Error('no such pool');
      },
    ],
  ])('that %s is reported; the value stays, and others hear of it', async (_, listener) => {
    const { testData, client, log, listRefusals } = await create();
    const ttl = client.config('cache.ttl', bounds);
    const heard: number[] = [];
    const stop = ttl.onChange(listener);
    ttl.onChange((value) => heard.push(value));
    testData.set('cache.ttl', 120);
    await new Promise((resolve) => setImmediate(resolve));
    expect(ttl.get()).toBe(120);
    expect(heard).toEqual([120]);
    expect(listRefusals()).toEqual(['cache.ttl v2: onChange listener failed: no such pool']);
    expect(log.lines.filter((line) => line.includes('no such pool'))).toHaveLength(1);
    stop();
    testData.set('cache.ttl', 240);
    expect(listRefusals()).toEqual([]);
  });
});

test('hostile variations never throw, whatever is declared, and leave a value that was declared good', async () => {
  const { testData, client } = await create();
  const configs = [
    client.config('c', { default: 60, min: 1 }),
    client.config('c', { default: 'a', oneOf: ['a', 'b'] }),
    client.config('c', { default: { a: 1 }, validate: (value) => value.a > 0 }),
  ];
  const deep = JSON.parse(`${'['.repeat(200_000)}${']'.repeat(200_000)}`);
  for (const hostile of [
    JSON.parse('{"__proto__":{"a":5}}'),
    deep,
    Number.POSITIVE_INFINITY,
    '\ud800',
    new Map(),
    10n,
    undefined,
    null,
  ]) {
    try {
      testData.setFlag({ ...ttlOf(hostile), key: 'c' });
    } catch {
      // Too deep for the test data itself, which clones what it gets.
    }
    expect(configs.map((config) => config.get())).toEqual([60, 'a', { a: 1 }]);
    expect(configs.map((config) => config.get(ann))).toEqual([60, 'a', { a: 1 }]);
  }
});

test('evaluations for a context are counted as the flag’s, and reading a value is not', async () => {
  const seen: string[] = [];
  const client = createClient({
    testData: new TestData().set('cache.ttl', 120),
    hooks: [
      {
        name: 'seen',
        afterEvaluation: ({ flagKey }, data, { value }) => {
          seen.push(`${flagKey}: ${value}`);
          return data;
        },
      },
    ],
  });
  await client.ready({ timeoutMs: 0 });
  const ttl = client.config('cache.ttl', bounds);
  ttl.get();
  expect(seen).toEqual([]);
  ttl.get(ann);
  ttl.at();
  expect(seen).toEqual(['cache.ttl: 120', 'cache.ttl: 120']);
});

test('types follow the default, and options that do not fit it are no TypeScript', async () => {
  const { client } = await create();
  expectTypeOf(client.config('n', { default: 60, min: 1, unit: 's' }).get()).toEqualTypeOf<number>();
  expectTypeOf(client.config('s', { default: 'a', oneOf: ['a', 'b'] }).at()).toEqualTypeOf<string>();
  expectTypeOf(client.config('b', { default: false }).get(ann)).toEqualTypeOf<boolean>();
  expectTypeOf(client.config('j', { default: { soft: 1 } }).get().soft).toEqualTypeOf<number>();
  client.config('n', { default: 60 }).onChange((value, previous) => {
    expectTypeOf(value).toEqualTypeOf<number>();
    expectTypeOf(previous).toEqualTypeOf<number>();
  });
  // @ts-expect-error: bounds are for numbers.
  client.config('s', { default: 'a', min: 1 });
  // @ts-expect-error: the default is a number.
  const text: string = client.config('n', { default: 60 }).get();
  // @ts-expect-error: one of these is no number.
  expect(() => client.config('n', { default: 60, oneOf: [1, 'a', 60] })).not.toThrow();
  // @ts-expect-error: the value is a number.
  client.config('n', { default: 60, validate: (value: string) => value.length > 0 });
  // @ts-expect-error: promises cannot be waited for.
  client.config('n', { default: 60, validate: async () => true });
  // @ts-expect-error: there must be a default.
  expect(() => client.config('n', { min: 1 })).toThrow('default must be JSON');
  expect(text).toBe(60);
});
