import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isMalformation, parseReport, type Report } from './index.ts';

const hello = { kind: 'hello', key: 'web-1', session: 's-1', connection: 1 };
const refusedObject = { kind: 'flag', key: 'a', version: 3, reason: 'variations must be a list' };

function parse(value: unknown): Report {
  const report = parseReport(value);
  if (report === undefined || isMalformation(report)) throw new Error(`not a report: ${JSON.stringify(report)}`);
  return report;
}

describe('a hello', () => {
  test('says who an instance is and what it runs', () => {
    const configs = [{ key: 'cache.ttl', value: '60' }];
    const valves = [
      { key: 'mail' },
      { key: 'search', lacks: [{ mode: 'cached', instead: 'off-404' }, { mode: 'off-404' }] },
    ];
    const running = {
      state: 'e1:3',
      refused: [refusedObject],
      problem: 'older',
      configs,
      valves,
      oldestVersion: 2,
      repairs: [{ migration: 'orders', depth: 3, oldestMs: 1200 }],
      heldMs: 12,
    };
    const about = { region: 'eu-1', cores: 8, spot: true };
    const whole = { ...hello, sdk: 'sluice-node/0.1.0', via: 'socket', about, running };
    expect(parseReport(whole)).toEqual(whole);
  });

  test('may lack all but key, session and connection', () => {
    const bare = { ...hello, sdk: 'unknown', via: 'unknown', about: {}, running: {} };
    expect(parseReport(hello)).toEqual(bare);
    expect(parseReport({ ...hello, sdk: null, via: null, about: null, running: null })).toEqual(bare);
  });

  test('is not taken as an acknowledgement: what is not asked for is left out', () => {
    expect(parseReport({ ...hello, later: 1, running: { state: 'e1:1', later: 1 } })).not.toHaveProperty('later');
    expect(parse({ ...hello, running: { later: 1 } })).toMatchObject({ running: {} });
  });

  test('keeps of attributes what fits into a table', () => {
    const about = { region: 'eu-1', zone: null, tags: ['a'], more: { deep: 1 }, count: 0, spot: false, empty: '' };
    expect(parse({ ...hello, about })).toMatchObject({ about: { region: 'eu-1', count: 0, spot: false, empty: '' } });
    expect(Object.keys(aboutOf({ ...hello, about }))).toEqual(['region', 'count', 'spot', 'empty']);
  });

  test('keeps at most 32 attributes, the first', () => {
    const about = Object.fromEntries(Array.from({ length: 1000 }, (_, at) => [`attribute-${at}`, at]));
    expect(Object.values(aboutOf({ ...hello, about }))).toEqual(Array.from({ length: 32 }, (_, at) => at));
  });

  test('takes attributes with names that mean something to JavaScript as any other', () => {
    const report = parse(
      JSON.parse(`{"kind":"hello","key":"k","session":"s","connection":1,
      "about":{"__proto__":"x","constructor":"y","toString":"z"}}`),
    );
    const about = aboutOf(report);
    expect(Object.keys(about)).toEqual(['__proto__', 'constructor', 'toString']);
    expect(Object.getPrototypeOf(about)).toBe(Object.prototype);
  });
});

function aboutOf(value: unknown): Readonly<Record<string, unknown>> {
  const report = parse(value);
  return report.kind === 'hello' ? report.about : {};
}

describe('an acknowledgement', () => {
  test.each<[string, object, object]>([
    ['nothing yet', {}, {}],
    ['a state', { state: 'e1:3', heldMs: 5 }, { state: 'e1:3', heldMs: 5 }],
    ['an empty list of refused objects, which is none', { refused: [] }, {}],
    [
      'what is null, which is absent',
      { state: null, refused: null, problem: null, configs: null, valves: null, heldMs: null },
      {},
    ],
    ['an operation that began under version 0', { oldestVersion: 0 }, { oldestVersion: 0 }],
    [
      'an operation of the version in force, which says nothing more',
      { state: 'e1:3', oldestVersion: 3 },
      { state: 'e1:3' },
    ],
    ['no operation, as null', { oldestVersion: null }, {}],
    ['no configs any more, which is other than not telling of any', { configs: [] }, { configs: [] }],
    [
      'at most 50 configs, and of each a bounded text',
      { configs: Array.from({ length: 60 }, () => ({ key: 'k'.repeat(1000), value: 'v'.repeat(1000) })) },
      { configs: Array.from({ length: 50 }, () => ({ key: 'k'.repeat(256), value: 'v'.repeat(200) })) },
    ],
    ['no valves any more', { valves: [] }, { valves: [] }],
    [
      'a valve of which nothing is lacked',
      {
        valves: [
          { key: 'a', lacks: null },
          { key: 'b', lacks: [] },
        ],
      },
      { valves: [{ key: 'a' }, { key: 'b' }] },
    ],
    [
      'at most 200 valves that lack 20 modes each, and of each a bounded text',
      {
        valves: Array.from({ length: 210 }, () => ({
          key: 'k'.repeat(1000),
          lacks: Array.from({ length: 30 }, () => ({ mode: 'm'.repeat(1000), instead: 'i'.repeat(1000) })),
        })),
      },
      {
        valves: Array.from({ length: 200 }, () => ({
          key: 'k'.repeat(256),
          lacks: Array.from({ length: 20 }, () => ({ mode: 'm'.repeat(256), instead: 'i'.repeat(256) })),
        })),
      },
    ],
    [
      'at most 50 migrations with something to repair, and none with nothing',
      {
        repairs: Array.from({ length: 60 }, (_, at) => ({
          migration: 'k'.repeat(1000),
          depth: at === 0 ? 0 : 2,
          oldestMs: at === 1 ? -1 : 3.4,
        })),
      },
      {
        repairs: Array.from({ length: 50 }, (_, at) => ({
          migration: 'k'.repeat(256),
          depth: 2,
          oldestMs: at === 0 ? 0 : 3,
        })),
      },
    ],
    [
      'stores that may differ in records that it keeps no more',
      { repairs: [{ migration: 'orders', depth: 0, oldestMs: 0, isDirty: true }] },
      { repairs: [{ migration: 'orders', depth: 0, oldestMs: 0, isDirty: true }] },
    ],
    [
      'nothing to repair, which is other than not telling of it',
      { repairs: [{ migration: 'orders', depth: 0, oldestMs: 0 }] },
      { repairs: [] },
    ],
    ['repairs that it does not know of yet, as null', { repairs: null }, {}],
    ['a time before it happened, which is now', { heldMs: -5 }, { heldMs: 0 }],
  ])('may tell of %s', (_, running, expected) => {
    expect(parseReport({ kind: 'acknowledgement', ...running })).toEqual({ kind: 'acknowledgement', ...expected });
  });

  test('names at most 50 refused objects, the first', () => {
    const refused = Array.from({ length: 100_000 }, (_, at) => ({ ...refusedObject, key: `flag-${at}` }));
    const report = parse({ kind: 'acknowledgement', refused });
    expect(report).toMatchObject({ refused: refused.slice(0, 50) });
    expect(report.kind === 'acknowledgement' && report.refused).toHaveLength(50);
  });

  test('passes over objects of kinds that no server of ours can have sent', () => {
    const refused = [{ ...refusedObject, kind: 'later' }, refusedObject, { ...refusedObject, kind: '__proto__' }];
    expect(parse({ kind: 'acknowledgement', refused })).toEqual({ kind: 'acknowledgement', refused: [refusedObject] });
  });

  test('keeps of a refused object what is asked for, and nothing else that costs memory', () => {
    const refused = [{ ...refusedObject, later: 'x'.repeat(100_000) }];
    expect(parseReport({ kind: 'acknowledgement', refused })).toEqual({
      kind: 'acknowledgement',
      refused: [refusedObject],
    });
  });
});

describe('a window of telemetry', () => {
  const report = { kind: 'telemetry', session: 's-1', sequence: 3, agoMs: 20, window: { subjects: [] } };

  test('is passed on as it is', () => {
    expect(parseReport(report)).toEqual(report);
  });

  test.each([
    ['a clock that went backwards', -5, 0],
    ['for ever ago', Number.POSITIVE_INFINITY, Number.MAX_SAFE_INTEGER],
  ])('survives %s', (_, agoMs, expected) => {
    expect(parseReport({ ...report, agoMs })).toEqual({ ...report, agoMs: expected });
  });

  test.each([
    ['session', 7],
    ['session', 'x'.repeat(257)],
    ['sequence', 1.5],
    ['sequence', null],
    ['agoMs', null],
  ])('needs a %s, and %j is none', (field, value) => {
    expect(parseReport({ ...report, [field]: value })).toMatchObject({ path: `telemetry.${field}` });
  });
});

describe('texts that are too long', () => {
  const long = 'x'.repeat(1_000_000);

  test('are cut', () => {
    const running = { problem: long, refused: [{ kind: 'flag', key: long, version: 1, reason: long }] };
    const report = parse({ kind: 'hello', key: long, session: long, connection: 1, sdk: long, via: long, running });
    expect(report).toMatchObject({
      key: long.slice(0, 256),
      session: long.slice(0, 256),
      sdk: long.slice(0, 256),
      via: long.slice(0, 256),
      running: {
        problem: long.slice(0, 200),
        refused: [{ kind: 'flag', key: long.slice(0, 256), version: 1, reason: long.slice(0, 200) }],
      },
    });
  });

  test('are cut in attributes, name and value', () => {
    expect(aboutOf({ ...hello, about: { [long]: long } })).toEqual({ [long.slice(0, 256)]: long.slice(0, 256) });
  });

  test.each<[string, object]>([
    ['the state of a hello', { ...hello, running: { state: long } }],
    ['the state of an acknowledgement', { kind: 'acknowledgement', state: long }],
    ['the kind of a refused object', { kind: 'acknowledgement', refused: [{ ...refusedObject, kind: long }] }],
    ['what nobody asked for', { kind: 'goodbye', later: long }],
  ])('are not kept whatever they stand in: %s', (_, value) => {
    expect(JSON.stringify(parse(value)).length).toBeLessThan(2000);
  });

  test.each(['probe', 'events'])('make the id of %s malformed: a cut one would name nothing', (kind) => {
    expect(parseReport({ kind, id: 'x'.repeat(256) })).toMatchObject({ id: 'x'.repeat(256) });
    expect(parseReport({ kind, id: 'x'.repeat(257) })).toMatchObject({ path: `${kind}.id` });
  });
});

describe('what is malformed', () => {
  test.each<[unknown, string, string]>([
    [undefined, '', 'an object'],
    [null, '', 'an object'],
    ['hello', '', 'an object'],
    [[], '', 'an object'],
    [{}, 'kind', 'a string'],
    [{ kind: 5 }, 'kind', 'a string'],
    [{ kind: 'hello', session: 's', connection: 1 }, 'hello.key', 'a string'],
    [{ kind: 'hello', key: 'k', connection: 1 }, 'hello.session', 'a string'],
    [{ kind: 'hello', key: 'k', session: 's' }, 'hello.connection', 'a number'],
    [{ ...hello, connection: '1' }, 'hello.connection', 'a number'],
    [{ ...hello, sdk: 5 }, 'hello.sdk', 'a string'],
    [{ ...hello, about: [] }, 'hello.about', 'an object'],
    [{ ...hello, running: 'e1:3' }, 'hello.running', 'an object'],
    [{ ...hello, running: { state: 3 } }, 'hello.running.state', 'a string'],
    [{ kind: 'acknowledgement', heldMs: '3' }, 'acknowledgement.heldMs', 'a number'],
    [{ kind: 'acknowledgement', oldestVersion: 1.5 }, 'acknowledgement.oldestVersion', 'an integer'],
    [{ kind: 'acknowledgement', oldestVersion: '3' }, 'acknowledgement.oldestVersion', 'an integer'],
    [
      { kind: 'acknowledgement', repairs: [{ migration: 'orders', depth: 1.5, oldestMs: 0 }] },
      'acknowledgement.repairs[0].depth',
      'an integer',
    ],
    [{ kind: 'acknowledgement', problem: {} }, 'acknowledgement.problem', 'a string'],
    [
      { kind: 'acknowledgement', configs: [{ key: 'cache.ttl', value: 60 }] },
      'acknowledgement.configs[0].value',
      'a string',
    ],
    [
      { kind: 'acknowledgement', valves: [{ key: 'search', lacks: [{ instead: 'off-404' }] }] },
      'acknowledgement.valves[0].lacks[0].mode',
      'a string',
    ],
    [{ kind: 'acknowledgement', refused: {} }, 'acknowledgement.refused', 'a list'],
    [{ kind: 'acknowledgement', refused: [null] }, 'acknowledgement.refused[0]', 'an object'],
    [
      { kind: 'acknowledgement', refused: [refusedObject, { ...refusedObject, version: 1.5 }] },
      'acknowledgement.refused[1].version',
      'an integer',
    ],
    [{ kind: 'probe' }, 'probe.id', 'a string'],
    [{ kind: 'events', id: 7, events: [] }, 'events.id', 'a string'],
  ])('is named: %j at %s must be %s', (value, path, expected) => {
    expect(parseReport(value)).toMatchObject({ path, expected: expect.stringContaining(expected) });
  });
});

test('what is malformed in a list is named by its place there', () => {
  const malformed = [5, {}, { ...hello, about: 5 }].map((value, at) => parseReport(value, `[${at}]`));
  expect(malformed).toMatchObject([{ path: '[0]' }, { path: '[1].kind' }, { path: '[2].about' }]);
});

test.each(['later', '', 'Hello', '__proto__', 'constructor', 'toString', 'hasOwnProperty'])(
  'a report of kind "%s" is one that we do not know',
  (kind) => {
    expect(parseReport(JSON.parse(`{"kind":${JSON.stringify(kind)},"id":5}`))).toBeUndefined();
  },
);

test.each([
  { kind: 'probe', id: 'p-1' },
  { kind: 'events', id: 'b-1', events: [{ kind: 'summary' }] },
  { kind: 'events', id: 'b-1' },
  { kind: 'goodbye' },
])('%j is passed on, without what it is not asked for', (report) => {
  expect(parseReport({ ...report, later: 1, expected: 'a lot' })).toEqual(report);
});

describe('whatever JSON comes', () => {
  const near = fc.record(
    {
      kind: fc.oneof(
        fc.constantFrom('hello', 'acknowledgement', 'probe', 'events', 'goodbye', '__proto__'),
        fc.jsonValue(),
      ),
      key: fc.oneof(fc.string(), fc.jsonValue()),
      session: fc.oneof(fc.string(), fc.jsonValue()),
      connection: fc.oneof(fc.double(), fc.jsonValue()),
      about: fc.oneof(fc.dictionary(fc.string(), fc.jsonValue()), fc.jsonValue()),
      running: fc.oneof(
        fc.record({ state: fc.jsonValue(), refused: fc.jsonValue(), heldMs: fc.double() }, { requiredKeys: [] }),
        fc.jsonValue(),
      ),
      refused: fc.oneof(fc.array(fc.oneof(fc.constant(refusedObject), fc.jsonValue())), fc.jsonValue()),
      state: fc.oneof(fc.string(), fc.jsonValue()),
      heldMs: fc.oneof(fc.double(), fc.jsonValue()),
      id: fc.oneof(fc.string(), fc.jsonValue()),
    },
    { requiredKeys: ['kind'] },
  );

  test('nothing throws, and what is taken is well formed and stays so', () => {
    let taken = 0;
    fc.assert(
      fc.property(fc.oneof({ arbitrary: near, weight: 5 }, fc.jsonValue()), (value) => {
        const report = parseReport(value);
        if (report === undefined || isMalformation(report)) return;
        taken++;
        expect(parseReport(report)).toEqual(report);
        if (report.kind === 'acknowledgement') expect(report.heldMs ?? 0).toBeGreaterThanOrEqual(0);
        if (report.kind === 'hello') {
          expect([report.key, report.session, report.sdk, report.via].every((text) => typeof text === 'string')).toBe(
            true,
          );
        }
      }),
      { numRuns: 2000, seed: 7 },
    );
    expect(taken).toBeGreaterThan(100);
  });
});

test('a renewal brings the time of the instance, whatever it is', () => {
  expect(parseReport({ kind: 'renewal', mark: 1234.5678 })).toEqual({ kind: 'renewal', mark: 1234.5678 });
  expect(parseReport({ kind: 'renewal' })).toMatchObject({ path: 'renewal.mark', expected: 'a number' });
});
