import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { findNewestVersion, listEvaluationCounts } from './index.ts';

function summary(features: unknown): unknown {
  return { kind: 'summary', startDate: 1, endDate: 2, features };
}

describe('evaluation counts', () => {
  test('are found among the events of a real SDK', () => {
    const events = [
      { kind: 'index', creationDate: 1, context: { kind: 'user', key: 'ann' } },
      { kind: 'feature', key: 'a', value: true, variation: 0, version: 3 },
      {
        ...{ kind: 'migration_op', operation: 'read', creationDate: 1, context: { kind: 'user', key: 'ann' } },
        evaluation: { key: 'a', value: 'off', default: 'off', reason: { kind: 'OFF' }, variation: 0, version: 3 },
        measurements: [{ key: 'invoked', values: { old: true } }],
      },
      summary({
        a: {
          default: false,
          contextKinds: ['user'],
          counters: [
            { value: true, count: 3, variation: 0, version: 3 },
            { value: false, count: 1, variation: 1, version: 4 },
          ],
        },
        gone: { default: 'x', counters: [{ value: 'x', count: 2, unknown: true }], contextKinds: ['user'] },
      }),
      summary({ a: { counters: [{ value: false, count: 1, version: 4 }] } }),
    ];
    expect(listEvaluationCounts(events)).toEqual([
      { flagKey: 'a', variation: 0, version: 3, count: 3 },
      { flagKey: 'a', variation: 1, version: 4, count: 1 },
      { flagKey: 'gone', variation: undefined, version: undefined, count: 2 },
      { flagKey: 'a', variation: undefined, version: 4, count: 1 },
    ]);
  });

  test.each<[string, unknown]>([
    ['no list', summary({ a: { counters: [{ count: 1 }] } })],
    ['null', null],
    ['a summary without features', [{ kind: 'summary' }]],
    ['features that are a list', [summary([{ counters: [{ count: 1 }] }])]],
    ['counters that are none', [summary({ a: { counters: { count: 1 } }, b: null, c: 5 })]],
    [
      'counts that are none',
      [
        summary({
          a: { counters: [{ count: 0 }, { count: -1 }, { count: 1.5 }, { count: '2' }, { count: 1e13 }, {}] },
        }),
      ],
    ],
    ['a key longer than keys are', [summary({ ['x'.repeat(257)]: { counters: [{ count: 1 }] } })]],
  ])('are passed over in %s', (_, events) => {
    expect(listEvaluationCounts(events)).toEqual([]);
  });

  test('are taken from what is right beside what is wrong', () => {
    const events = [
      null,
      5,
      summary({ a: { counters: [null, { count: 'x' }, { count: 2, variation: -1, version: 0.5 }] } }),
    ];
    expect(listEvaluationCounts(events)).toEqual([
      { flagKey: 'a', variation: undefined, version: undefined, count: 2 },
    ]);
  });

  test('are as many as one body holds', () => {
    const counters = Array.from({ length: 300_000 }, (_, version) => ({ count: 1, version }));
    expect(findNewestVersion([summary({ a: { counters } }), summary({ b: { counters: [{ count: 1 }] } })])).toBe(
      299_999,
    );
    expect(findNewestVersion([])).toBeUndefined();
  });

  test('of a flag called __proto__ are counted like others', () => {
    const features = JSON.parse('{"__proto__":{"counters":[{"count":1}]}}');
    expect(listEvaluationCounts([summary(features)])).toMatchObject([{ flagKey: '__proto__', count: 1 }]);
  });

  test('are whole numbers whatever JSON comes, and nothing throws', () => {
    const field = fc.oneof(fc.nat(), fc.double(), fc.jsonValue());
    const counter = fc.record({ count: field, variation: field, version: field }, { requiredKeys: ['count'] });
    const feature = fc.oneof(fc.jsonValue(), fc.record({ counters: fc.array(counter) }));
    const event = fc.oneof(fc.jsonValue(), fc.dictionary(fc.string(), feature).map(summary));
    let found = 0;
    fc.assert(
      fc.property(fc.array(event), (events) => {
        for (const { flagKey, count, variation = 0, version = 0 } of listEvaluationCounts(events)) {
          found++;
          expect(flagKey.length).toBeLessThanOrEqual(256);
          for (const number of [count, variation, version])
            expect(Number.isSafeInteger(number) && number >= 0).toBe(true);
        }
      }),
      { numRuns: 300 },
    );
    expect(found).toBeGreaterThan(20);
  });
});
