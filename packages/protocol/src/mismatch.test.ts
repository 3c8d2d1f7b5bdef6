import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type EncodedMismatch, fitMismatch, parseMismatch } from './mismatch.ts';
import { SubjectTally } from './subject-tally.ts';

const mismatch: EncodedMismatch = {
  record: 'order-7',
  stage: 'shadow',
  cohort: 'default',
  versions: { old: '3' },
  differences: [{ path: 'total', old: '9.99', new: '10' }],
};

describe('a mismatch', () => {
  test('is read as it was written', () => {
    expect(parseMismatch(JSON.parse(JSON.stringify(mismatch)))).toEqual(mismatch);
  });

  test('has at most 2,048 characters, and of many differences the first', () => {
    const differences = Array.from({ length: 50 }, (_, at) => ({ path: `items.${at}`, old: '"'.repeat(200) }));
    const fitted = fitMismatch({ ...mismatch, differences });
    expect(JSON.stringify(fitted).length).toBeLessThanOrEqual(2048);
    expect(fitted?.differences).toEqual(differences.slice(0, fitted?.differences.length));
    expect(fitted?.differences.length).toBeGreaterThan(2);
  });

  test('has texts of at most 256 characters', () => {
    const long = 'x'.repeat(1000);
    const fitted = fitMismatch({ ...mismatch, record: long, differences: [{ path: long, new: long }] });
    const cut = 'x'.repeat(256);
    expect(fitted).toEqual({ ...mismatch, record: cut, differences: [{ path: cut, new: cut }] });
  });

  test('of which nothing fits is not told', () => {
    expect(fitMismatch({ ...mismatch, record: '\u0000'.repeat(256), cohort: '\u0000'.repeat(256) })).toBeUndefined();
    expect(fitMismatch({ ...mismatch, differences: [] })).toBeUndefined();
  });
});

describe('a mismatch from outside', () => {
  test.each<[string, unknown]>([
    ['null', null],
    ['a list', []],
    ['without a record', { ...mismatch, record: undefined }],
    ['in a stage that there is not', { ...mismatch, stage: 'sideways' }],
    ['with a version that is no text', { ...mismatch, versions: { old: 3 } }],
    ['with a value that is no text', { ...mismatch, differences: [{ path: 'total', old: 9 }] }],
    ['without differences', { ...mismatch, differences: [] }],
  ])('that is %s is refused', (_, value) => {
    expect(parseMismatch(value)).toBeUndefined();
  });

  test('loses whatever is not asked for', () => {
    const more = { ...mismatch, later: 1, differences: [{ path: 'total', old: null, new: '10', later: 1 }] };
    expect(parseMismatch(more)).toEqual({ ...mismatch, differences: [{ path: 'total', new: '10' }] });
  });

  test('is bounded, whatever it is', () => {
    const text = fc.string({ maxLength: 3000, unit: 'binary' });
    const differences = fc.array(fc.record({ path: text, old: text }), { maxLength: 60 });
    fc.assert(
      fc.property(fc.record({ record: text, cohort: text, differences }), (given) => {
        const parsed = parseMismatch({ ...mismatch, ...given });
        expect(JSON.stringify(parsed ?? '').length).toBeLessThanOrEqual(2048);
      }),
    );
  });
});

describe('what is counted of a migration', () => {
  const cells = [['default', 'shadow', 'persistent', [0, 30]]];
  const parse = (mismatches: unknown, kind = 'migration') => {
    let malformed = 0;
    const given = {
      kind,
      key: 'orders',
      cells: kind === 'migration' ? cells : [['x', 'sent', '', [0, 1]]],
      mismatches,
    };
    const tally = SubjectTally.parse(given, () => malformed++);
    return { mismatches: tally?.takeMismatches().length, malformed };
  };

  test('has 20 mismatches as examples, however many are noted, merged or sent', () => {
    const [one, other] = [new SubjectTally('migration', 'orders'), new SubjectTally('migration', 'orders')];
    for (let at = 0; at < 15; at++) for (const tally of [one, other]) tally.noteMismatch(mismatch);
    one.merge(other);
    expect(one.encode().mismatches).toHaveLength(20);
    expect(one.takeMismatches()).toHaveLength(20);
    expect(one.encode()).not.toHaveProperty('mismatches');
    expect(parse(new Array(100_000).fill(mismatch))).toEqual({ mismatches: 20, malformed: 0 });
  });

  test('loses mismatches that are malformed, and nothing else', () => {
    expect(parse([mismatch, 7, mismatch])).toEqual({ mismatches: 2, malformed: 1 });
    expect(parse({})).toEqual({ mismatches: 0, malformed: 1 });
  });

  test('alone has any', () => {
    expect(parse([mismatch], 'providers')).toEqual({ mismatches: 0, malformed: 1 });
    const valve = new SubjectTally('valve', 'search');
    valve.noteMismatch(mismatch);
    expect(valve.takeMismatches()).toEqual([]);
  });
});
