import type { Flag } from '@sluice/engine';

/** A number for everybody, and others by three rules; the same for every subject. */
export const ttlKey = 'cache.ttl';

const accounts = ['user-00000042', 'user-00000043', 'user-00000044'];
const nearby = ['de', 'at', 'ch'];

/** As LaunchDarkly's JSON has it, for its SDK and for ours. */
export const ttlFlag: Partial<Flag> = {
  variations: [60, 5, 300, 120],
  fallthrough: { variation: 0 },
  offVariation: 0,
  rules: [
    { id: 'accounts', clauses: [{ contextKind: 'user', attribute: 'key', op: 'in', values: accounts }], variation: 1 },
    {
      id: 'enterprise',
      clauses: [{ contextKind: 'user', attribute: 'plan', op: 'in', values: ['enterprise'] }],
      variation: 2,
    },
    { id: 'nearby', clauses: [{ contextKind: 'user', attribute: 'country', op: 'in', values: nearby }], variation: 3 },
  ],
};

/** As flagd has it. */
export const flagdTtlFlag = {
  state: 'ENABLED',
  variants: { everybody: 60, accounts: 5, enterprise: 300, nearby: 120 },
  defaultVariant: 'everybody',
  targeting: {
    if: [
      { in: [{ var: 'targetingKey' }, accounts] },
      'accounts',
      { '===': [{ var: 'plan' }, 'enterprise'] },
      'enterprise',
      { in: [{ var: 'country' }, nearby] },
      'nearby',
    ],
  },
};
