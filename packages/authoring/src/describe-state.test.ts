import { buildConfig, buildFlag, buildMigration, buildRule, buildValve, buildVariations } from '@sluice/testkit';
import { describe, expect, test } from 'vitest';
import { describeState, type FlagState, type Serve, spellBehaviour } from './index.ts';

/** The state of a flag as one reads it: strong is *so*, values are `so`. */
function read(flag: FlagState): string {
  const { word, parts } = describeState(flag);
  const marks = { strong: '*', value: '`' };
  const sentence = parts.map(({ text, as }) => (as === undefined ? text : `${marks[as]}${text}${marks[as]}`));
  return `${word}: ${sentence.join('')}`;
}

function share(contextKind: string, ...weights: readonly (readonly [string, number])[]): Serve {
  const variations = weights.map(([variation, percent]) => ({ variation, weight: percent * 1000 }));
  return { rollout: { variations, contextKind } };
}

const trip = { reason: 'slow', by: 'ann', at: 0, expiresAt: 1 };
const byAccount = { contextKind: 'account', attribute: 'key', op: 'in', values: ['42'] };
const byRoute = { contextKind: 'request', attribute: 'route', op: 'in', values: ['/pay'] };

describe('the state of a flag', () => {
  test.each<[FlagState, string]>([
    [buildFlag(), 'off: off'],
    [buildFlag({ archived: true, on: true }), 'archived: archived'],
    [buildFlag({ on: true }), 'on: on for *everyone*'],
    [buildFlag({ on: true, fallthrough: { variation: 'off' } }), 'on: on, `false` for *everyone*'],
    [buildFlag({ on: true, variations: buildVariations('red', 'blue') }), 'on: on, `"red"` for *everyone*'],
    [
      buildFlag({ on: true, variations: [{ id: 'long', value: 'x'.repeat(99) }] }),
      `on: on, \`"${'x'.repeat(58)}…\` for *everyone*`,
    ],
    [buildFlag({ on: true, fallthrough: share('account', ['off', 50], ['on', 50]) }), 'on: on, *50%* by account'],
    [
      buildFlag({
        on: true,
        fallthrough: { rollout: { variations: [{ variation: 'on', weight: 500 }], bucketBy: 'region' } },
      }),
      'on: on, *0.5%* by user region',
    ],
    [
      buildFlag({
        on: true,
        variations: buildVariations('a', 'b', 'c'),
        fallthrough: share('user', ['a', 20], ['b', 30], ['c', 50]),
      }),
      'on: on, *3 variations* by user',
    ],
    [buildFlag({ on: true, rules: [buildRule('a'), buildRule('b')] }), 'on: on, *2 rules*, else `true`'],
    [
      buildFlag({
        on: true,
        prerequisites: [{ flag: 'search', variation: 'on' }],
        targets: [{ variation: 'on', contextKind: 'user', keys: ['ann', 'ben'] }],
        rules: [buildRule('a')],
        fallthrough: share('user', ['on', 25], ['off', 75]),
      }),
      'on: on, *1 prerequisite*, *2 targets*, *1 rule*, else *25%* by user',
    ],
    [buildFlag({ rules: [buildRule('a')] }), 'off: off'],
    [buildValve(), 'on: normal'],
    [buildValve({ rules: [{ id: 'a', clauses: [], variation: 'cached', trip }] }), 'tripped: *cached* for everyone'],
    [
      buildValve({
        rules: [
          { id: 'kept', clauses: [byRoute], variation: 'normal', trip: { ...trip, exempt: true } },
          { id: 'a', clauses: [byAccount], variation: 'off', trip },
          {
            id: 'b',
            clauses: [],
            variation: 'cached',
            trip: { ...trip, share: { contextKind: 'account', weight: 10_000 } },
          },
        ],
      }),
      'tripped: *off* for everyone where account key is "42", *1 more trip*',
    ],
    [buildConfig(), 'on: *60 s*'],
    [
      buildConfig({
        rules: [
          { id: 'a', clauses: [byAccount], variation: '30' },
          { id: 'b', clauses: [byRoute], variation: '20' },
          { id: 'c', clauses: [{ ...byRoute, values: ['/'] }], variation: '10' },
        ],
      }),
      'on: *60 s*, *2 layers*',
    ],
    [buildMigration(), 'off: off'],
    [buildMigration({ fallthrough: { variation: 'dualwrite' } }), 'on: *dualwrite*, 100%'],
    [buildMigration({ fallthrough: share('record', ['shadow', 75], ['live', 25]) }), 'on: *live*, 25%'],
    [buildMigration({ rules: [{ id: 'eu', clauses: [byAccount], variation: 'shadow' }] }), 'on: *shadow*, *1 cohort*'],
  ])('%# reads as a short sentence: %s', (flag, sentence) => {
    expect(read(flag)).toBe(sentence);
  });
});

describe('behaviour', () => {
  const targets = [{ variation: 'on', contextKind: 'user', keys: ['ann', 'ben'] }];
  const rule = { id: 'a', clauses: [byAccount, byRoute], variation: 'on' };
  const one = buildFlag({ on: true, targets, rules: [rule] }).configuration;

  test.each([
    { salt: 'another' },
    { rules: [{ ...rule, id: 'b', name: 'named' }] },
    { rules: [{ ...rule, clauses: [byRoute, byAccount] }] },
    { targets: [{ variation: 'on', contextKind: 'user', keys: ['ben', 'ann'] }] },
    { targets: [...targets, { variation: 'off', contextKind: 'user', keys: [] }] },
    { fallthrough: share('user', ['on', 100], ['off', 0]) },
  ])('is the same with %j', (parts) => {
    expect(spellBehaviour({ ...one, ...parts })).toBe(spellBehaviour(one));
  });

  test.each([
    { on: false },
    { offVariation: 'on' },
    { fallthrough: { variation: 'off' } },
    { fallthrough: share('user', ['on', 99], ['off', 1]) },
    { targets: [{ variation: 'off', contextKind: 'user', keys: ['ann', 'ben'] }] },
    { targets: [] },
    { rules: [{ ...rule, variation: 'off' }] },
    { rules: [rule, { ...rule, id: 'b' }] },
    { rules: [{ ...rule, clauses: [byAccount] }] },
    { prerequisites: [{ flag: 'search', variation: 'on' }] },
  ])('is another with %j', (parts) => {
    expect(spellBehaviour({ ...one, ...parts })).not.toBe(spellBehaviour(one));
  });

  test('of a valve is the same whoever tripped it, and another for a share', () => {
    const tripped = (parts: object) =>
      spellBehaviour(
        buildValve({ rules: [{ id: 'a', clauses: [], variation: 'off', trip: { ...trip, ...parts } }] }).configuration,
      );
    expect(tripped({ by: 'ben', reason: 'other', at: 5 })).toBe(tripped({}));
    expect(tripped({ share: { contextKind: 'user', weight: 1 } })).not.toBe(tripped({}));
    expect(tripped({ exempt: true })).not.toBe(tripped({}));
  });
});
