import { type Client, createClient } from '@sluice/sdk-node';
import { TestBrowser, type TestServer } from '@sluice/testkit';

/** A name as long as they may be, without a place to break it. */
export const longName = `checkout-${'split-shipment-over-two-warehouses-'.repeat(3)}v2`;

const minuteMs = 60_000;

/**
 * What a small company has after a while, with an incident going on. Returns what is connected. Who can make the
 * server's clock go on by `pass` milliseconds has it all happen within the last hour, and else at once.
 */
export async function seed(server: TestServer, pass: (ms: number) => void = () => {}): Promise<readonly Client[]> {
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
  const lena = await letIn(server, 'Lena Ortiz');
  const jonas = await letIn(server, 'Jonas Weber');
  const priya = await letIn(server, 'Priya Raman');
  pass(20 * minuteMs);
  await jonas({
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
  pass(9 * minuteMs);
  await jonas({ flag: 'payments-v2', comment: 'Launch for all', instructions: [{ kind: 'turn-on' }] });
  pass(3 * minuteMs);
  await priya({ flag: longName, instructions: [{ kind: 'turn-on' }] });
  pass(5 * minuteMs);
  await lena({
    flag: 'search',
    instructions: [
      { kind: 'trip', mode: 'cached', reason: 'Elasticsearch data nodes in long GC', incident: 'INC-4127' },
    ],
  });
  pass(8 * minuteMs);
  await lena({
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
  pass(4 * minuteMs);
  await priya({
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
  pass(6 * minuteMs);
  await priya({ flag: 'orders-to-dynamo', instructions: [{ kind: 'set-stage', stage: 'dualwrite' }] });
  pass(5 * minuteMs);
  for (const [index, client] of clients.entries()) {
    const answer = async () => 'fresh';
    client.config('cache.ttl', { default: 60, min: 1, max: 3600, unit: 's' });
    const search = client.valve('search', { modes: { normal: answer, cached: answer, 'off-404': answer } });
    const email = client.valve('email', { modes: { mailgun: answer, ses: answer } });
    for (let call = 0; call < 300; call++) {
      await search.run({ kind: 'account', key: call % 3 === 0 ? 'acme-logistics' : `account-${call % 7}` });
      if (call % 4 === 0) await email.run({ kind: 'account', key: `account-${call % 5}` });
    }
    for (let user = 0; user < 40; user++) {
      const context = {
        kind: 'multi' as const,
        user: { key: user === 0 ? 'mara' : `user-${index}-${user}` },
        account: { key: `account-${index * 20 + (user % 20)}`, plan: user % 3 === 0 ? 'enterprise' : 'free' },
      };
      client.enabled('new-checkout', context);
    }
  }
  return clients;
}

/** An editor, by whose name changes are made. */
async function letIn(server: TestServer, name: string): Promise<(change: object) => Promise<void>> {
  const person = new TestBrowser(server.url);
  const { link } = (await server.api('POST', '/invitations', { grants: [{ role: 'editor' }] })).body;
  const email = `${name.toLowerCase().replaceAll(' ', '.')}@example.com`;
  const body = { token: link.split('#')[1], name, email, password: 'a sentence that is long enough' };
  await person.api('POST', '/invitations/accept', body);
  return async (change) => {
    const answer = await person.api('POST', '/projects/default/environments/production/changes', change);
    if (answer.status !== 200) throw new Error(`${name}: ${JSON.stringify(answer.body)}`);
  };
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
