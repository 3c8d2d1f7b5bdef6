import type { Context } from '@sluice/engine';

/** Flags, segments and contexts for comparing engines: made by hand to reach everything, mixed by chance. */

/** The body of one change that makes a flag what it is. */
export interface FlagRecipe {
  readonly key: string;
  readonly variations?: readonly { readonly id: string; readonly value: unknown }[];
  readonly instructions: readonly unknown[];
  /** Indexes of the variations that some of `randomContext`'s contexts get; all of them unless given. */
  readonly serves?: readonly number[];
}

export interface SegmentRecipe {
  readonly key: string;
  readonly instructions: readonly unknown[];
}

interface ClauseRecipe {
  readonly contextKind?: string;
  readonly attribute: string;
  readonly op: string;
  readonly values: readonly unknown[];
}

/** For each operator a clause that some of `randomContext`'s contexts match and some do not. */
const clauses: readonly ClauseRecipe[] = [
  { attribute: 'country', op: 'in', values: ['nl', 'be'] },
  { attribute: 'age', op: 'in', values: [30, 31, '32'] },
  { attribute: 'beta', op: 'in', values: [true] },
  { attribute: 'email', op: 'startsWith', values: ['a', 'b'] },
  { attribute: 'email', op: 'endsWith', values: ['@example.com'] },
  { attribute: 'email', op: 'contains', values: ['1', '@ex'] },
  { attribute: 'email', op: 'matches', values: ['^[a-c].*[13579]@', 'z$'] },
  { attribute: 'age', op: 'lessThan', values: [30] },
  { attribute: 'age', op: 'lessThanOrEqual', values: [30] },
  { attribute: 'age', op: 'greaterThan', values: [40] },
  { attribute: 'age', op: 'greaterThanOrEqual', values: [40, 60] },
  { attribute: 'since', op: 'before', values: ['2024-01-01T00:00:00Z'] },
  { attribute: 'since', op: 'after', values: [1_704_067_200_000, '2025-06-01T12:00:00+02:00'] },
  { attribute: 'version', op: 'semVerEqual', values: ['2.0.0', '1.2'] },
  { attribute: 'version', op: 'semVerLessThan', values: ['2.0.0'] },
  { attribute: 'version', op: 'semVerGreaterThan', values: ['2.0.0-rc.1'] },
  { attribute: '/address/city', op: 'in', values: ['Delft'] },
  { attribute: 'groups', op: 'in', values: ['admins', 'testers'] },
  { contextKind: 'organization', attribute: 'plan', op: 'in', values: ['pro'] },
  { attribute: 'kind', op: 'in', values: ['organization'] },
  { attribute: 'anonymous', op: 'in', values: [false] },
];

const three = [
  { id: 'a', value: 'a' },
  { id: 'b', value: 'b' },
  { id: 'c', value: 'c' },
];

function whenMatched(key: string, clause: unknown): FlagRecipe {
  return {
    key,
    instructions: [
      { kind: 'turn-on' },
      { kind: 'set-fallthrough', variation: 'off' },
      { kind: 'add-rule', rule: { id: 'rule', clauses: [clause], variation: 'on' } },
    ],
  };
}

function rollout(key: string, options: object): FlagRecipe {
  const variations = [
    { variation: 'a', weight: 10_000 },
    { variation: 'b', weight: 30_000 },
    { variation: 'c', weight: 60_000 },
  ];
  return {
    key,
    variations: three,
    instructions: [{ kind: 'turn-on' }, { kind: 'set-fallthrough', rollout: { variations, ...options } }],
  };
}

export const segmentRecipes: readonly SegmentRecipe[] = [
  {
    key: 'listed',
    instructions: [
      { kind: 'create-segment' },
      { kind: 'add-members', keys: Array.from({ length: 60 }, (_, index) => `user-${index * 3}`) },
      {
        kind: 'add-members',
        list: 'excluded',
        keys: Array.from({ length: 60 }, (_, index) => `user-${index * 3 + 1}`),
      },
      { kind: 'add-members', contextKind: 'organization', keys: ['org-1', 'org-2'] },
      { kind: 'add-segment-rule', rule: { clauses: [{ attribute: 'country', op: 'in', values: ['de'] }] } },
    ],
  },
  {
    key: 'weighted',
    instructions: [
      { kind: 'create-segment' },
      { kind: 'add-segment-rule', rule: { clauses: [], weight: 40_000, contextKind: 'user', bucketBy: 'email' } },
    ],
  },
  {
    key: 'nested',
    instructions: [
      { kind: 'create-segment' },
      {
        kind: 'add-segment-rule',
        rule: {
          clauses: [
            { op: 'segmentMatch', values: ['listed'] },
            { attribute: 'age', op: 'lessThan', values: [50] },
          ],
        },
      },
    ],
  },
];

/** More than 60 flags: every operator plain and negated, segments, prerequisites, targets, rollouts of all sorts. */
export const flagRecipes: readonly FlagRecipe[] = [
  ...clauses.flatMap((clause, index) => [
    whenMatched(`op-${index}-${clause.op}`, clause),
    whenMatched(`op-${index}-not-${clause.op}`, { ...clause, negate: true }),
  ]),
  ...['listed', 'weighted', 'nested'].flatMap((segment) => [
    whenMatched(`in-${segment}`, { op: 'segmentMatch', values: [segment] }),
    whenMatched(`not-in-${segment}`, { op: 'segmentMatch', values: [segment], negate: true }),
  ]),
  rollout('rollout-by-key', {}),
  rollout('rollout-by-email', { bucketBy: 'email' }),
  rollout('rollout-by-age', { bucketBy: 'age' }),
  rollout('rollout-by-zip', { bucketBy: '/address/zip' }),
  // Without the attribute everybody is in bucket 0, which belongs to the off variation.
  { ...rollout('rollout-by-missing', { bucketBy: 'nothing' }), serves: [2] },
  rollout('rollout-of-organizations', { contextKind: 'organization' }),
  rollout('rollout-of-seats', { contextKind: 'organization', bucketBy: 'seats' }),
  { key: 'always-off', variations: three, instructions: [{ kind: 'set-off-variation', variation: 'b' }], serves: [1] },
  { key: 'always-on', instructions: [{ kind: 'turn-on' }], serves: [0] },
  {
    key: 'targets',
    variations: three,
    instructions: [
      { kind: 'turn-on' },
      { kind: 'set-fallthrough', variation: 'c' },
      { kind: 'add-targets', variation: 'a', keys: ['user-1', 'user-2', 'user-3'] },
      { kind: 'add-targets', variation: 'b', contextKind: 'organization', keys: ['org-3'] },
      { kind: 'add-targets', variation: 'b', keys: ['user-4', 'user-5'] },
    ],
  },
  {
    key: 'rules-with-rollouts',
    variations: three,
    instructions: [
      { kind: 'turn-on' },
      {
        kind: 'add-rule',
        rule: {
          id: 'share',
          clauses: [
            { attribute: 'country', op: 'in', values: ['nl', 'be', 'de'] },
            { attribute: 'age', op: 'greaterThan', values: [20] },
          ],
          rollout: {
            variations: [
              { variation: 'a', weight: 50_000 },
              { variation: 'b', weight: 50_000 },
            ],
          },
        },
      },
      {
        kind: 'add-rule',
        rule: { id: 'none', clauses: [{ attribute: 'name', op: 'in', values: ['nobody'] }], variation: 'b' },
      },
      { kind: 'set-fallthrough', variation: 'c' },
    ],
  },
  { key: 'needs-rule', instructions: needs([['op-0-in', 'on']]) },
  // A prerequisite that is off never holds, also when it serves the right variation.
  { key: 'needs-off', instructions: needs([['always-off', 'b']]), serves: [1] },
  {
    key: 'needs-two',
    instructions: needs([
      ['needs-rule', 'on'],
      ['rollout-by-key', 'c'],
    ]),
  },
  { key: 'needs-not', instructions: needs([['op-0-in', 'off']]) },
];

function needs(prerequisites: readonly (readonly [flag: string, variation: string])[]): readonly unknown[] {
  return [
    { kind: 'turn-on' },
    ...prerequisites.map(([flag, variation]) => ({ kind: 'add-prerequisite', prerequisite: { flag, variation } })),
  ];
}

/** Numbers that look random and are the same in every run (mulberry32). */
export function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A user, an organization or both, with attributes of every type, some of them missing. */
export function randomContext(random: () => number): Context {
  const pick = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)] as T;
  const maybe = (fields: object): object => (random() < 0.8 ? fields : {});
  const user = {
    key: `user-${Math.floor(random() * 300)}`,
    ...maybe({ country: pick(['nl', 'be', 'de', 'fr', 'us']) }),
    ...maybe({ age: pick([25.5, '32', 18 + Math.floor(random() * 60)]) }),
    ...maybe({
      email: `${pick(['ann', 'bob', 'cid', 'dee', 'zoe'])}${Math.floor(random() * 50)}@${pick(['example.com', 'test.org'])}`,
    }),
    ...maybe({ beta: pick([true, false, 'true']) }),
    ...maybe({
      since: pick([
        '2023-05-01T10:00:00Z',
        '2024-03-01T00:00:00.5+01:00',
        1_700_000_000_000,
        1_750_000_000_000,
        'long ago',
      ]),
    }),
    ...maybe({ version: pick(['1.2.0', '1.2', '2.0.0-rc.1', '2.0.0', '2.1.3+build', '10', 'v2', 2]) }),
    ...maybe({
      address: pick([
        { city: 'Delft', zip: Math.floor(random() * 999) },
        { city: 'Gent', zip: `${Math.floor(random() * 999)} AB` },
        { street: 'x' },
        'Delft',
      ]),
    }),
    ...maybe({ groups: pick([['admins'], ['staff', 'testers'], [], 'testers', [1, 2]]) }),
    ...maybe({ anonymous: pick([true, false]) }),
  };
  const organization = {
    key: `org-${Math.floor(random() * 60)}`,
    ...maybe({ plan: pick(['pro', 'free', 'trial', 7]) }),
    ...maybe({ seats: Math.floor(random() * 200) }),
  };
  const form = random();
  if (form < 0.6) return { kind: 'user', ...user };
  if (form < 0.75) return { kind: 'organization', ...organization };
  return { kind: 'multi', user, organization };
}
