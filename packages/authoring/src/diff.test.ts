import { buildFlag, buildRule, buildSegment, buildVariations, type FlagParts } from '@sluice/testkit';
import { describe, expect, test } from 'vitest';
import { describeDifference, type Rollout, type SegmentState, type Serve } from './index.ts';

const checkout = { kind: 'flag', key: 'checkout' } as const;

/** What became different about a flag, in words. */
function diff(before: FlagParts, after: FlagParts): readonly string[] {
  return describeDifference(checkout, buildFlag(before), buildFlag(after)).map(({ text }) => text);
}

function diffSegment(before: Partial<SegmentState>, after: Partial<SegmentState>): readonly string[] {
  return describeDifference({ kind: 'segment', key: 'beta' }, buildSegment(before), buildSegment(after)).map(
    ({ text }) => text,
  );
}

/** The named share for `on`, the rest for `off`. */
function share(percent: number, whose: Omit<Rollout, 'variations'> = {}): Serve {
  const weight = percent * 1000;
  return {
    rollout: {
      variations: [
        { variation: 'on', weight },
        { variation: 'off', weight: 100_000 - weight },
      ],
      ...whose,
    },
  };
}

const variations = buildVariations('on', 'blue', 'off');

describe('a difference in words', () => {
  test('names the object', () => {
    expect(describeDifference(checkout, buildFlag(), buildFlag({ on: true }))).toEqual([
      { object: checkout, text: 'turned on' },
    ]);
  });

  test('is none where nothing changed', () => {
    expect(diff({ rules: [buildRule('r')] }, { rules: [buildRule('r')] })).toEqual([]);
    expect(describeDifference(checkout, undefined, undefined)).toEqual([]);
  });

  test('tells that an object came or went', () => {
    expect(describeDifference(checkout, undefined, buildFlag())).toMatchObject([{ text: 'created' }]);
    expect(describeDifference(checkout, buildFlag(), undefined)).toMatchObject([{ text: 'deleted' }]);
  });

  test.each<[FlagParts, FlagParts, readonly string[]]>([
    [{ on: true }, {}, ['turned off']],
    [{}, { offVariation: 'on' }, ['serves `on` instead of `off` when off']],
    [{}, { fallthrough: { variation: 'off' } }, ['everyone gets `off` instead of `on`']],
    [{ fallthrough: share(25) }, { fallthrough: share(50) }, ['25% → 50% of users get `on`']],
    [{ fallthrough: share(50) }, { fallthrough: share(0.5) }, ['50% → 0.5% of users get `on`']],
    [{ fallthrough: share(25) }, { fallthrough: { variation: 'on' } }, ['25% → 100% of users get `on`']],
    [
      { fallthrough: { variation: 'off' } },
      { fallthrough: share(1, { contextKind: 'account' }) },
      ['0% → 1% of accounts get `on`'],
    ],
    [
      { fallthrough: share(1, { bucketBy: 'region' }) },
      { fallthrough: share(2, { bucketBy: 'region' }) },
      ['1% → 2% of users (by region) get `on`'],
    ],
    [
      { fallthrough: share(25) },
      { fallthrough: share(25, { contextKind: 'account' }) },
      ['by default: 25% `on`, 75% `off` of users → 25% `on`, 75% `off` of accounts'],
    ],
    [
      {},
      { prerequisites: [{ flag: 'search', variation: 'on' }] },
      ['prerequisite `search` added: flag `search` must serve `on`'],
    ],
    [
      { prerequisites: [{ flag: 'search', variation: 'on' }] },
      { prerequisites: [{ flag: 'search', variation: 'off' }] },
      ['prerequisite `search` changed: flag `search` must serve `on` → flag `search` must serve `off`'],
    ],
  ])('%j → %j is told as %j', (before, after, texts) => {
    expect(diff(before, after)).toEqual(texts);
  });

  test('tells every share of three that changed', () => {
    const shares = (...weights: readonly number[]): FlagParts => ({
      variations,
      fallthrough: {
        rollout: {
          variations: ['on', 'blue', 'off'].map((variation, at) => ({ variation, weight: weights[at] ?? 0 })),
        },
      },
    });
    expect(diff(shares(20_000, 30_000, 50_000), shares(25_000, 25_000, 50_000))).toEqual([
      '20% → 25% of users get `on`',
      '30% → 25% of users get `blue`',
    ]);
  });

  test('tells targets by key, and counts many', () => {
    const targets = (...keys: readonly string[]): FlagParts => ({
      targets: [{ variation: 'on', contextKind: 'user', keys }],
    });
    expect(diff({}, targets('ann'))).toEqual(['user "ann" now always get `on`']);
    expect(diff(targets('ann'), targets('bob', 'cid'))).toEqual([
      'users "bob" and "cid" now always get `on`',
      'user "ann" no longer always get `on`',
    ]);
    expect(diff({}, targets('a', 'b', 'c', 'd'))).toEqual(['4 users now always get `on`']);
  });

  test('tells what rules say', () => {
    const eu = buildRule('eu', { attribute: 'country', op: 'in', values: ['nl', 'de'] });
    const pro = buildRule('pro', {
      contextKind: 'account',
      attribute: 'plan',
      op: 'in',
      values: ['pro'],
      negate: true,
    });
    expect(diff({}, { rules: [eu] })).toEqual(['rule `eu` added: if user country is "nl" or "de": `on`']);
    expect(diff({ rules: [pro] }, {})).toEqual(['rule `pro` removed: if account plan is not "pro": `on`']);
    expect(diff({ rules: [eu, pro] }, { rules: [pro, eu] })).toEqual(['rules in a new order: `pro`, `eu`']);
    expect(diff({ rules: [buildRule('r')] }, { rules: [{ id: 'r', clauses: [], variation: 'off' }] })).toEqual([
      'rule `r` changed: always: `on` → always: `off`',
    ]);
  });

  test('does not call rules moved because one among them came or went', () => {
    const [a, b, c] = [buildRule('a'), buildRule('b'), buildRule('c')];
    expect(diff({ rules: [a, c] }, { rules: [a, b, c] })).toEqual(['rule `b` added: always: `on`']);
    expect(diff({ rules: [a, b, c] }, { rules: [a, c] })).toEqual(['rule `b` removed: always: `on`']);
  });

  test('names what changed where the words before and after would be the same', () => {
    expect(diff({ rules: [buildRule('r')] }, { rules: [{ ...buildRule('r'), name: 'Europe' }] })).toEqual([
      'rule `r` changed: name',
    ]);
    const [on, off] = buildVariations('on', 'off');
    expect(
      diff({ variations: [on, off] as never }, { variations: [{ ...on, name: 'On', description: 'x' }, off] as never }),
    ).toEqual(['variation `on` changed: name, description']);
  });

  test('names at most five values of a clause', () => {
    const rule = buildRule('r', { attribute: 'key', op: 'in', values: ['a', 'b', 'c', 'd', 'e', 'f', 'g'] });
    expect(diff({}, { rules: [rule] })).toEqual([
      'rule `r` added: if user key is "a", "b", "c", "d", "e" or 2 more: `on`',
    ]);
  });

  test('tells what is different about the definition', () => {
    expect(
      diff(
        { variations },
        {
          name: 'Checkout',
          description: 'new',
          owner: 'ann',
          tags: ['a', 'b'],
          archived: true,
          clientSide: { web: true, mobile: true },
          fallthrough: { variation: 'on' },
          variations: [...buildVariations('blue', 'on'), { id: 'off', value: 'none' }],
        },
      ),
    ).toEqual([
      'name: "checkout" → "Checkout"',
      'description: "" → "new"',
      'owner: "" → "ann"',
      'tags: "" → "a, b"',
      'variation `off` changed: "off" → "none"',
      'variations in a new order: `blue`, `on`, `off`',
      'client-side SDKs: none → web and mobile',
      'archived',
    ]);
    expect(diff({ archived: true }, {})).toEqual(['taken out of the archive']);
  });

  test('tells what is different about a segment', () => {
    expect(
      diffSegment(
        { included: [{ contextKind: 'user', keys: ['ann'] }], rules: [{ id: 'r', clauses: [] }] },
        {
          included: [{ contextKind: 'account', keys: ['acme'] }],
          excluded: [{ contextKind: 'user', keys: ['bob'] }],
          rules: [{ id: 'r', clauses: [], weight: 10_000, contextKind: 'account' }],
        },
      ),
    ).toEqual([
      'user "ann" no longer included',
      'account "acme" now included',
      'user "bob" now excluded',
      'rule `r` changed: always → always, 10% of accounts',
    ]);
  });
});
