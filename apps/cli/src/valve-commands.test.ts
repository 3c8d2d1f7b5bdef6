import { createClient } from '@sluice/sdk-node';
import { startTestServer, type TestServer } from '@sluice/testkit';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { runCommandLine } from './command-line.ts';
import { type CommandPlatform, nodeCommandPlatform } from './platform.ts';

const production = '/projects/default/environments/production';
const hourMs = 3_600_000;

let server: TestServer;
let now = Date.UTC(2026, 10, 26, 12);

beforeAll(async () => {
  server = await startTestServer({ platform: { now: () => now } });
});

afterAll(() => server.close());

interface Outcome {
  readonly exitCode: number;
  readonly printed: string;
  readonly complained: string;
}

/** `answer`: what a person says to the question; undefined: there is nobody. */
async function sluice(words: string, answer?: string, more: Partial<CommandPlatform> = {}): Promise<Outcome> {
  const printed: string[] = [];
  const complained: string[] = [];
  // What stands in quotes is one word.
  const given = [...words.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
  const exitCode = await runCommandLine(given, {
    ...nodeCommandPlatform,
    variables: { SLUICE_DATA: server.folder },
    home: server.folder,
    width: 120,
    isTerminal: answer !== undefined,
    now: () => now,
    print: (text) => printed.push(text),
    printError: (text) => complained.push(text),
    ask:
      answer === undefined
        ? undefined
        : async (question) => {
            printed.push(question);
            return answer;
          },
    ...more,
  });
  return { exitCode, printed: printed.join('\n'), complained: complained.join('\n') };
}

async function readRules(valve: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
  return (await server.api('GET', `${production}/flags/${valve}`)).body.rules;
}

/** A valve of its own for a test. */
async function create(valve: string): Promise<void> {
  expect((await sluice(`valve create ${valve} --mode normal --mode cached --mode off-404`)).exitCode).toBe(0);
}

describe('sluice valve create', () => {
  test('makes a valve with its modes in order, and says how to trip it', async () => {
    const { exitCode, printed } = await sluice('valve create made --mode normal --mode cached --mode off-404');
    expect(exitCode).toBe(0);
    expect(printed.split('\n')).toEqual([
      'Created made: normal in every environment. Its other modes: cached, off-404.',
      'Trip it with: sluice valve trip made cached --reason TEXT',
    ]);
    const { body } = await server.api('GET', '/projects/default/flags/made');
    expect(body).toMatchObject({ kind: 'valve', variations: [{ id: 'normal' }, { id: 'cached' }, { id: 'off-404' }] });
  });

  test('makes one with normal and off where no mode is given', async () => {
    await sluice('valve create plain');
    const { body } = await server.api('GET', '/projects/default/flags/plain');
    expect(body.variations.map(({ id }: { id: string }) => id)).toEqual(['normal', 'off']);
  });
});

describe('sluice valve trip', () => {
  test('asks nothing with --now, says in a line what was done, and how to undo it', async () => {
    await create('quick');
    const { exitCode, printed } = await sluice('valve trip quick off-404 --reason "index down" --now');
    expect(exitCode).toBe(0);
    expect(printed).toMatch(/^Tripped quick in production \(version \d+\)\. Restore: sluice valve restore quick$/);
    expect(await readRules('quick')).toMatchObject([{ variation: 'off-404', trip: { reason: 'index down' } }]);
  });

  test('shows what it would do and asks; only yes does it', async () => {
    await create('asked');
    for (const answer of ['', 'n', 'no', 'perhaps']) {
      const { exitCode, printed } = await sluice('valve trip asked cached --reason slow', answer);
      expect(exitCode).toBe(1);
      expect(printed).toContain('flag asked: tripped: `cached` for everyone until 2026-11-26 16:00 UTC: slow');
      expect(printed).toContain('Trip asked in production? [y/N]');
      expect(printed).toContain('Nothing is changed.');
      expect(await readRules('asked')).toEqual([]);
    }
    expect((await sluice('valve trip asked cached --reason slow', 'y')).exitCode).toBe(0);
    expect(await readRules('asked')).toHaveLength(1);
  });

  test('does nothing where nobody can be asked, and says what to give', async () => {
    await create('alone');
    const { exitCode, complained } = await sluice('valve trip alone cached --reason slow');
    expect(exitCode).toBe(2);
    expect(complained).toContain('nobody can be asked here: Trip alone in production?');
    expect(complained).toContain('To do it without being asked give --now');
    expect(await readRules('alone')).toEqual([]);
  });

  test('does not go on when somebody else changed the valve while it asked', async () => {
    await create('raced');
    const outcome = await sluice('valve trip raced cached --reason slow', 'y', {
      ask: async () => {
        await server.change({ flag: 'raced', instructions: [{ kind: 'trip', mode: 'off-404', reason: 'down' }] });
        return 'y';
      },
    });
    expect(outcome.exitCode).toBe(1);
    expect(await readRules('raced')).toMatchObject([{ variation: 'off-404' }]);
  });

  test.each([
    ['--account 42 --account 43', [{ contextKind: 'account', attribute: 'key', op: 'in', values: ['42', '43'] }], {}],
    ['--user ann', [{ contextKind: 'user', attribute: 'key', op: 'in', values: ['ann'] }], {}],
    [
      '--route /search --method get',
      [
        { contextKind: 'request', attribute: 'route', op: 'in', values: ['/search'] },
        { contextKind: 'request', attribute: 'method', op: 'in', values: ['GET'] },
      ],
      {},
    ],
    ['--route /orders/*', [{ contextKind: 'request', attribute: 'route', op: 'glob', values: ['/orders/*'] }], {}],
    ['--ip 10.0.0.0/8', [{ contextKind: 'request', attribute: 'ip', op: 'cidr', values: ['10.0.0.0/8'] }], {}],
    [
      '--instance region=eu-1 --instance region=eu-2 --instance zone=a',
      [
        { contextKind: 'instance', attribute: 'region', op: 'in', values: ['eu-1', 'eu-2'] },
        { contextKind: 'instance', attribute: 'zone', op: 'in', values: ['a'] },
      ],
      {},
    ],
    ['--share 10% --of account', [], { share: { contextKind: 'account', weight: 10_000 } }],
    ['--share 0.5', [], { share: { contextKind: 'user', weight: 500 } }],
    [
      '--account 42 --exempt',
      [{ contextKind: 'account', attribute: 'key', op: 'in', values: ['42'] }],
      { exempt: true },
    ],
    ['--expires 30m --incident INC-7', [], { expiresAt: Date.UTC(2026, 10, 26, 12, 30), incident: 'INC-7' }],
    ['--expires 2d', [], { expiresAt: Date.UTC(2026, 10, 28, 12) }],
  ])('for %s', async (options, clauses, trip) => {
    await create('scoped');
    onTestFinished(async () => {
      await server.api('DELETE', '/projects/default/flags/scoped');
    });
    const { exitCode, complained } = await sluice(`valve trip scoped cached --reason slow --now ${options}`);
    expect({ exitCode, complained }).toEqual({ exitCode: 0, complained: '' });
    expect(await readRules('scoped')).toMatchObject([{ clauses, trip }]);
  });

  test('trips several valves in one change, which is reverted as one', async () => {
    await create('first');
    await create('second');
    const { printed } = await sluice('valve trip first=off-404 second=cached --reason "region down" --now');
    const [, change = ''] = /sluice flag revert first (\w+)/.exec(printed) ?? [];
    expect(await readRules('second')).toMatchObject([{ variation: 'cached' }]);
    expect((await sluice(`flag revert first ${change}`)).exitCode).toBe(0);
    expect([await readRules('first'), await readRules('second')]).toEqual([[], []]);
  });

  test('waits for the instances that serve it', async () => {
    await create('awaited');
    const client = createClient({
      url: server.url,
      sdkKey: server.sdkKey,
      cacheFolder: false,
      instance: { key: 'shop-1' },
    });
    onTestFinished(() => client.close());
    const valve = client.valve('awaited', { modes: { normal: () => 1, cached: () => 2, 'off-404': () => 3 } });
    await client.ready();
    const { exitCode, printed } = await sluice('valve trip awaited off-404 --reason slow --now --wait');
    expect(exitCode).toBe(0);
    expect(printed).toMatch(/1 of 1 instances? runs? version \d+/);
    expect(valve.mode()).toBe('off-404');
  });

  test.each([
    ['valve trip search off --now', '--reason is missing; for example: sluice valve trip search off --reason'],
    ['valve trip search --reason x', 'MODE is missing'],
    ['valve trip search a b --reason x', 'a trip serves one mode of search, got a and b'],
    ['valve trip search=a search=b --reason x', 'a trip serves one mode of search, got a and b'],
    ['valve trip search=a mail --reason x', 'several valves are given as VALVE=MODE each'],
    ['valve trip search a --reason x --expires soon', '--expires must be'],
    ['valve trip search a --reason x --expires 10s', '--expires must be'],
    ['valve trip search a --reason x --share 200', '--share'],
    ['valve trip search a --reason x --share 0', '--share must be more than 0'],
    ['valve trip search a --reason x --of account', '--of goes with --share'],
    ['valve trip search a --reason x --instance region=', '--instance must be a key or NAME=VALUE'],
    ['valve trip search a --reason x --route search', '--route must be a route'],
    ['valve trip search a --reason x --timeout 5s', '--timeout goes with --wait'],
  ])('%s is a mistake that is told in a line', async (line, message) => {
    const { exitCode, complained, printed } = await sluice(line, 'y');
    expect({ exitCode, printed }).toEqual({ exitCode: 2, printed: '' });
    expect(complained.split('\n')[0]).toContain(message);
  });

  test('passes on what the server refuses', async () => {
    await create('refusing');
    const { exitCode, complained } = await sluice('valve trip refusing slow --reason x --now');
    expect(exitCode).toBe(1);
    expect(complained).toContain('has the variations `normal`, `cached` and `off-404`, got `slow`');
    const beyond = await sluice('valve trip refusing cached --reason x --expires 8d --now');
    expect(beyond.complained).toContain('a trip may last at most 7 days');
  });
});

describe('sluice valve list and show', () => {
  test('tell who serves what to whom, since when, until when and why; overdue ones first', async () => {
    const { api } = server;
    await api('POST', '/projects', { key: 'listed' });
    await api('POST', '/projects/listed/environments', { key: 'production' });
    const list = (options = '') => sluice(`valve list -p listed ${options}`);
    expect((await list()).printed).toContain('There are no valves in project listed yet.');
    for (const valve of ['a', 'b', 'c']) await sluice(`valve create ${valve} -p listed --mode normal --mode off`);
    expect((await list('--tripped')).printed).toBe('No valve is tripped in production.');
    await sluice('valve trip b off --reason slow --expires 3h --now -p listed');
    await sluice('valve trip c off --reason flood --account 42 --expires 1h --incident INC-7 --now -p listed');
    now += 2 * hourMs;
    const { printed } = await list();
    expect(printed.split('\n').map((line) => line.trimEnd().split(/\s{2,}/))).toEqual([
      ['VALVE', 'SERVES', 'SINCE', 'BY', 'UNTIL', 'REASON'],
      ['c', 'off for account 42', expect.stringContaining('2 h'), 'first-start', 'overdue 60 min', 'flood'],
      ['b', 'off for everyone', expect.stringContaining('2 h'), 'first-start', 'in 60 min', 'slow'],
      ['a', 'normal'],
    ]);
    expect((await list('--tripped')).printed.split('\n')).toHaveLength(3);
    expect(JSON.parse((await list('--tripped --json')).printed).map(({ key }: { key: string }) => key)).toEqual([
      'c',
      'b',
    ]);
    const shown = (await sluice('valve show c -p listed')).printed;
    expect(shown).toContain('overdue 60 min in production');
    expect(shown).toContain('1. off for everyone where account key is "42"');
    expect(shown).toContain('INC-7');
    expect(shown).toContain('Restore it with: sluice valve restore c');
    expect((await sluice('flag list -p listed')).printed).toMatch(/c\s+valve\s+overdue 60 min/);
  });

  test('say what is no valve', async () => {
    await server.api('POST', '/projects/default/flags', { key: 'release' });
    const { exitCode, complained } = await sluice('valve show release');
    expect(exitCode).toBe(1);
    expect(complained).toContain('release is a release, not a valve');
  });
});

describe('sluice valve restore', () => {
  test('says from what, and when there was nothing', async () => {
    await create('one');
    await create('two');
    await sluice('valve trip one cached --reason slow --now');
    const { exitCode, printed } = await sluice('valve restore one two --now');
    expect(exitCode).toBe(0);
    expect(printed).toContain('Restored one');
    expect(printed).toContain('restored from `cached` for everyone');
    expect(printed).toContain('There is nothing to restore: two in production is not tripped');
    expect(await readRules('one')).toEqual([]);
  });

  test('takes away one rule of several', async () => {
    await create('several');
    await sluice('valve trip several cached --reason slow --now');
    const { printed } = await sluice('valve trip several off-404 --account 42 --reason flood --now');
    const [, rule = ''] = /--rule (\S+)/.exec(printed) ?? [];
    await sluice(`valve restore several --rule ${rule}`, 'yes');
    expect(await readRules('several')).toMatchObject([{ variation: 'cached' }]);
    expect((await sluice('valve restore several one --rule x --now')).complained).toContain(
      '--rule goes with one valve',
    );
  });

  test('is what a command for releases leads to', async () => {
    await create('misused');
    const { exitCode, complained } = await sluice('flag off misused');
    expect(exitCode).toBe(1);
    expect(complained).toContain('is a valve');
    expect(complained).toContain('sluice valve trip misused');
  });
});
