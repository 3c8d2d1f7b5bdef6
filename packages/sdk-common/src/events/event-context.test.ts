import { describe, expect, test } from 'vitest';
import { toEventContext } from './event-context.ts';

const nothingPrivate = { allAttributesPrivate: false, privateAttributes: [] };
const allPrivate = { allAttributesPrivate: true, privateAttributes: [] };
const withPrivate = (...privateAttributes: readonly string[]) => ({ allAttributesPrivate: false, privateAttributes });

describe('a context in an event', () => {
  test('is as it was given when nothing is private', () => {
    const context = { kind: 'user', key: 'ann', name: 'Ann', anonymous: false, a: { b: [1, null] }, _meta: {} };
    const { _meta, ...visible } = context;
    expect(toEventContext(context, nothingPrivate)).toEqual(visible);
    expect(toEventContext({ kind: 'multi', user: { key: 'a' }, org: { key: 'o' } }, nothingPrivate)).toEqual({
      kind: 'multi',
      user: { key: 'a' },
      org: { key: 'o' },
    });
  });

  test('keeps the given one as it is', () => {
    const context = { kind: 'user', key: 'ann', a: { b: { c: 1, d: 2 } }, _meta: { privateAttributes: ['/a/b/c'] } };
    const copy = structuredClone(context);
    expect(toEventContext(context, nothingPrivate)).toEqual({
      kind: 'user',
      key: 'ann',
      a: { b: { d: 2 } },
      _meta: { redactedAttributes: ['/a/b/c'] },
    });
    expect(context).toEqual(copy);
  });

  test('never loses key, kind, anonymous and _meta', () => {
    const context = { kind: 'user', key: 'ann', anonymous: true };
    const references = ['key', 'kind', 'anonymous', '_meta', '/key', '/_meta/privateAttributes'];
    expect(toEventContext(context, withPrivate(...references))).toEqual(context);
    expect(toEventContext({ ...context, _meta: { privateAttributes: references } }, allPrivate)).toEqual(context);
  });

  test('loses below the top what is called like them', () => {
    expect(toEventContext({ kind: 'user', key: 'a', a: { key: 1, b: 2 } }, withPrivate('/a/key'))).toEqual({
      kind: 'user',
      key: 'a',
      a: { b: 2 },
      _meta: { redactedAttributes: ['/a/key'] },
    });
  });

  test.each([
    ['/missing'],
    ['/a/missing'],
    ['/a/b/0'],
    ['/name/length'],
    ['none'],
    [''],
    ['/'],
    ['//a'],
    ['/a~2b'],
    ['toString'],
  ])('has nothing to redact for the reference "%s"', (reference) => {
    const context = { kind: 'user', key: 'ann', name: 'Ann', none: null, a: { b: [1] } };
    expect(toEventContext(context, withPrivate(reference))).toEqual(context);
  });

  test('leaves an object whose last property is private', () => {
    expect(toEventContext({ kind: 'user', key: 'a', a: { b: 1 } }, withPrivate('/a/b'))).toEqual({
      kind: 'user',
      key: 'a',
      a: {},
      _meta: { redactedAttributes: ['/a/b'] },
    });
  });

  test('takes names literally unless they begin with a slash', () => {
    const context = { kind: 'user', key: 'a', 'a/b': 1, 'a~b': 2, '/c': 3 };
    expect(toEventContext(context, withPrivate('a/b', '/a~0b', '/~1c'))).toEqual({
      kind: 'user',
      key: 'a',
      _meta: { redactedAttributes: ['/a~0b', '/~1c', 'a/b'] },
    });
  });

  test('lists a reference once, however often it is given', () => {
    const context = { kind: 'user', key: 'a', name: 'A', _meta: { privateAttributes: ['name'] } };
    expect(toEventContext(context, withPrivate('name', 'name'))).toEqual({
      kind: 'user',
      key: 'a',
      _meta: { redactedAttributes: ['name'] },
    });
  });

  test('hides all attributes when all are private, and lists those that there were', () => {
    const context = { kind: 'user', key: 'a', name: 'A', none: null, '/b': { c: 1 }, anonymous: false };
    expect(toEventContext(context, allPrivate)).toEqual({
      kind: 'user',
      key: 'a',
      anonymous: false,
      _meta: { redactedAttributes: ['/~1b', 'name'] },
    });
  });

  test('hides anonymous contexts where that is asked for, each for itself', () => {
    const context = { kind: 'multi' as const, user: { key: 'a', anonymous: true, x: 1 }, org: { key: 'o', x: 1 } };
    expect(toEventContext(context, nothingPrivate, true)).toEqual({
      kind: 'multi',
      user: { key: 'a', anonymous: true, _meta: { redactedAttributes: ['x'] } },
      org: { key: 'o', x: 1 },
    });
    expect(toEventContext(context, nothingPrivate)).toEqual(context);
  });

  test('is without its surroundings, and nothing when nothing is left', () => {
    const surroundings = { instance: { key: 'i' }, request: { key: 'r' }, record: { key: 'x' }, sluice: { key: 's' } };
    expect(toEventContext({ kind: 'multi', ...surroundings, user: { key: 'a' } }, nothingPrivate)).toEqual({
      kind: 'user',
      key: 'a',
    });
    expect(toEventContext({ kind: 'multi', ...surroundings }, nothingPrivate)).toBeUndefined();
    expect(toEventContext({ kind: 'request', key: 'r' }, nothingPrivate)).toBeUndefined();
  });
});
