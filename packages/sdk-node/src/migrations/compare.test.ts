import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SluiceError } from '../errors.ts';
import { type CompareOptions, createCompare, createTextOf, dates, sorted } from './compare.ts';

const now = Date.parse('2026-06-01');

function compare(old: unknown, next: unknown, options: CompareOptions = {}) {
  return createCompare(options)(old, next, now);
}

const pathsOf = (old: unknown, next: unknown, options: CompareOptions = {}) =>
  compare(old, next, options).differences.map(({ path }) => path);

describe('two values', () => {
  test('are equal to copies of themselves, whatever the order of properties, and their differences are mirrored', () => {
    const arbitraryValue = fc.object({ maxDepth: 3, withDate: true });
    const reverse = (value: object) => Object.fromEntries(Object.entries(value).reverse());
    fc.assert(
      fc.property(arbitraryValue, arbitraryValue, (one, other) => {
        expect(compare(one, reverse(structuredClone(one))).differences).toEqual([]);
        const swapped = compare(other, one).differences.map(({ path, old, new: next }) => ({
          path,
          old: next,
          new: old,
        }));
        const differences = compare(one, other).differences;
        expect(new Set(swapped.map((each) => JSON.stringify(each)))).toEqual(
          new Set(differences.map((each) => JSON.stringify(each))),
        );
      }),
    );
  });

  test('differ at paths, with what is there on both sides, once for a place in lists', () => {
    const old = { id: 1, items: [{ price: 1 }, { price: 2 }], note: 'x' };
    const next = { id: 1, items: [{ price: 1.5 }, { price: 2.5 }, { price: 3 }], note: undefined };
    expect(compare(old, next)).toEqual({
      differences: [
        { path: 'items.*.price', old: '1', new: '1.5' },
        { path: 'items.*.price', old: '2', new: '2.5' },
        { path: 'items.*', old: undefined, new: '{"price":3}' },
        { path: 'note', old: '"x"', new: undefined },
      ],
      ignored: 0,
      expired: [],
    });
  });

  test.each([
    ['nothing and nothing', undefined, undefined, true],
    ['nothing and something', undefined, { a: 1 }, false],
    ['null and nothing', { a: null }, {}, false],
    ['a property that is undefined and none', { a: undefined }, {}, true],
    ['dates of one moment', { at: new Date(5) }, { at: new Date(5) }, true],
    ['dates of two', { at: new Date(5) }, { at: new Date(6) }, false],
    ['a date and its text', { at: new Date(5) }, { at: new Date(5).toISOString() }, false],
    ['bytes', { data: new Uint8Array([1, 2]) }, { data: new Uint8Array([1, 2]) }, true],
    ['other bytes', { data: new Uint8Array([1, 2]) }, { data: new Uint8Array([1, 3]) }, false],
    ['0 and -0', { a: 0 }, { a: -0 }, true],
    ['NaN and NaN', { a: Number.NaN }, { a: Number.NaN }, true],
    ['large integers', { a: 2n ** 64n }, { a: 2n ** 64n }, true],
    ['a number and its text', { a: 1 }, { a: '1' }, false],
    ['a list and an object', { a: [1] }, { a: { 0: 1 } }, false],
    ['lists in other orders', { a: [1, 2] }, { a: [2, 1] }, false],
  ])('%s', (_, old, next, isEqual) => {
    expect(pathsOf(old, next).length === 0).toBe(isEqual);
  });

  test('that differ everywhere show the first 50 differences, each cut', () => {
    const of = (letter: string) =>
      Object.fromEntries(Array.from({ length: 60 }, (_, index) => [index, letter.repeat(999)]));
    const { differences } = compare(of('a'), of('b'));
    expect(differences).toHaveLength(50);
    expect(differences[0]?.old).toHaveLength(201);
  });
});

describe('what does not count', () => {
  test('is brought into one form first', () => {
    const normalise = [
      dates('at'),
      sorted('tags'),
      { path: 'items.*.name', apply: (name: unknown) => String(name).trim() },
    ];
    const old = { at: new Date(Date.UTC(2026, 0, 1)), tags: ['b', 'a'], items: [{ name: 'x ' }] };
    const next = { at: '2026-01-01T01:00:00+01:00', tags: ['a', 'b'], items: [{ name: 'x' }] };
    expect(pathsOf(old, next)).toEqual(['at', 'tags.*', 'tags.*', 'items.*.name']);
    expect(pathsOf(old, next, { normalise })).toEqual([]);
    expect(old).toEqual({ at: new Date(Date.UTC(2026, 0, 1)), tags: ['b', 'a'], items: [{ name: 'x ' }] });
  });

  test('is the order of some lists, but not what is in them, nor how often', () => {
    const unordered = ['items'];
    const of = (...names: readonly string[]) => ({ items: names.map((name) => ({ name, size: 1 })) });
    expect(pathsOf(of('a', 'b', 'a'), of('b', 'a', 'a'), { unordered })).toEqual([]);
    expect(pathsOf(of('a', 'b', 'a'), of('b', 'a', 'b'), { unordered })).toEqual(['items.*.name']);
  });

  describe('in lists without an order', () => {
    const unordered = ['items', 'items.*.tags'];
    const tolerance = [{ path: 'items.*.price', within: 0.5 }];
    const ignore = [{ path: 'items.*.etag', reason: 'made anew by each store', owner: 'ann', expiresAt: '2026-06-02' }];

    test('says nothing of which item is which', () => {
      const item = fc.record({
        name: fc.constantFrom('a', 'b'),
        price: fc.integer({ min: 8, max: 11 }),
        tags: fc.uniqueArray(fc.constantFrom(1, 2, 3)),
        moved: fc.record({ place: fc.nat(), by: fc.double({ min: 0, max: 0.5, noNaN: true }), etag: fc.nat() }),
      });
      fc.assert(
        fc.property(fc.array(item, { maxLength: 8 }), (items) => {
          const old = { items: items.map(({ moved: _, ...rest }, etag) => ({ ...rest, etag })) };
          const shuffled = items.toSorted((a, b) => a.moved.place - b.moved.place);
          const next = (by: boolean) => ({
            items: shuffled.map(({ moved, name, price, tags }) => {
              return { tags: tags.toReversed(), etag: moved.etag, price: price + (by ? moved.by : 0), name };
            }),
          });
          expect(pathsOf(old, next(true), { unordered, tolerance, ignore })).toEqual([]);
          const textOf = createTextOf({ unordered, tolerance, ignore });
          expect(textOf(next(false), now)).toBe(textOf(old, now));
        }),
      );
    });

    test('hides nothing that counts', () => {
      const of = (...items: readonly [string, number][]) => ({
        items: items.map(([name, price]) => ({ name, price })),
      });
      const paths = (old: object, next: object) => pathsOf(old, next, { unordered, tolerance, ignore });
      expect(paths(of(['a', 1], ['b', 2]), of(['c', 2], ['a', 1]))).toEqual(['items.*.name']);
      expect(paths(of(['a', 1], ['b', 2]), of(['b', 1], ['a', 2]))).toEqual(['items.*.price', 'items.*.price']);
      expect(paths(of(['a', 1]), of(['a', 1], ['a', 1]))).toEqual(['items.*']);
      const textOf = createTextOf({ unordered, tolerance, ignore });
      expect(textOf(of(['a', 1]), now)).not.toBe(textOf(of(['a', 1.1]), now));
    });

    test('counts again what has expired', () => {
      const [old, next] = [{ items: [{ etag: 1 }] }, { items: [{ etag: 2 }] }];
      const expired = ignore.map((rule) => ({ ...rule, expiresAt: '2026-06-01' }));
      expect(pathsOf(old, next, { unordered, ignore: expired })).toEqual(['items.*.etag']);
      const textOf = createTextOf({ unordered, ignore: expired });
      expect(textOf(old, now)).not.toBe(textOf(next, now));
    });
  });

  test('is how far numbers are apart within a tolerance', () => {
    const tolerance = [{ path: 'items.*.price', within: 0.01 }];
    const of = (price: number, count = 1) => ({ items: [{ price, count }] });
    expect(pathsOf(of(1), of(1.005), { tolerance })).toEqual([]);
    expect(pathsOf(of(1), of(1.02), { tolerance })).toEqual(['items.*.price']);
    expect(pathsOf(of(1, 1), of(1, 1.005), { tolerance })).toEqual(['items.*.count']);
    expect(pathsOf(of(1), of(Number.NaN), { tolerance })).toEqual(['items.*.price']);
  });

  test('is what a rule ignores, until it expires', () => {
    const rule = { path: 'meta', reason: 'made anew by each store', owner: 'ann' };
    const [old, next] = [{ meta: { etag: 1 } }, { meta: { etag: 2 } }];
    const good = { ...rule, expiresAt: '2026-06-02' };
    expect(compare(old, next, { ignore: [good] })).toEqual({ differences: [], ignored: 1, expired: [] });
    const expired = { ...rule, expiresAt: '2026-06-01' };
    expect(compare(old, next, { ignore: [expired] })).toEqual({
      differences: [{ path: 'meta.etag', old: '1', new: '2' }],
      ignored: 0,
      expired: [expired],
    });
    expect(compare(old, old, { ignore: [expired] }).expired).toEqual([]);
  });
});

describe('what is secret', () => {
  const old = { card: { number: '4711' }, customer: { email: 'a@b.c' }, total: 1 };

  test.each([
    [['card', 'customer.email'], { ...old, card: { number: '4712' }, total: 2 }],
    [['card.*'], { ...old, card: { number: '4712' }, total: 2 }],
    // The whole of it would show the part.
    [['card.number'], { ...old, card: null, total: 2 }],
    [['card.number'], { ...old, card: undefined, total: 2 }],
  ])('is not shown: %s', (redact, next) => {
    const text = JSON.stringify(compare(old, next, { redact }).differences);
    expect(text).not.toMatch(/471[12]/);
    expect(text).toContain('"path":"total","old":"1","new":"2"');
  });

  test('is not shown in places of lists', () => {
    const redact = ['cards.*.number'];
    const { differences } = compare({ cards: [{ number: '4711' }] }, { cards: [] }, { redact });
    expect(differences).toEqual([{ path: 'cards.*', old: '(redacted)', new: undefined }]);
  });

  test('may be everything', () => {
    const text = JSON.stringify(compare(old, undefined, { redact: true }).differences);
    expect(text).toBe('[{"path":"","old":"(redacted)"}]');
  });
});

test.each<[object, RegExp]>([
  [{ ignore: [{ path: 'a', reason: '', owner: 'ann', expiresAt: '2026-01-01' }] }, /ignore\[0\]\.reason must say/],
  [{ ignore: [{ path: 'a', reason: 'x', expiresAt: '2026-01-01' }] }, /ignore\[0\]\.owner must say/],
  [{ ignore: [{ path: 'a', reason: 'x', owner: 'ann', expiresAt: 'soon' }] }, /expiresAt must be a date.*"soon"/],
  [{ tolerance: [{ path: 'a', within: -1 }] }, /tolerance\[0\]\.within must be 0 or more, got -1/],
  [{ unordered: ['a..b'] }, /unordered\[0\] must have a path such as items\.\*\.price, got "a\.\.b"/],
  [{ normalise: [{ path: 'a' }] }, /normalise\[0\]\.apply must be a function, got a undefined/],
])('options that cannot be right are told: %j', (options, message) => {
  expect(() => createCompare(options as CompareOptions)).toThrow(SluiceError);
  expect(() => createCompare(options as CompareOptions)).toThrow(message);
});
