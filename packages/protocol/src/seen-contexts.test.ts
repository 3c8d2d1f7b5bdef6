import { describe, expect, test } from 'vitest';
import { listSeenContexts, toSeenContext, trimContext } from './seen-contexts.ts';

const keysOf = (events: unknown) => listSeenContexts(events).map(({ key }) => key);

/** What is kept of a context that comes in. */
function keep(given: unknown) {
  const seen = toSeenContext(given);
  return seen && trimContext(seen.context);
}

describe('contexts that SDKs tell of', () => {
  test('come with index and identify events, of old SDKs as users', () => {
    expect(
      keysOf([
        { kind: 'index', context: { kind: 'user', key: 'ann' } },
        { kind: 'identify', context: { kind: 'multi', user: { key: 'bob' }, account: { key: 'a:1' } } },
        { kind: 'index', user: { key: 7, custom: { plan: 'pro' } } },
        { kind: 'custom', context: { kind: 'user', key: 'cid' } },
        { kind: 'summary', features: {} },
      ]),
    ).toEqual(['ann', 'account:a%3A1:user:bob', '7']);
  });

  test('are without the kinds of the surroundings', () => {
    expect(toSeenContext({ kind: 'instance', key: 'pod-1' })).toBeUndefined();
    expect(toSeenContext({ kind: 'multi', user: { key: 'ann' }, request: { key: 'r' }, record: { key: '1' } })).toEqual(
      { key: 'ann', context: { kind: 'user', key: 'ann' } },
    );
  });

  test('are kept without private attributes, and say so', () => {
    const _meta = { privateAttributes: ['email', '/address/street'], redactedAttributes: ['phone'] };
    expect(keep({ kind: 'user', key: 'ann', plan: 'pro', email: 'a@b.c', address: { street: 'x' }, _meta })).toEqual({
      kind: 'user',
      key: 'ann',
      plan: 'pro',
      _meta: { redactedAttributes: ['phone', 'email', 'address'] },
    });
    const user = { key: 'ann', email: 'a@b.c', custom: { plan: 'pro' }, privateAttributeNames: ['email'] };
    expect(JSON.stringify(keep(user))).not.toContain('a@b.c');
  });

  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['a number', 7],
    ['a list', []],
    ['no key', { kind: 'user' }],
    ['an empty key', { kind: 'user', key: '' }],
    ['a huge key', { kind: 'user', key: 'k'.repeat(257) }],
    ['a strange kind', { kind: 'a b', key: 'k' }],
    ['too many kinds', { kind: 'multi', ...Object.fromEntries('abcdefghi'.split('').map((k) => [k, { key: k }])) }],
    ['an old user that is a list', { key: ['ann'] }],
  ])('are passed over when they are %s', (_, given) => {
    expect(toSeenContext(given)).toBeUndefined();
    expect(listSeenContexts([null, 7, { kind: 'index' }, { kind: 'index', context: given }])).toEqual([]);
  });

  test('keep what fits, whatever else they bring', () => {
    let nested: unknown = 'x';
    for (let depth = 0; depth < 50_000; depth++) nested = [nested];
    const many = Object.fromEntries(Array.from({ length: 5000 }, (_, at) => [`a${at}`, 'v'.repeat(100)]));
    const kept = keep({ kind: 'user', key: 'ann', plan: 'pro', nested, text: 'x'.repeat(5_000_000), ...many });
    expect(kept).toMatchObject({ kind: 'user', key: 'ann', plan: 'pro', a0: 'v'.repeat(100) });
    expect(kept).not.toHaveProperty('text');
    expect(kept?._meta).toMatchObject({ redactedAttributes: expect.arrayContaining(['nested', 'text']) });
    expect(JSON.stringify(kept).length).toBeLessThan(8000);
  });

  test('of one batch are 2,000 at most', () => {
    const events = Array.from({ length: 2001 }, (_, at) => ({
      kind: 'index',
      context: { kind: 'user', key: `${at}` },
    }));
    expect(keysOf(events)).toHaveLength(2000);
  });

  test('may have attributes with any name', () => {
    const kept = keep(JSON.parse('{"kind":"user","key":"k","__proto__":{"key":"other"},"constructor":1}'));
    expect(JSON.parse(JSON.stringify(kept))).toEqual(
      JSON.parse('{"kind":"user","key":"k","__proto__":{"key":"other"},"constructor":1}'),
    );
    expect(Object.getPrototypeOf(kept)).toBe(Object.prototype);
  });
});
