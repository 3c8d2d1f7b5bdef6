import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type CommandOutcome,
  openTestSocket,
  runSluice,
  startTestServer,
  type TestServer,
  type TestSocket,
} from '@sluice/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});

afterAll(() => server.close());

/** Words with spaces are given apart. */
function sluice(line: string, ...more: readonly string[]): Promise<CommandOutcome> {
  const variables = { SLUICE_DATA: server.folder };
  return runSluice([...line.split(' '), ...more], { variables, home: server.folder, width: 80 });
}

async function createTtl(key: string): Promise<void> {
  const rules = '--type integer --min 1 --max 1h --unit s --max-factor 4';
  const dimensions = '--vary account --vary route --vary ip --vary instance.region';
  const { exitCode, complained } = await sluice(`config create ${key} 60 ${rules} ${dimensions}`);
  expect([exitCode, complained]).toEqual([0, '']);
}

const inRegion = { contextKind: 'instance', attribute: 'region', op: 'in', values: ['eu-1'] };
const heavy = { contextKind: 'account', attribute: 'key', op: 'in', values: ['42'] };
const search = { contextKind: 'request', attribute: 'route', op: 'in', values: ['/search'] };

async function override(flag: string, id: string, clause: object, value: number): Promise<void> {
  await server.change({ flag, instructions: [{ kind: 'set-override', id, when: [clause], value }] });
}

describe('creating a config', () => {
  test('declares what its values may be, in whatever unit its bounds are typed', async () => {
    await createTtl('created.ttl');
    expect((await server.api('GET', '/projects/default/flags/created.ttl')).body).toMatchObject({
      kind: 'config',
      config: {
        schema: { type: 'integer', minimum: 1, maximum: 3600 },
        unit: 's',
        maxChangeFactor: 4,
        dimensions: ['account', 'route', 'ip', 'instance.region'],
      },
    });
  });

  test('takes the type from the value where none is given', async () => {
    const { printed } = await sluice('config create created.level info --json');
    expect(JSON.parse(printed)).toMatchObject({ kind: 'config', config: { schema: { type: 'string' } } });
    expect((await sluice('config get created.level')).printed).toBe('info');
  });

  test.each(['', ' --type integer', ' --type number', ' --unit s'])('loses no digit of a number%s', async (options) => {
    const { exitCode, complained } = await sluice(`config create created.big 9007199254740993${options}`);
    expect([exitCode, complained]).toEqual([2, expect.stringContaining('VALUE: expected a number that')]);
  });

  test('takes a schema from a file', async () => {
    const file = join(server.folder, 'limits.json');
    await writeFile(file, '{"type":"array","items":{"type":"integer"}}');
    expect((await sluice(`config create created.limits [1,2] --schema ${file}`)).exitCode).toBe(0);
    expect((await sluice('config set created.limits ["no"]')).complained).toContain('expected to be integer, got "no"');
    const both = await sluice(`config create created.both [1] --schema ${file} --type array`);
    expect(both).toMatchObject({ exitCode: 2, complained: expect.stringContaining('--type belongs into the schema') });
  });

  test.each([
    ['config create bad 60 --unit parsec', '--unit must be one of ms, s, min'],
    ['config create bad ten --unit s', 'VALUE: expected a number, with or without one of the units ms, s, min, h'],
    ['config create bad 60 --max-factor much', '--max-factor must be a number above 1, got "much"'],
    ['config create bad 60 --schema nowhere.json', 'there is no schema file nowhere.json'],
  ])('`%s` is refused', async (line, sentence) => {
    const { exitCode, complained } = await sluice(line);
    expect(exitCode).toBe(2);
    expect(complained).toContain(sentence);
  });
});

describe('reading a config', () => {
  beforeAll(async () => {
    await createTtl('read.ttl');
    await override('read.ttl', 'searching', search, 30);
    await override('read.ttl', 'heavy', heavy, 120);
    await override('read.ttl', 'europe', inRegion, 90);
    await server.api('POST', '/projects/default/flags', { key: 'checkout' });
  });

  test('lists value, overrides and dimensions of configs, and no other flags', async () => {
    const { printed } = await sluice('config list');
    expect(printed).toMatch(/^CONFIG +VALUE +OVERRIDES +VARIES BY\n/);
    expect(printed).toMatch(/^read\.ttl +60 s +3 +account, route, ip, instance\.region$/m);
    expect(printed).not.toContain('checkout');
    const listed: { key: string }[] = JSON.parse((await sluice('config list --json')).printed);
    expect(listed.map(({ key }) => key)).toContain('read.ttl');
  });

  test('shows the overrides in the order in which they win', async () => {
    const { printed } = await sluice('config show read.ttl');
    expect(printed).toBe(
      [
        'read.ttl',
        '  value      60 s in production',
        '  must be    integer, from 1 s to 3600 s',
        '  at once    by a factor of at most 4; more is to be confirmed',
        '  varies by  account, route, ip, instance.region; the first wins',
        `  version    ${JSON.parse((await sluice('config show read.ttl --json')).printed).version}`,
        '',
        'OVERRIDE   LAYER            VALUE  FOR',
        'heavy      account          120 s  account key is "42"',
        'searching  route            30 s   request route is "/search"',
        'europe     instance.region  90 s   instance region is "eu-1"',
        '           default          60 s   everybody else',
      ].join('\n'),
    );
  });

  test.each([
    ['', '60'],
    [' --account 42', '120'],
    [' --account 43', '60'],
    [' --account 43 --route /search', '30'],
    [' --instance region=eu-1', '90'],
    [' --context {"kind":"account","key":"42"}', '120'],
    [' --user ann --json', '60'],
  ])('prints the value alone: get%s', async (options, value) => {
    expect(await sluice(`config get read.ttl${options}`)).toEqual({ exitCode: 0, printed: value, complained: '' });
  });

  test('says which override answered, and what lies beneath it', async () => {
    const line = 'config why read.ttl --account 42 --route /search';
    expect((await sluice(line)).printed).toBe(
      [
        '120 s: override heavy (account) wins',
        'All that matches, the winner first:',
        'LAYER    OVERRIDE   VALUE  FOR',
        'account  heavy      120 s  account key is "42"',
        'route    searching  30 s   request route is "/search"',
        'default             60 s   everybody else',
      ].join('\n'),
    );
    const { layers } = JSON.parse((await sluice(`${line} --json`)).printed);
    expect(layers.map(({ value }: { value: number }) => value)).toEqual([120, 30, 60]);
    expect((await sluice('config why read.ttl')).printed).toBe(
      '60 s: no override matches, so it is the value of the environment',
    );
  });

  test('shows what an instance has beside what it should have', async () => {
    const reason = 'expected at most 80';
    const refused = [{ kind: 'flag', key: 'read.ttl', version: 4, reason }];
    const configs = [{ key: 'read.ttl', value: '60' }];
    const socket = await startInstance(server, { key: 'web-1', about: { region: 'eu-1' }, refused, configs });
    while ((await server.api('GET', fleet)).body.live !== 1);
    const { printed } = await sluice('config why read.ttl --instance web-1');
    expect(printed).toContain('90 s: override europe (instance.region) wins');
    expect(printed).toContain('Instance web-1 (partial) has 60 s, and should have 90 s.');
    expect(printed).toContain(reason);
    const { instance } = JSON.parse((await sluice('config why read.ttl --instance web-1 --json')).printed);
    expect(instance).toMatchObject({ instance: 'web-1', configs: [{ key: 'read.ttl', value: '60' }] });
    const unknown = await sluice('config why read.ttl --instance web-9');
    expect(unknown).toMatchObject({ exitCode: 1, complained: expect.stringContaining('no instance "web-9"') });
    socket.cut();
  });

  test('refuses what is no config', async () => {
    const { exitCode, complained } = await sluice('config show checkout');
    expect(exitCode).toBe(1);
    expect(complained).toContain('checkout is no config but a release flag');
  });
});

describe('changing a config', () => {
  test('converts units, and keeps why', async () => {
    await createTtl('set.ttl');
    const { exitCode, printed } = await sluice('config set set.ttl 4min -m', 'the database is slow');
    expect(exitCode).toBe(0);
    expect(printed).toMatch(/^set\.ttl is changed in production \(version \d+\)\.\n {2}flag set\.ttl: .*240 s/);
    expect((await sluice('config get set.ttl')).printed).toBe('240');
    const history = JSON.parse((await sluice('flag history set.ttl --json')).printed);
    expect(history[0].comment).toBe('the database is slow');
    expect((await sluice('config set set.ttl 240')).printed).toMatch(/^set\.ttl is as it was/);
  });

  test('changes nothing in a dry run', async () => {
    await createTtl('dry.ttl');
    expect((await sluice('config set dry.ttl 120 --dry-run')).printed).toContain('nothing is changed');
    expect((await sluice('config get dry.ttl')).printed).toBe('60');
  });

  test('asks to confirm a leap, and names the bounds that a value breaks', async () => {
    await createTtl('leap.ttl');
    const leap = await sluice('config set leap.ttl 50min');
    expect(leap.exitCode).toBe(1);
    expect(leap.complained).toContain('60 s → 3000 s, a factor of 50');
    expect(leap.complained).toContain('give --confirm');
    expect((await sluice('config get leap.ttl')).printed).toBe('60');
    expect((await sluice('config set leap.ttl 50min --confirm')).exitCode).toBe(0);
    const bounds = await sluice('config set leap.ttl 0 --confirm');
    expect(bounds).toMatchObject({
      exitCode: 1,
      complained: expect.stringContaining('expected to be >= 1, got 0 (in s)'),
    });
    expect((await sluice('config get leap.ttl')).printed).toBe('3000');
    await sluice('config override leap.ttl 60 --account 42 --confirm --json');
    const [, id = ''] = /^(\w+) +account/m.exec((await sluice('config show leap.ttl')).printed) ?? [];
    expect((await sluice(`config remove leap.ttl ${id}`)).complained).toContain('give --confirm');
    expect((await sluice(`config remove leap.ttl ${id} --confirm`)).exitCode).toBe(0);
  });

  test('overrides for all that is said at once, and replaces what is there for the same', async () => {
    await createTtl('over.ttl');
    const scope = '--account 42 --account 43 --route /search*';
    const made = await sluice(`config override over.ttl 30s ${scope} --name heavy`);
    expect((await sluice('config show over.ttl')).printed).toContain('heavy: account key is');
    expect(made).toMatchObject({ exitCode: 0, complained: '' });
    expect((await sluice(`config override over.ttl 0.5min ${scope} --name heavy`)).printed).toContain('as it was');
    expect((await sluice(`config override over.ttl 20 ${scope}`)).exitCode).toBe(0);
    const { rules } = JSON.parse((await sluice('config show over.ttl --json')).printed);
    expect(rules).toMatchObject([
      {
        variation: '20',
        clauses: [
          { contextKind: 'account', attribute: 'key', op: 'in', values: ['42', '43'] },
          { contextKind: 'request', attribute: 'route', op: 'glob', values: ['/search*'] },
        ],
      },
    ]);
    const get = (options: string) => sluice(`config get over.ttl ${options}`);
    expect((await get('--account 43 --route /search-all')).printed).toBe('20');
    expect((await get('--account 43 --route /cart')).printed).toBe('60');
  });

  test('overrides for networks and for instances, by number as by text', async () => {
    await createTtl('where.ttl');
    expect((await sluice('config override where.ttl 30 --ip 10.0.0.0/8')).exitCode).toBe(0);
    expect((await sluice('config override where.ttl 90 --instance region=1')).exitCode).toBe(0);
    expect((await sluice('config get where.ttl --ip 10.1.2.3')).printed).toBe('30');
    expect((await sluice('config get where.ttl --instance region=1')).printed).toBe('90');
    expect((await sluice('config get where.ttl --instance region="1"')).printed).toBe('90');
  });

  test('asks for whom an override is, and refuses what the config does not vary by', async () => {
    await createTtl('whom.ttl');
    expect(await sluice('config override whom.ttl 30')).toMatchObject({
      exitCode: 2,
      complained: expect.stringContaining('for whom?'),
    });
    expect(await sluice('config override whom.ttl 30 --method get')).toMatchObject({
      exitCode: 1,
      complained: expect.stringContaining('got `method`'),
    });
  });

  test('removes an override, and names those that there are when there is none such', async () => {
    await createTtl('removed.ttl');
    await override('removed.ttl', 'heavy', heavy, 120);
    expect((await sluice('config remove removed.ttl light')).complained).toContain('there are `heavy`');
    expect((await sluice('config remove removed.ttl heavy')).exitCode).toBe(0);
    expect((await sluice('config get removed.ttl --account 42')).printed).toBe('60');
  });
});

describe('with --wait', () => {
  let own: TestServer;
  let sets = 0;

  beforeAll(async () => {
    own = await startTestServer();
    const socket = await startInstance(own, { key: 'web-1' });
    // Ends when the server does.
    void acknowledgeAll(socket).catch(() => undefined);
    while ((await own.api('GET', fleet)).body.live !== 1);
  });

  afterAll(() => own.close());

  test.each<[line: string, ...before: string[]]>([
    ['config create NAME.new 60'],
    ['config set NAME.ttl 90'],
    ['config override NAME.ttl 30 --account 43'],
    ['config remove NAME.ttl heavy'],
    ['providers create NAME-new mailgun ses'],
    ['providers activate NAME ses'],
    ['providers drain NAME ses'],
    ['providers standby NAME ses', 'providers drain NAME ses'],
    ['providers pin NAME ses --account 42'],
  ])('"%s" ends when every instance has it', async (line, ...before) => {
    const name = `waited-${++sets}`;
    const run = (each: string) => sluice(`${each.replace('NAME', name)} --data ${own.folder}`);
    for (const each of ['config create NAME.ttl 60 --vary account', 'providers create NAME mailgun ses', ...before])
      expect(await run(each)).toMatchObject({ exitCode: 0, complained: '' });
    const instructions = [{ kind: 'set-override', id: 'heavy', when: [heavy], value: 30 }];
    await own.change({ flag: `${name}.ttl`, instructions });
    const { exitCode, printed } = await run(`${line} --wait --timeout 20s --json`);
    expect(exitCode).toBe(0);
    expect(JSON.parse(printed)).toMatchObject({ convergence: { outcome: 'converged', expected: 1, accepted: 1 } });
  });
});

const fleet = '/projects/default/environments/production/fleet';

async function startInstance(
  { url, sdkKey }: TestServer,
  { key, about = {}, ...running }: { key: string; about?: object; refused?: object[]; configs?: object[] },
): Promise<TestSocket> {
  const socket = await openTestSocket(url, sdkKey);
  const first = await socket.until('payload-transferred');
  const { state } = JSON.parse(first.at(-1)?.data ?? '');
  const hello = { kind: 'hello', key, session: key, connection: 1, sdk: 'sluice-test/1', via: 'socket', about };
  socket.send({ ...hello, running: { state, ...running } });
  return socket;
}

/** Says of whatever comes that it runs it. */
async function acknowledgeAll(socket: TestSocket): Promise<never> {
  for (;;) {
    const { event, data } = await socket.next();
    if (event === 'payload-transferred') socket.send({ kind: 'acknowledgement', state: JSON.parse(data).state });
  }
}
