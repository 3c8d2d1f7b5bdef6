import type { Clause, Flag, Segment } from '@sluice/engine';
import type { Payload } from '@sluice/protocol';
import { ttlFlag, ttlKey } from '../config/ttl.ts';
import { rolloutShare, type ScenarioName, segmentKeys, targetedHalf, targetedKeys } from './scenarios.ts';

/** The scenarios as LaunchDarkly's JSON has them, for its SDK and for ours. */

const yes = { variation: 0 };
const no = { variation: 1 };

const flags: Readonly<Record<ScenarioName, Partial<Flag>>> = {
  off: { on: false },
  fallthrough: { fallthrough: yes },
  targets: {
    variations: ['red', 'blue', 'plain'],
    targets: [
      { variation: 0, values: targetedKeys.slice(0, targetedHalf) },
      { variation: 1, values: targetedKeys.slice(targetedHalf) },
    ],
    fallthrough: { variation: 2 },
  },
  rules: {
    rules: [
      rule('seats', clause('seats', 'greaterThan', 50), clause('email', 'endsWith', '@staff.example')),
      rule(
        'test',
        clause('country', 'in', 'de', 'fr', 'it', 'es', 'nl', 'se', 'dk'),
        clause('email', 'contains', '+test'),
      ),
      rule('admin', clause('plan', 'in', 'free', 'pro'), clause('email', 'startsWith', 'admin')),
      rule('iceland', clause('seats', 'lessThan', 900), clause('country', 'in', 'is')),
      rule('paying', clause('country', 'in', 'de', 'at', 'ch'), clause('plan', 'in', 'pro', 'enterprise')),
    ],
  },
  rollout: {
    fallthrough: {
      rollout: {
        contextKind: 'user',
        bucketBy: 'key',
        variations: [
          { variation: 0, weight: rolloutShare * 100_000 },
          { variation: 1, weight: (1 - rolloutShare) * 100_000 },
        ],
      },
    },
  },
  segment: { rules: [rule('members', { attribute: '', op: 'segmentMatch', values: ['members'] })] },
  prerequisites: {
    prerequisites: [
      { key: 'prerequisite-1', variation: 0 },
      { key: 'prerequisite-2', variation: 0 },
      { key: 'prerequisite-3', variation: 0 },
    ],
    fallthrough: yes,
  },
};

const prerequisites: Readonly<Record<string, Partial<Flag>>> = Object.fromEntries(
  [1, 2, 3].map((number) => [`prerequisite-${number}`, { fallthrough: yes }]),
);

const segment: Segment = { key: 'members', version: 1, salt: 'salt', included: segmentKeys };

export const payload: Payload = {
  epoch: 'bench',
  version: 1,
  objects: [
    ...Object.entries({ ...prerequisites, ...flags, [ttlKey]: ttlFlag }).map(([key, flag]) => ({
      kind: 'flag' as const,
      key,
      version: 1,
      json: JSON.stringify(complete(key, flag)),
    })),
    { kind: 'segment', key: segment.key, version: 1, json: JSON.stringify(segment) },
  ],
};

function complete(key: string, flag: Partial<Flag>): Flag {
  return {
    key,
    version: 1,
    on: true,
    variations: [true, false],
    offVariation: 1,
    fallthrough: no,
    salt: 'salt',
    ...flag,
  };
}

function rule(id: string, ...clauses: readonly Clause[]): NonNullable<Flag['rules']>[number] {
  return { id, clauses, ...yes };
}

function clause(attribute: string, op: string, ...values: readonly unknown[]): Clause {
  return { contextKind: 'user', attribute, op, values };
}
