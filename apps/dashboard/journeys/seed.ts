import { type Client, createClient } from '@sluice/sdk-node';
import type { TestServer } from '@sluice/testkit';

/** A name as long as they may be, without a place to break it. */
export const longName = `checkout-${'split-shipment-over-two-warehouses-'.repeat(3)}v2`;

/** What a small company has after a while, with an incident going on. Returns what is connected. */
export async function seed(server: TestServer): Promise<readonly Client[]> {
  const create = async (path: string, body: object) => {
    const answer = await server.api('POST', path, body);
    if (answer.status >= 300) throw new Error(`${path}: ${JSON.stringify(answer.body)}`);
  };
  const flag = (body: object) => create('/projects/default/flags', body);
  await flag({ key: 'new-checkout', description: 'Checkout in one page', owner: 'Jonas Weber', tags: ['checkout'] });
  await flag({ key: 'payments-v2', owner: 'Payments', tags: ['payments'] });
  await flag({
    key: longName,
    description: 'A description that says a lot. '.repeat(8),
    owner: 'Logistics and returns',
  });
  await flag({ key: 'legacy-tax', tags: ['checkout', 'cleanup'] });
  for (const [key, modes] of [
    ['search', ['normal', 'cached', 'off-404']],
    ['recommendations', ['normal', 'popular', 'off-404']],
    ['email', ['mailgun', 'ses']],
  ] as const) {
    await flag({ key, kind: 'valve', owner: 'Platform', variations: modes.map((id) => ({ id, value: id })) });
  }
  await flag({
    key: 'cache.ttl',
    kind: 'config',
    value: 60,
    description: 'How long a page of the catalogue is kept',
    config: { schema: { type: 'integer', minimum: 1, maximum: 3600 }, unit: 's', dimensions: ['account', 'route'] },
  });
  await flag({ key: 'orders-to-dynamo', kind: 'migration', owner: 'Priya Raman' });
  await server.change({
    segment: 'beta-testers',
    instructions: [
      { kind: 'create-segment', name: 'Beta testers' },
      { kind: 'add-members', contextKind: 'user', keys: ['mara', 'jonas', 'qa-1'] },
    ],
  });
  const clients = await Promise.all(
    ['eu-1a', 'eu-1a', 'eu-1b'].map(async (zone, index) => {
      const client = createClient({
        url: server.url,
        sdkKey: server.sdkKey,
        instance: {
          key: `${index < 2 ? 'checkout' : 'search'}-7f9c-${index}`,
          zone,
          service: index < 2 ? 'checkout' : 'search',
        },
      });
      await client.ready({ timeoutMs: 60_000 });
      return client;
    }),
  );
  await server.change({
    flag: 'new-checkout',
    comment: 'watching the error rate at 25%',
    instructions: [
      { kind: 'add-prerequisite', prerequisite: { flag: 'payments-v2', variation: 'on' } },
      { kind: 'add-targets', variation: 'on', contextKind: 'user', keys: ['mara', 'jonas'] },
      {
        kind: 'add-rule',
        rule: {
          clauses: [
            { contextKind: 'account', attribute: 'plan', op: 'in', values: ['enterprise', 'business'] },
            { contextKind: 'request', attribute: 'route', op: 'glob', values: ['/checkout/*'] },
          ],
          variation: 'on',
        },
      },
      { kind: 'add-rule', rule: { clauses: [{ op: 'segmentMatch', values: ['beta-testers'] }], variation: 'on' } },
      {
        kind: 'set-fallthrough',
        rollout: {
          contextKind: 'account',
          variations: [
            { variation: 'on', weight: 25_000 },
            { variation: 'off', weight: 75_000 },
          ],
        },
      },
      { kind: 'turn-on' },
    ],
  });
  await server.change({ flag: 'payments-v2', comment: 'Launch for all', instructions: [{ kind: 'turn-on' }] });
  await server.change({ flag: longName, instructions: [{ kind: 'turn-on' }] });
  await server.change({
    flag: 'search',
    instructions: [
      { kind: 'trip', mode: 'cached', reason: 'Elasticsearch data nodes in long GC', incident: 'INC-4127' },
    ],
  });
  await server.change({
    flag: 'recommendations',
    instructions: [
      {
        kind: 'trip',
        mode: 'off-404',
        reason: 'One account sends 38% of all calls',
        expiresInMs: 3 * 3_600_000,
        when: [{ contextKind: 'account', attribute: 'key', op: 'in', values: ['acme-logistics'] }],
      },
    ],
  });
  await server.change({
    flag: 'cache.ttl',
    comment: 'Hit ratio still rising',
    instructions: [
      { kind: 'set-value', value: 120 },
      {
        kind: 'set-override',
        when: [{ contextKind: 'account', attribute: 'key', op: 'in', values: ['acme-logistics'] }],
        value: 30,
      },
    ],
  });
  await server.change({ flag: 'orders-to-dynamo', instructions: [{ kind: 'set-stage', stage: 'dualwrite' }] });
  for (const [index, client] of clients.entries()) {
    for (let user = 0; user < 40; user++) {
      const context = {
        kind: 'multi' as const,
        user: { key: `user-${index}-${user}` },
        account: { key: `account-${user % 7}`, plan: user % 3 === 0 ? 'enterprise' : 'free' },
      };
      client.enabled('new-checkout', context);
    }
  }
  return clients;
}

/** Every page there is, by its path below the environment. */
export const pages: readonly string[] = [
  'now',
  'valves',
  'valves/search',
  'valves/search?tab=history',
  'migrations',
  'migrations/orders-to-dynamo',
  'migrations/orders-to-dynamo?tab=cohorts',
  'configs',
  'configs/cache.ttl',
  'configs/cache.ttl?tab=explain',
  'flags',
  'flags/new-checkout',
  'flags/new-checkout?tab=history',
  'flags/new-checkout?tab=explain',
  'flags/new-checkout?tab=code',
  `flags/${longName}`,
  'flags/new-checkout?tab=environments',
  'flags/new-checkout?tab=evaluations',
  'flags/new-checkout?tab=settings',
  'segments',
  'segments/beta-testers',
  'contexts',
  'fleet',
  'fleet/checkout-7f9c-0',
  'changes',
  'changes?since=1',
  'environments',
  'people',
  'people?tab=tokens',
  'you',
];
