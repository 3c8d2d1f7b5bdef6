import { parseInstructions } from '@sluice/testkit';
import { describe, expect, test } from 'vitest';
import { findRole, type Grant, grantsSchema, hasRole, mayDo, maySee, type Role, roleFor, roles } from './policy.ts';

const production = { project: 'shop', environment: 'production' };

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
    ['operator', { kind: 'set-stage', stage: 'shadow' }],
    ['operator', { kind: 'set-stage', rollout: [{ stage: 'dualwrite', weight: 100_000 }] }],
    ['editor', { kind: 'set-stage', stage: 'live' }],
    ['editor', { kind: 'set-stage', stage: 'off' }],
    [
      'editor',
      {
        kind: 'set-stage',
        rollout: [
          { stage: 'shadow', weight: 1 },
          { stage: 'live', weight: 99_999 },
        ],
      },
    ],
    ['editor', { kind: 'set-stage', stage: 'shadow', overrule: { reason: 'x', instances: ['a'] } }],
    ['editor', { kind: 'turn-on' }],
    ['editor', { kind: 'set-value', value: 1 }],
    ['editor', { kind: 'delete' }],
  ])('is %s for %j', (role, instruction) => {
    const [parsed] = parseInstructions(instruction as never);
    if (parsed === undefined) throw new Error('no instruction');
    expect(roleFor(parsed)).toBe(role);
    expect(mayDo([{ role: 'operator', ...production }], production, parsed)).toBe(role === 'operator');
  });
});

test('a grant for an environment names its project', () => {
  expect(grantsSchema.safeParse([{ role: 'viewer', environment: 'production' }]).success).toBe(false);
  expect(grantsSchema.safeParse([{ role: 'owner' }]).success).toBe(false);
  expect(grantsSchema.safeParse([{ role: 'viewer', ...production }]).success).toBe(true);
});
