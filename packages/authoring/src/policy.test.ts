import { parseInstructions } from '@sluice/testkit';
import { describe, expect, test } from 'vitest';
import type { Serve } from './configuration.ts';
import type { Instruction } from './instructions.ts';
import { listReturns } from './move-stages.ts';
import {
  findRole,
  type Grant,
  grantsSchema,
  hasRole,
  mayDo,
  maySee,
  type Role,
  roleFor,
  roleForRevert,
  roles,
} from './policy.ts';

const production = { project: 'shop', environment: 'production' };

describe('reverting', () => {
  const turnOn = parseInstructions({ kind: 'turn-on', flag: 'a' });
  const retag = parseInstructions({ kind: 'update-definition', flag: 'a', definition: { tags: ['b'] } });

  test.each<[string, readonly Instruction[], boolean, Role]>([
    ['what nothing came after is for operators, whatever it takes to make', turnOn, false, 'operator'],
    ['with the loss of later changes is for editors', turnOn, true, 'editor'],
    ['what a flag is, is for editors', [...turnOn, ...retag], false, 'editor'],
  ])('%s', (_, instructions, discardLater, role) => {
    expect(roleForRevert(instructions, discardLater)).toBe(role);
  });
});

describe('the role at a place', () => {
  test.each<[string, readonly Grant[], Role | undefined]>([
    ['nothing', [], undefined],
    ['everywhere', [{ role: 'editor' }], 'editor'],
    ['its project', [{ role: 'operator', project: 'shop' }], 'operator'],
    ['the environment', [{ role: 'viewer', ...production }], 'viewer'],
    ['another project', [{ role: 'admin', project: 'other' }], undefined],
    ['another environment', [{ role: 'admin', project: 'shop', environment: 'staging' }], undefined],
    ['of the same name elsewhere', [{ role: 'admin', project: 'other', environment: 'production' }], undefined],
    [
      'closer and lower',
      [{ role: 'admin' }, { role: 'editor', project: 'shop' }, { role: 'viewer', ...production }],
      'viewer',
    ],
    ['closer and lower, first', [{ role: 'viewer', ...production }, { role: 'admin' }], 'viewer'],
    [
      'as close, the higher',
      [
        { role: 'editor', ...production },
        { role: 'viewer', ...production },
      ],
      'editor',
    ],
  ])('by a grant for %s', (_, grants, role) => {
    expect(findRole(grants, production)).toBe(role);
  });

  test('of a project is not that of one of its environments, which lets it be seen', () => {
    const grants: readonly Grant[] = [{ role: 'admin', ...production }];
    expect(findRole(grants, { project: 'shop' })).toBeUndefined();
    expect(maySee(grants, { project: 'shop' })).toBe(true);
    expect(maySee(grants, {})).toBe(true);
    expect(maySee(grants, { project: 'other' })).toBe(false);
    expect(maySee(grants, { project: 'shop', environment: 'staging' })).toBe(false);
  });

  test('has in it what roles before it may', () => {
    for (const [at, role] of roles.entries()) {
      for (const [needed, name] of roles.entries()) expect(hasRole([{ role }], {}, name)).toBe(at >= needed);
    }
  });
});

describe('the role for an instruction', () => {
  test.each([
    ['operator', { kind: 'turn-off' }],
    ['operator', { kind: 'trip', mode: 'off', reason: 'slow' }],
    ['operator', { kind: 'restore' }],
    ['editor', { kind: 'turn-on' }],
    ['editor', { kind: 'set-value', value: 1 }],
    ['editor', { kind: 'delete' }],
  ])('is %s for %j', (role, instruction) => {
    const parsed = parse(instruction);
    expect(roleFor(parsed)).toBe(role);
    expect(mayDo([{ role: 'operator', ...production }], production, parsed)).toBe(role === 'operator');
  });
});

describe('the role for stages', () => {
  const clauses = [{ attribute: 'key', op: 'in', values: ['1'] }];
  /** Of a migration whose records are in these, and those of the cohort `a` in `rampdown`. */
  const served = (fallthrough: Serve) => ({ fallthrough, rules: [{ id: 'a', clauses, variation: 'rampdown' }] });
  const shares = (weights: Readonly<Record<string, number>>): Serve => ({
    rollout: { variations: Object.entries(weights).map(([variation, weight]) => ({ variation, weight })) },
  });

  test.each([
    [{ variation: 'live' }, 'shadow'],
    [{ variation: 'live' }, 'dualwrite'],
    [shares({ shadow: 75_000, live: 25_000 }), 'shadow'],
    [shares({ dualwrite: 50_000, shadow: 30_000, live: 20_000 }), 'dualwrite'],
    // What has not left `off` stays there.
    [shares({ off: 40_000, shadow: 60_000 }), 'dualwrite'],
  ] as const)('is operator for all that takes records from %j back to `%s`', (fallthrough, to) => {
    const moves = listReturns(served(fallthrough), to);
    expect(moves.map(({ cohort }) => cohort)).toEqual([undefined, 'a']);
    expect(moves.map((move) => roleFor(parse(move), served(fallthrough)))).toEqual(['operator', 'operator']);
  });

  test.each([
    [{ variation: 'off' }, { stage: 'dualwrite' }],
    [{ variation: 'dualwrite' }, { stage: 'shadow' }],
    [{ variation: 'shadow' }, { stage: 'live' }],
    [{ variation: 'shadow' }, { stage: 'off' }],
    [{ variation: 'rampdown' }, { stage: 'live' }],
    [shares({ dualwrite: 50_000, live: 50_000 }), { stage: 'shadow' }],
    [
      shares({ shadow: 75_000, live: 25_000 }),
      {
        rollout: [
          { stage: 'shadow', weight: 74_999 },
          { stage: 'live', weight: 25_001 },
        ],
      },
    ],
    [
      shares({ off: 40_000, shadow: 60_000 }),
      {
        rollout: [
          { stage: 'off', weight: 40_001 },
          { stage: 'dualwrite', weight: 59_999 },
        ],
      },
    ],
    [{ variation: 'live' }, { stage: 'shadow', when: clauses }],
    [{ variation: 'live' }, { stage: 'shadow', cohort: 'b' }],
    [{ variation: 'live' }, { stage: 'shadow', overrule: { reason: 'x', instances: ['a'] } }],
  ] as const)('is editor from %j for %j', (fallthrough, move) => {
    expect(roleFor(parse({ kind: 'set-stage', ...move }), served(fallthrough))).toBe('editor');
  });

  test('is editor where nobody says what is served', () => {
    expect(roleFor(parse({ kind: 'set-stage', stage: 'shadow' }))).toBe('editor');
    expect(roleFor(parse({ kind: 'remove-cohort', id: 'a' }), served({ variation: 'live' }))).toBe('editor');
  });
});

function parse(instruction: object): Instruction {
  const [parsed] = parseInstructions(instruction as never);
  if (parsed === undefined) throw new Error('no instruction');
  return parsed;
}

test('a grant for an environment names its project', () => {
  expect(grantsSchema.safeParse([{ role: 'viewer', environment: 'production' }]).success).toBe(false);
  expect(grantsSchema.safeParse([{ role: 'owner' }]).success).toBe(false);
  expect(grantsSchema.safeParse([{ role: 'viewer', ...production }]).success).toBe(true);
});
