import { type Client, createClient, type Store } from '@sluice/sdk-node';
import { TestBrowser, type TestServer } from '@sluice/testkit';

/** What somebody may call a thing who means harm, or does not know better. */
export const hostile: readonly string[] = [
  '<img src=x onerror=alert(1)>',
  '"><script>alert(1)</script>',
  'javascript:alert(1)',
  '\u202Egnihton si siht',
  'wide'.repeat(50),
  '👩‍👩‍👧‍👦🙈é̂̃',
  '{{7*7}} <%= 7*7 %>',
  '__proto__',
];

/** Links are made of addresses in comments. */
export const hostileComment = `see https://example.com/"onmouseover="alert(1) <b>${hostile.join(' | ')}</b>`;

/** Keys are letters, digits, dots, underscores and hyphens: these are what a page may trip over. */
const keys = ['constructor', 'toString', `${'w'.repeat(120)}`, '0', '7..7', 'hasOwnProperty'] as const;

/** All of them at once, of the length that a text may have. */
const [tags, all] = [hostile.map((name) => name.slice(0, 64)), hostile.join(' ').slice(0, 1000)];

interface HostileSeed {
  readonly clients: readonly Client[];
  /** Every page that shows something of it, by its path below the environment. */
  readonly pages: readonly string[];
  /** Those of what is not there. */
  readonly absent: readonly string[];
}

/** All that people and SDKs may name, named so. */
export async function seedHostile(server: TestServer): Promise<HostileSeed> {
  const call = async (method: string, path: string, body?: object) => {
    const answer = await server.api(method, path, body);
    if (answer.status >= 300) throw new Error(`${path}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  for (const [index, name] of hostile.entries()) {
    const about = { name, description: name, owner: name, tags, comment: hostileComment };
    const variations = [
      { id: 'evil', value: name, name, description: name },
      { id: 'none', value: '' },
    ];
    await call('POST', '/projects/default/flags', { key: keys[index] ?? `flag-${index}`, ...about, variations });
    // Nobody has the name of a token.
    await call('POST', '/tokens', { name: `${name} (token)`, grants: [{ role: 'viewer' }] });
    await call('POST', '/projects/default/environments/production/credentials', { name });
    await call('POST', '/projects/default/environments', { key: `env-${index}`, name });
    await call('POST', '/edges', { name, environments: [{ project: 'default', environment: 'production' }] });
    await server.change({
      segment: keys[index] ?? `segment-${index}`,
      comment: hostileComment,
      instructions: [
        { kind: 'create-segment', name, description: name, tags },
        { kind: 'add-members', contextKind: 'user', keys: [...hostile] },
        { kind: 'add-segment-rule', rule: { clauses: [{ attribute: 'plan', op: 'in', values: [...hostile] }] } },
      ],
    });
  }
  await call('POST', '/projects', { key: 'other', name: all.slice(0, 256) });

  // Changes bear the names of who made them.
  for (const [index, name] of hostile.entries()) {
    const { link } = await call('POST', '/invitations', { grants: [{ role: 'editor' }] });
    const person = new TestBrowser(server.url);
    const who = { email: `person-${index}@example.com`, name, password: 'a sentence that is long enough' };
    const came = await person.api('POST', '/invitations/accept', { token: link.split('#')[1], ...who });
    if (came.status !== 201) throw new Error(JSON.stringify(came.body));
    const rule = { clauses: [{ attribute: 'plan', op: 'in', values: [...hostile] }], variation: 'evil' };
    const { status, body } = await person.api('POST', '/projects/default/environments/production/changes', {
      flag: keys[index] ?? `flag-${index}`,
      comment: name,
      instructions: [
        { kind: 'add-targets', variation: 'evil', contextKind: 'user', keys: [...hostile] },
        { kind: 'add-rule', rule },
        { kind: 'add-rule', rule: { clauses: [{ op: 'segmentMatch', values: ['constructor'] }], variation: 'none' } },
        { kind: 'turn-on' },
      ],
    });
    if (status !== 200) throw new Error(JSON.stringify(body));
  }

  const about = { name: all.slice(0, 256), description: all, owner: all.slice(0, 256), tags };
  await call('POST', '/projects/default/flags', {
    ...{ key: 'valueOf', kind: 'valve', ...about },
    variations: [
      { value: 'normal', description: all },
      { value: 'm'.repeat(64), description: all },
      { value: 'toString' },
    ],
  });
  await server.change({
    flag: 'valueOf',
    instructions: hostile.map((key) => ({
      kind: 'trip',
      mode: 'toString',
      reason: key,
      incident: key,
      when: [{ contextKind: 'account', attribute: 'key', op: 'in', values: [key] }],
    })),
  });
  // The server takes no property of the name `__proto__`.
  const taken = hostile.filter((name) => name !== '__proto__');
  const properties = Object.fromEntries(
    taken.map((name) => [name, { type: 'string', title: name, description: name }]),
  );
  await call('POST', '/projects/default/flags', {
    ...{ key: 'isPrototypeOf', kind: 'config', ...about },
    value: Object.fromEntries(taken.map((name) => [name, name])),
    config: { schema: { type: 'object', properties }, dimensions: ['account'] },
  });
  await server.change({
    flag: 'isPrototypeOf',
    instructions: [
      {
        kind: 'set-override',
        when: [{ contextKind: 'account', attribute: 'key', op: 'in', values: [hostile[0]] }],
        value: { [hostile[0] ?? '']: hostile[1] },
      },
    ],
  });
  await call('POST', '/projects/default/flags', { key: 'propertyIsEnumerable', kind: 'migration', ...about });
  for (const stage of ['dualwrite', 'shadow']) {
    const instructions = [{ kind: 'set-stage', stage }];
    await server.change({ flag: 'propertyIsEnumerable', instructions, comment: hostileComment });
  }

  const clients = await Promise.all(hostile.map((name) => startHostile(server, name)));
  const { items } = await call('GET', '/projects/default/environments/production/changes?limit=1');
  const pages = [
    'now',
    ...['valves', 'valves/valueOf', 'valves/valueOf?tab=history', 'valves/valueOf?tab=explain'],
    ...['migrations', 'migrations/propertyIsEnumerable', 'migrations/propertyIsEnumerable?tab=history'],
    ...['configs', 'configs/isPrototypeOf', 'configs/isPrototypeOf?tab=history', 'configs/isPrototypeOf?tab=explain'],
    ...['flags', `flags?q=${encodeURIComponent(hostile[0] ?? '')}`],
    ...keys.map((key) => `flags/${key}`),
    ...['environments', 'evaluations', 'history', 'explain', 'code', 'settings'].map(
      (tab) => `flags/constructor?tab=${tab}`,
    ),
    ...['segments', 'segments/constructor', 'contexts', `contexts?q=${encodeURIComponent(hostile[1] ?? '')}`],
    ...['fleet', `fleet?q=${encodeURIComponent(hostile[2] ?? '')}`],
    ...hostile.map((name) => `fleet/${encodeURIComponent(name)}`),
    ...['changes', 'changes?since=1', `changes?who=${encodeURIComponent(hostile[3] ?? '')}`, `changes/${items[0].id}`],
    ...['environments', 'people', 'people?tab=tokens', 'you'],
  ];
  const absent = ['flags', 'segments', 'valves', 'configs', 'migrations', 'fleet', 'changes'].flatMap((page) =>
    ['prototype', '<script>'].map((key) => `${page}/${encodeURIComponent(key)}`),
  );
  return { clients, pages, absent };
}

/** An instance that is called so, evaluates for contexts that are, calls a valve for them and finds that stores differ. */
async function startHostile(server: TestServer, name: string): Promise<Client> {
  const instance = { key: name, service: name, zone: name, version: name };
  const client = createClient({ url: server.url, sdkKey: server.sdkKey, instance });
  await client.ready({ timeoutMs: 60_000 });
  client.enabled('constructor', { kind: 'user', key: name, plan: name, [name]: { [name]: name } });
  const valve = client.valve('valueOf', {
    modes: { normal: () => name, [`${'m'.repeat(64)}`]: () => name, toString: () => name },
  });
  await valve.run({ kind: 'account', key: name });
  const [old, next] = [storeOf(name), storeOf(`${name} `)];
  const records = client.migration<object>('propertyIsEnumerable', {
    ...{ old, new: next, journal: false },
    compare: { sample: { share: 1 }, recheckMs: 1 },
  });
  await records.read(name);
  return client;
}

function storeOf(value: string): Store<object> {
  return {
    read: async (key) => ({ value: { [key]: value }, version: '1' }),
    write: async () => 'stale',
    remove: async () => 'stale',
  };
}
