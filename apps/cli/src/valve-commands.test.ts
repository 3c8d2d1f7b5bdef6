import type { ChangeView, EnvironmentFlagView } from '@sluice/api-client';
import { createClient } from '@sluice/sdk-node';
import {
  type CommandOutcome,
  openTestSocket,
  runSluice,
  startTestServer,
  type TestServer,
  type TestSocket,
  until,
} from '@sluice/testkit';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import type { CommandPlatform } from './platform.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

let server: TestServer;
let now: number;
const sockets: TestSocket[] = [];

beforeEach(async () => {
  now = Date.UTC(2026, 10, 26, 12);
  server = await startTestServer({ platform: { now: () => now } });
  await createValve('search', 'normal', 'cached', 'off-404');
  await createValve('mail', 'normal', 'off');
});

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.cut();
  await server.close();
});

async function createValve(key: string, ...modes: readonly string[]): Promise<void> {
  const variations = modes.map((value) => ({ value }));
  await server.api('POST', '/projects/default/flags', { key, kind: 'valve', variations });
}

/** There is no terminal to ask at unless `ask` is given. */
function sluice(line: string, platform: Partial<CommandPlatform> = {}): Promise<CommandOutcome> {
  const variables = { SLUICE_DATA: server.folder };
  return runSluice(line, { variables, home: server.folder, now: () => now, ...platform });
}

/** Somebody at a terminal; what they are asked is kept. */
function answering(answer: string, asked: string[] = []): Pick<CommandPlatform, 'ask'> {
  return {
    ask: (question) => {
      asked.push(question);
      return Promise.resolve(answer);
    },
  };
}

async function readValve(key = 'search', environment = 'production'): Promise<EnvironmentFlagView> {
  return (await server.api('GET', `/projects/default/environments/${environment}/flags/${key}`)).body;
}

async function readModes(key = 'search', environment = 'production'): Promise<readonly unknown[]> {
  return (await readValve(key, environment)).rules.map((rule) => ('variation' in rule ? rule.variation : rule));
}

/** What a command would ask of the server. */
async function planTrip(options: string): Promise<ChangeView['instructions'][number] | undefined> {
  const { exitCode, printed } = await sluice(`valve trip search cached -m slow --dry-run --json ${options}`);
  expect(exitCode).toBe(0);
  const change: ChangeView = JSON.parse(printed);
  return change.instructions[0];
}

describe('sluice valve create', () => {
  test('makes a valve with its modes by severity, and says how it is tripped', async () => {
    const { printed } = await sluice('valve create recommendations --mode full --mode cached --mode none --owner web');
    expect(printed).toBe(
      'Created recommendations: full in every environment. Its other modes: cached, none.\n' +
        'Trip it with: sluice valve trip recommendations cached --reason TEXT',
    );
    const valve = await readValve('recommendations');
    expect(valve).toMatchObject({ kind: 'valve', on: true, owner: 'web' });
    expect(valve.variations.map(({ value }) => value)).toEqual(['full', 'cached', 'none']);
  });

  test('gives it the modes normal and off unless others are given', async () => {
    const { printed } = await sluice('valve create receipts --json');
    expect(JSON.parse(printed).variations).toMatchObject([{ value: 'normal' }, { value: 'off' }]);
  });

  test.each([
    ['--mode normal', 'at least 2'],
    ['--mode normal --mode "too slow"', 'too slow'],
  ])('passes on why %s cannot be', async (modes, sentence) => {
    const { exitCode, complained } = await sluice(`valve create receipts ${modes}`);
    expect([exitCode, complained]).toEqual([1, expect.stringContaining(sentence)]);
  });
});

describe('sluice valve list', () => {
  test('says how to create a valve where there is none', async () => {
    for (const key of ['search', 'mail']) await server.api('DELETE', `/projects/default/flags/${key}`);
    await server.api('POST', '/projects/default/flags', { key: 'checkout' });
    const none = 'There are no valves in project default yet. Create one with: sluice valve create VALVE';
    expect(await sluice('valve list')).toMatchObject({ exitCode: 0, printed: none });
    expect((await sluice('valve list --json')).printed).toBe('[]');
  });

  test('has a line for every rule, with whom, since when, by whom, until when and why', async () => {
    await sluice('valve trip search off-404 -m scraping --account 42 --expires 30m --now');
    await sluice('valve trip search cached -m slow --share 10% --of account --now');
    now += 5 * minuteMs;
    const { exitCode, printed } = await sluice('valve list');
    expect(exitCode).toBe(0);
    expect(printed.split('\n')).toEqual([
      'VALVE   SERVES                      SINCE      BY           UNTIL      REASON',
      'search  off-404 for account 42      5 min ago  first-start  in 25 min  scraping',
      'search  cached for 10% of accounts  5 min ago  first-start  in 4 h     slow',
      'mail    normal',
    ]);
  });

  test('begins with what is overdue, for longest first, then what is tripped', async () => {
    for (const key of ['a', 'b', 'c', 'd']) await createValve(key, 'normal', 'off');
    await sluice('valve trip c off -m x --expires 2h --now');
    await sluice('valve trip d off -m x --expires 1h --now');
    await sluice('valve trip search cached -m x --expires 1d --now');
    now += 4 * hourMs;
    const rows = (await sluice('valve list')).printed.split('\n').slice(1);
    expect(rows.map((row) => row.split(/ {2,}/).filter((_, at) => at === 0 || at === 4))).toEqual([
      ['d', 'overdue 3 h'],
      ['c', 'overdue 2 h'],
      ['search', 'in 20 h'],
      ['a'],
      ['b'],
      ['mail'],
    ]);
    const tripped = (await sluice('valve list --tripped')).printed.split('\n').slice(1);
    expect(tripped.map((row) => row.split(' ')[0])).toEqual(['d', 'c', 'search']);
    const views: EnvironmentFlagView[] = JSON.parse((await sluice('valve list --tripped --json')).printed);
    expect(views.map(({ key, rules }) => [key, rules[0]?.trip?.overdue])).toEqual([
      ['d', true],
      ['c', true],
      ['search', false],
    ]);
  });

  test('does not call tripped what only keeps somebody in the normal mode, until that is overdue', async () => {
    await sluice('valve trip search normal -m "the chief" --account 7 --exempt --expires 1h --now');
    expect((await sluice('valve list --tripped')).printed).toBe('No valve is tripped in production.');
    expect((await sluice('valve list')).printed).toContain('normal for account 7 (exempt)');
    now += hourMs;
    expect((await sluice('valve list --tripped')).printed).toContain('overdue 0 s');
  });

  test('still tells of a trip in the archive, which comes back with the valve', async () => {
    await sluice('valve trip search cached -m x --now');
    await server.change({ flag: 'search', instructions: [{ kind: 'archive' }] });
    expect((await sluice('valve list --tripped')).printed).toContain('search  cached for everyone, but archived  ');
  });

  test('fits into 80 columns, with all that matters', async () => {
    await sluice(
      'valve trip search off-404 -m "the index does not answer for more than a minute now" --route /search --now',
    );
    now += 6 * hourMs;
    const lines = (await sluice('valve list', { width: 80 })).printed.split('\n');
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(80);
    expect(lines[1]).toMatch(/^search {2}off-404 for route… .* overdue 2 h {2}the index does n…$/);
  });

  test('names two values of a list and counts the rest', async () => {
    await sluice('valve trip search cached -m x --ip 10.0.0.0/8 --ip 11.0.0.0/8 --ip 12.0.0.0/8 --method get --now');
    const row = 'cached for method GET and ip 10.0.0.0/8 or 11.0.0.0/8 or 1 more';
    expect((await sluice('valve list', { width: 200 })).printed).toContain(row);
  });
});

describe('sluice valve show', () => {
  test('shows the modes, and the rules in the order in which they win', async () => {
    await sluice('valve trip search cached -m slow --incident INC-7 --expires 1h --now');
    now += 2 * hourMs;
    await sluice('valve trip search off-404 -m scraping --account 42 --now');
    const [off, cached] = (await readValve()).rules;
    const { printed } = await sluice('valve show search');
    const time = String.raw`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d`;
    expect(printed.split('\n')).toEqual([
      'search',
      '  state    overdue 60 min in production',
      '  modes    normal < cached < off-404',
      '  serves   what the first of these says that fits, else normal',
      expect.stringMatching(/^ {2}version {2}\d+$/),
      '',
      '1. off-404 for everyone where account key is "42"',
      `  rule    ${off?.id}`,
      expect.stringMatching(`^  since   ${time}, 0 s ago, by first-start$`),
      expect.stringMatching(`^  until   ${time}, in 4 h$`),
      '  reason  scraping',
      '',
      '2. cached for everyone',
      `  rule      ${cached?.id}`,
      expect.stringMatching(`^  since     ${time}, 2 h ago, by first-start$`),
      expect.stringMatching(`^  until     ${time}, overdue 60 min$`),
      '  reason    slow',
      '  incident  INC-7',
      '',
      'Restore: sluice valve restore search',
    ]);
    expect(JSON.parse((await sluice('valve show search --json')).printed)).toEqual(await readValve());
  });

  test('of a valve that is not tripped is short', async () => {
    const { printed } = await sluice('valve show mail');
    expect(printed).toMatch(
      /^mail\n {2}state {4}normal in production\n {2}modes {4}normal < off\n {2}serves {3}normal to everyone\n {2}version {2}\d+$/,
    );
  });

  test('is for valves', async () => {
    await sluice('flag create checkout');
    const { exitCode, complained } = await sluice('valve show checkout');
    expect([exitCode, complained]).toEqual([
      1,
      'sluice: checkout is a release, not a valve\n  See: sluice flag show checkout',
    ]);
  });
});

describe('sluice valve trip', () => {
  test('shows what it would do, asks, and does it after a yes', async () => {
    const asked: string[] = [];
    const { exitCode, printed } = await sluice(
      'valve trip search off-404 --reason "index down"',
      answering('y', asked),
    );
    expect(exitCode).toBe(0);
    expect(asked).toEqual(['Trip search in production? [y/N] ']);
    expect(printed.split('\n')).toEqual([
      'This would change production; nothing is changed:',
      '  flag search: tripped: `off-404` for everyone until 2026-11-26 16:00 UTC: index down',
      'Tripped search in production (version 3). Restore: sluice valve restore search',
    ]);
    expect(await readModes()).toEqual(['off-404']);
  });

  test('names who cannot serve the mode, and what they do in its place', async () => {
    const { url, sdkKey } = server;
    const client = createClient({ url, sdkKey, cacheFolder: false, instance: { key: 'web-1', version: '1.4.1' } });
    onTestFinished(() => client.close());
    await client.ready({ timeoutMs: 10_000 });
    client.valve('search', { modes: { normal: () => 'fresh', 'off-404': () => 'nothing' } });
    const path = '/projects/default/environments/production/valves/search/reach';
    await until(async () => (await server.api('POST', path, { when: [] })).body.instances === 1);
    const { printed } = await sluice('valve trip search cached -m slow --now');
    expect(printed.split('\n').at(-1)).toBe(
      'search: The only instance runs a build without cached (1.4.1): web-1. It does off-404 instead.',
    );
    expect((await sluice('valve trip search off-404 -m slow --now')).printed).not.toContain('without');
  });

  test.each(['', 'n', 'no', 'yep', 'search'])('does nothing after "%s"', async (answer) => {
    const { exitCode, printed } = await sluice('valve trip search off-404 -m x', answering(answer));
    expect([exitCode, printed.split('\n').at(-1)]).toEqual([1, 'Nothing is changed.']);
    expect(await readModes()).toEqual([]);
  });

  test.each(['Y', 'yes', ' YES '])('takes "%s" for a yes', async (answer) => {
    await sluice('valve trip search off-404 -m x', answering(answer));
    expect(await readModes()).toEqual(['off-404']);
  });

  test('does not do what was not seen: somebody else was faster', async () => {
    const faster: Pick<CommandPlatform, 'ask'> = {
      ask: async () => {
        await sluice('valve trip search cached -m slow --now');
        return 'y';
      },
    };
    const { exitCode, complained } = await sluice('valve trip search off-404 -m x', faster);
    expect([exitCode, complained]).toEqual([1, expect.stringContaining('somebody else changed flag `search`')]);
    expect(await readModes()).toEqual(['cached']);
  });

  test.each([
    ['without a terminal', '', undefined],
    ['for programs', '--json', answering('y').ask],
  ])('asks nobody %s: it needs --now', async (_, options, ask) => {
    const { exitCode, complained } = await sluice(`valve trip search off-404 -m x ${options}`, { ask });
    expect(exitCode).toBe(2);
    expect(complained).toContain('nobody can be asked here: Trip search in production?');
    expect(complained).toContain('give --now');
    expect(await readModes()).toEqual([]);
  });

  test('asks nothing with --now, and says so in a line', async () => {
    const { exitCode, printed } = await sluice('valve trip search off-404 -m "index down" --now', {
      ask: () => Promise.reject(new Error('it asked')),
      width: 80,
    });
    expect([exitCode, printed]).toEqual([
      0,
      'Tripped search in production (version 3). Restore: sluice valve restore search',
    ]);
  });

  test('only shows what it would do with --dry-run, whatever else is given', async () => {
    const { exitCode, printed } = await sluice('valve trip search off-404 -m x --dry-run --now --wait');
    expect(exitCode).toBe(0);
    expect(printed).toBe(
      'This would change production; nothing is changed:\n  flag search: tripped: `off-404` for everyone until 2026-11-26 16:00 UTC: x',
    );
    expect(await readModes()).toEqual([]);
  });

  test('says how to restore just that rule where there are others', async () => {
    await sluice('valve trip search cached -m slow --now');
    const { printed } = await sluice('valve trip search off-404 -m x --account 42 --now');
    const [rule] = (await readValve()).rules;
    expect(printed).toMatch(new RegExp(`Restore: sluice valve restore search --rule ${rule?.id}$`));
    const renewed = await sluice('valve trip search off-404 -m y --account 42 --now');
    expect(renewed.printed).toMatch(/Rules: sluice valve show search$/);
  });

  test('says where, in what it proposes, as it was said to it', async () => {
    const { printed } = await sluice('valve trip search cached -m x -p default -e staging --now');
    expect(printed).toMatch(/Restore: sluice valve restore search -p default -e staging$/);
    expect([await readModes('search', 'staging'), await readModes()]).toEqual([['cached'], []]);
    expect((await sluice('valve show search -e staging')).printed).toMatch(/restore search -e staging$/);
  });

  test('trips several valves in one change, which is reverted as one', async () => {
    const asked: string[] = [];
    const { printed } = await sluice('valve trip search=off-404 mail=off -m "region down"', answering('y', asked));
    expect(asked).toEqual(['Trip search and mail in production? [y/N] ']);
    const [, revert = ''] = /^To take back this change alone: sluice (.*)$/m.exec(printed) ?? [];
    expect(printed).toContain('Restore: sluice valve restore search mail\n');
    expect([await readModes(), await readModes('mail')]).toEqual([['off-404'], ['off']]);
    expect(await sluice(revert)).toMatchObject({ exitCode: 0 });
    expect([await readModes(), await readModes('mail')]).toEqual([[], []]);
  });

  test('tells programs what was changed', async () => {
    const { printed } = await sluice('valve trip search off-404 -m x --now --json');
    expect(JSON.parse(printed)).toMatchObject({
      status: 'applied',
      version: 3,
      instructions: [{ kind: 'trip', flag: 'search', mode: 'off-404', reason: 'x' }],
    });
    expect(JSON.parse((await sluice('valve trip mail off -m x --dry-run --json')).printed)).toMatchObject({
      status: 'planned',
    });
  });

  test.each<[string, object]>([
    ['', { kind: 'trip', flag: 'search', mode: 'cached', reason: 'slow', id: expect.any(String) }],
    [
      '--account 42 --account 43 --user ann',
      {
        when: [
          { contextKind: 'account', attribute: 'key', op: 'in', values: ['42', '43'] },
          { contextKind: 'user', attribute: 'key', op: 'in', values: ['ann'] },
        ],
      },
    ],
    ['--route /search', { when: [{ contextKind: 'request', attribute: 'route', op: 'in', values: ['/search'] }] }],
    [
      String.raw`--route /a? --route /b\c --route /orders/* --route job:nightly`,
      {
        when: [
          {
            contextKind: 'request',
            attribute: 'route',
            op: 'glob',
            values: [String.raw`/a\?`, String.raw`/b\\c`, '/orders/*', 'job:nightly'],
          },
        ],
      },
    ],
    [
      '--method get --method POST --ip 10.0.0.0/8 --ip ::1',
      {
        when: [
          { contextKind: 'request', attribute: 'method', op: 'in', values: ['GET', 'POST'] },
          { contextKind: 'request', attribute: 'ip', op: 'cidr', values: ['10.0.0.0/8', '::1'] },
        ],
      },
    ],
    [
      '--instance region=eu-1 --instance region=eu-2 --instance canary=true --instance cores=4 --instance version=1.40 --instance a=b=c',
      {
        when: [
          { contextKind: 'instance', attribute: 'region', op: 'in', values: ['eu-1', 'eu-2'] },
          { contextKind: 'instance', attribute: 'canary', op: 'in', values: ['true', true] },
          { contextKind: 'instance', attribute: 'cores', op: 'in', values: ['4', 4] },
          { contextKind: 'instance', attribute: 'version', op: 'in', values: ['1.40'] },
          { contextKind: 'instance', attribute: 'a', op: 'in', values: ['b=c'] },
        ],
      },
    ],
    ['--share 10% --of account', { share: { contextKind: 'account', weight: 10_000 } }],
    ['--share 0.5', { share: { contextKind: 'user', weight: 500 } }],
    ['--exempt --account 7', { exempt: true }],
    ['--expires 30m', { expiresInMs: 30 * minuteMs }],
    ['--expires 4h', { expiresInMs: 4 * hourMs }],
    ['--expires 2d --incident INC-7', { expiresInMs: 48 * hourMs, incident: 'INC-7' }],
  ])('understands "%s"', async (options, expected) => {
    const instruction = await planTrip(options);
    if ('kind' in expected) expect(instruction).toEqual(expected);
    else expect(instruction).toMatchObject(expected);
  });

  test('does not speak of the segment that a share needs', async () => {
    const { printed } = await sluice('valve trip search cached -m x --share 10% --of account --dry-run');
    expect(printed.split('\n')).toHaveLength(2);
  });

  test.each([
    ['search off-404', 2, '--reason is missing; for example: sluice valve trip search off-404 --reason "index down"'],
    [
      'search=off-404 mail=off -m " "',
      2,
      '--reason is missing; for example: sluice valve trip search=off-404 mail=off --reason "index down"',
    ],
    ['search -m x', 2, 'MODE is missing; sluice valve show search lists the modes'],
    ['-m x', 2, 'VALVE is missing'],
    ['search nope -m x', 1, 'flag `search` has the variations `normal`, `cached` and `off-404`, got `nope`'],
    ['search normal -m x', 1, 'to bring the valve back use `restore`'],
    ['search cached off-404 -m x', 2, 'a trip serves one mode of search, got cached and off-404'],
    ['search=cached search=off-404 -m x', 2, 'a trip serves one mode of search, got cached and off-404'],
    [
      'search=cached mail -m x',
      2,
      'several valves are given as VALVE=MODE each, such as search=off-404 mail=off, got "mail"',
    ],
    ['search=cached mail= -m x', 2, 'got "mail="'],
    ['nowhere off -m x', 1, 'there is no flag `nowhere`'],
    ['search cached -m x --expires 4', 2, '--expires must be a time such as 30m, 4h or 2d, got "4"'],
    ['search cached -m x --expires soon', 2, 'got "soon"'],
    ['search cached -m x --expires 0.5m', 2, '--expires must be at least 1m, got "0.5m"'],
    ['search cached -m x --expires 8d', 2, '--expires must be at most 7d, got "8d"'],
    ['search cached -m x --share lots --of account', 2, '--share must be a number from 0 to 100'],
    ['search cached -m x --share 101', 2, '--share must be a number from 0 to 100'],
    ['search cached -m x --share 0', 2, '--share must be more than 0'],
    ['search cached -m x --of account', 2, '--of goes with --share: --share 10% --of account'],
    ['search cached -m x --ip 10.0.0.0/64', 1, 'got "10.0.0.0/64"'],
    ['search cached -m x --route search', 2, '--route must be a route as it is in the code'],
    ['search cached -m x --account ""', 2, '--account must not be empty'],
    ['search cached -m x --instance region=', 2, '--instance must be a key or NAME=VALUE'],
    ['search cached -m x --exempt', 1, 'an exempt rule needs to say who is exempt'],
    ['search cached -m x --timeout 5s', 2, '--timeout goes with --wait'],
  ])('"%s" ends with %i and says: %s', async (words, exitCode, sentence) => {
    const outcome = await sluice(`valve trip ${words} --now`);
    expect([outcome.exitCode, outcome.printed]).toEqual([exitCode, '']);
    expect(outcome.complained).toContain(`sluice: `);
    expect(outcome.complained).toContain(sentence);
    expect(await readModes()).toEqual([]);
  });
});

describe('sluice valve restore', () => {
  beforeEach(async () => {
    await sluice('valve trip search cached -m slow --now');
    await sluice('valve trip search off-404 -m scraping --account 42 --now');
  });

  test('shows what it would do, asks, and does it after a yes', async () => {
    const asked: string[] = [];
    const { exitCode, printed } = await sluice('valve restore search', answering('y', asked));
    expect(exitCode).toBe(0);
    expect(asked).toEqual(['Restore search in production? [y/N] ']);
    expect(printed.split('\n')).toEqual([
      'This would change production; nothing is changed:',
      expect.stringContaining('restored from `off-404` for everyone where account key is "42" until'),
      expect.stringContaining('restored from `cached` for everyone until 2026-11-26 16:00 UTC: slow'),
      'Restored search in production (version 5).',
    ]);
    expect(await readModes()).toEqual([]);
  });

  test('does nothing after a no, nor without a terminal', async () => {
    expect(await sluice('valve restore search', answering('n'))).toMatchObject({ exitCode: 1 });
    expect(await sluice('valve restore search')).toMatchObject({ exitCode: 2 });
    expect(await readModes()).toHaveLength(2);
  });

  test('says from what with --now, and asks nothing', async () => {
    const { printed } = await sluice('valve restore search --now -m "index is back"');
    expect(printed).toMatch(/^Restored search in production \(version 5\)\.\n {2}flag search: restored from `off-404`/);
    expect((await sluice('flag history search --limit 1', { width: 400 })).printed).toContain('(index is back)');
  });

  test('takes one rule away where one is named', async () => {
    const [off] = (await readValve()).rules;
    expect(await sluice(`valve restore search --rule ${off?.id} --now`)).toMatchObject({ exitCode: 0 });
    expect(await readModes()).toEqual(['cached']);
    const again = await sluice(`valve restore search --rule ${off?.id} --now`);
    expect([again.exitCode, again.complained]).toEqual([
      1,
      expect.stringContaining(`has no rule \`${off?.id}\`; its rules are`),
    ]);
    const two = await sluice(`valve restore search mail --rule ${off?.id} --now`);
    expect([two.exitCode, two.complained]).toEqual([2, expect.stringContaining('--rule goes with one valve')]);
  });

  test('takes away as many rules as are named', async () => {
    const ids = (await readValve()).rules.map(({ id }: { id: string }) => id);
    const { printed } = await sluice(`valve restore search ${ids.map((id: string) => `--rule ${id}`).join(' ')} --now`);
    expect([ids.length, printed]).toEqual([2, expect.stringMatching(/^Restored search in production/)]);
    expect(await readModes()).toEqual([]);
  });

  test('restores several valves, and names those that were not tripped', async () => {
    const { printed } = await sluice('valve restore search mail search --now');
    expect(printed).toMatch(/^Restored search in production/);
    expect(printed).toMatch(/\nNot tripped in production, nothing to restore: mail\.$/);
  });

  test('says that nothing was tripped, and asks nothing', async () => {
    const asked: string[] = [];
    const { exitCode, printed } = await sluice('valve restore mail', answering('y', asked));
    expect([exitCode, printed, asked]).toEqual([0, 'Not tripped in production, nothing to restore: mail.', []]);
  });

  test('tells programs what was changed', async () => {
    const restored = JSON.parse((await sluice('valve restore search --now --json')).printed);
    expect(restored).toMatchObject({ status: 'applied', effects: [{ key: 'search' }, { key: 'search' }] });
    expect(JSON.parse((await sluice('valve restore search --now --json')).printed)).toMatchObject({
      status: 'unchanged',
    });
  });
});

describe('with --wait', () => {
  /** An instance that runs whatever it is sent, and says so. */
  async function startInstance(key: string): Promise<void> {
    const socket = await openTestSocket(server.url, server.sdkKey);
    sockets.push(socket);
    const { state } = JSON.parse((await socket.until('payload-transferred')).at(-1)?.data ?? '');
    const hello = { kind: 'hello', key, session: key, connection: 1, sdk: 'sluice-test/1', via: 'socket', about: {} };
    socket.send({ ...hello, running: { state } });
    // Ends when the socket does.
    void acknowledge(socket).catch(() => undefined);
    const readFleet = () => server.api('GET', '/projects/default/environments/production/fleet');
    while ((await readFleet()).body.live === 0);
  }

  async function acknowledge(socket: TestSocket): Promise<void> {
    for (;;) {
      const { event, data } = await socket.next();
      if (event === 'payload-transferred') socket.send({ kind: 'acknowledgement', state: JSON.parse(data).state });
    }
  }

  test('a trip and a restore end when every instance has them', async () => {
    await startInstance('web-1');
    const tripped = await sluice('valve trip search cached -m x --wait --timeout 20s', answering('y'));
    expect(tripped.exitCode).toBe(0);
    expect(tripped.printed).toMatch(/\nTripped search .*\n1 of 1 instance runs version 3 after /);
    const restored = await sluice('valve restore search --now --wait --timeout 20s --json');
    expect(JSON.parse(restored.printed)).toMatchObject({
      version: 4,
      convergence: { outcome: 'converged', accepted: 1 },
    });
    const created = await sluice('valve create receipts --wait --timeout 20s');
    expect(created.printed).toMatch(/1 of 1 instance runs version 5 after /);
  });

  test('a restore of what is restored waits for what restored it', async () => {
    await sluice('valve trip search cached -m x --now');
    await startInstance('web-1');
    await sluice('valve restore search --now');
    const { exitCode, printed } = await sluice('valve restore search --wait --timeout 20s', answering('y'));
    expect(exitCode).toBe(0);
    expect(printed).toMatch(/nothing to restore: search\.\n1 of 1 instance runs version 4 after /);
  });
});

describe('among flags, a valve', () => {
  test.each([
    ['on search', '`turn-on`', 'sluice valve restore search'],
    ['off search -e staging', '`turn-off`', 'sluice valve trip search MODE --reason TEXT -e staging'],
    ['rollout search 25', '`set-fallthrough`', '--share 10% --of account'],
    ['rollout search 100 --variation cached', '`set-fallthrough`', 'sluice valve trip search MODE'],
  ])('refuses "flag %s", and the command to use instead is said', async (line, got, instead) => {
    const { exitCode, complained } = await sluice(`flag ${line}`);
    expect(exitCode).toBe(1);
    expect(complained).toContain(`flag \`search\` is a valve and follows \`trip\` and \`restore\`, got ${got}`);
    expect(complained).toContain(instead);
  });

  test('is listed with its kind and state', async () => {
    await sluice('flag create checkout');
    await sluice('valve trip search off-404 -m x --account 42 --expires 1h --now');
    now += 3 * hourMs;
    await createValve('old', 'normal', 'off');
    await server.change({ flag: 'old', instructions: [{ kind: 'archive' }] });
    await sluice('valve trip mail off -m x --now');
    const { printed } = await sluice('flag list');
    expect(printed.split('\n').map((row) => row.split(/ {2,}/).filter((_, at) => at !== 3))).toEqual([
      ['FLAG', 'KIND', 'STATE', 'TAGS', 'SERVES'],
      ['checkout', 'release', 'off', 'off'],
      ['mail', 'valve', 'tripped', 'off for everyone'],
      ['old', 'valve', 'archived', 'normal'],
      ['search', 'valve', 'overdue 2 h', 'off-404 for account 42, else normal'],
    ]);
    expect((await sluice('valve list')).printed).toMatch(/^old +archived$/m);
    expect((await sluice('flag show search')).printed).toBe((await sluice('valve show search')).printed);
  });
});
