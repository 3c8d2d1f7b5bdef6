import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import {
  type CommandOutcome,
  findTestDatabase,
  runSluice,
  startTestServer,
  type TestServer,
  testStore,
} from '@sluice/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import type { CommandPlatform } from './platform.ts';

let server: TestServer;
let home: string;

beforeAll(async () => {
  server = await startTestServer();
  home = mkdtempSync(join(tmpdir(), 'sluice-home-'));
});

afterAll(async () => {
  await server.close();
  rmSync(home, { recursive: true, force: true });
});

/** Finds the test server by its data folder unless told otherwise. */
function sluice(line: string | readonly string[], platform: Partial<CommandPlatform> = {}): Promise<CommandOutcome> {
  const variables = { SLUICE_DATA: server.folder, SLUICE_DATABASE_URL: server.databaseUrl };
  return runSluice(line, { variables, home, ...platform });
}

describe('flags', () => {
  let key: string;
  let count = 0;

  beforeEach(async () => {
    key = `flag-${++count}`;
    expect(await sluice(`flag create ${key}`)).toMatchObject({ exitCode: 0 });
  });

  test('are created turned off, and what to do next is said', async () => {
    const { printed } = await sluice(`flag create ${key}-new --name Checkout --tag shop --owner web`);
    expect(printed).toBe(
      `Created ${key}-new, turned off in every environment.\nTurn it on with: sluice flag on ${key}-new`,
    );
    const shown = (await sluice(`flag show ${key}-new`)).printed.split('\n').map((line) => line.trim());
    expect(shown).toEqual([
      `${key}-new  Checkout`,
      'state       off in production',
      'owner       web',
      'tags        shop',
      'variations  on = true',
      'off = false',
      'by default  on',
      'when off    off',
      expect.stringMatching(/^version {5}\d+$/),
    ]);
  });

  test('may have values of their own', async () => {
    await sluice([
      'flag',
      'create',
      `${key}-banner`,
      '--variation',
      'blue',
      '--variation',
      'large={"size":2}',
      '--variation',
      '3',
    ]);
    const refused = await sluice(['flag', 'create', `${key}-mixed`, '--variation', 'blue', '--variation', '3']);
    expect(refused).toMatchObject({ exitCode: 1 });
    expect(refused.complained).toContain('variations must all be of one type');
    const { printed } = await sluice([
      'flag',
      'create',
      `${key}-text`,
      '--variation',
      'blue',
      '--variation',
      'g=green',
      '--json',
    ]);
    expect(JSON.parse(printed).variations).toEqual([
      { id: 'blue', value: 'blue' },
      { id: 'g', value: 'green' },
    ]);
  });

  test.each([
    ['--variation', '9007199254740993', 'got 9007199254740993'],
    ['--variation', 'big=1e400', 'got 1e400'],
    ['--variation', '{"a":{"b":1,"b":2}}', 'expected each name once, got it twice (a.b)'],
  ])('refuse values that would become others: %s %s', async (option, value, sentence) => {
    const { exitCode, complained } = await sluice(['flag', 'create', `${key}-lossy`, option, value, option, '0']);
    expect([exitCode, complained]).toEqual([2, expect.stringContaining(sentence)]);
    const text = await sluice([
      'flag',
      'create',
      `${key}-text`,
      option,
      '"9007199254740993"',
      option,
      'none',
      '--json',
    ]);
    expect(JSON.parse(text.printed).variations[0].value).toBe('9007199254740993');
  });

  test('are turned on and off in one environment', async () => {
    const { printed } = await sluice(`flag on ${key} -e staging`);
    expect(printed).toMatch(new RegExp(`^${key} is on in staging \\(version \\d+\\)\\.\n {2}flag ${key}: turned on$`));
    expect((await sluice(`flag show ${key} -e staging`)).printed).toContain('on in staging');
    expect((await sluice(`flag show ${key}`)).printed).toContain('off in production');
    expect((await sluice(`flag off ${key} -e staging`)).printed).toContain(`${key} is off in staging`);
    expect((await sluice(`flag off ${key} -e staging`)).printed).toMatch(`${key} is as it was: off, in staging`);
  });

  test('change nothing in a dry run', async () => {
    const { printed } = await sluice(`flag on ${key} --dry-run`);
    expect(printed).toBe(`This would change production; nothing is changed:\n  flag ${key}: turned on`);
    expect((await sluice(`flag show ${key}`)).printed).toContain('off in production');
  });

  test('are rolled out to a share, with a word of warning while they are off', async () => {
    const first = await sluice(`flag rollout ${key} 25`);
    expect(first.printed).toContain('100% → 25% of users get `on`');
    expect(first.printed).toContain(`${key} is off, so nobody gets this yet. Turn it on with: sluice flag on ${key}`);
    await sluice(`flag on ${key}`);
    const second = await sluice(`flag rollout ${key} 50%`);
    expect(second.printed).toContain('25% → 50% of users get `on`');
    expect(second.printed).not.toContain('nobody');
    expect((await sluice(`flag rollout ${key} 0.5 --of account --by region`)).printed).toContain('0.5% `on`');
    expect((await sluice(`flag rollout ${key} 0`)).printed).toContain('0.5% → 0% of accounts (by region) get `on`');
    const { printed } = await sluice(`flag rollout ${key} 100 --json`);
    expect(JSON.parse(printed).instructions).toEqual([{ kind: 'set-fallthrough', flag: key, variation: 'on' }]);
  });

  test.each(['101', '-1', 'many', '12.3456', ''])('refuse "%s" as a share', async (percent) => {
    const { exitCode, complained } = await sluice(['flag', 'rollout', key, '--', percent]);
    expect(exitCode).toBe(2);
    expect(complained).toContain('PERCENT');
  });

  test('refuse a share of what they serve when off', async () => {
    expect(await sluice(`flag rollout ${key} 10 --variation off`)).toMatchObject({ exitCode: 2 });
  });

  test('go back together to how everything was, after a look', async () => {
    const since = new Date(Date.now() + 1).toISOString();
    await expect.poll(() => Date.now()).toBeGreaterThan(Date.parse(since));
    await sluice(`flag on ${key}`);
    await sluice(`flag create ${key}-new`);
    const planned = await sluice(['revert', '--since', since, '--dry-run']);
    const [headline, ...rest] = planned.printed.split('\n');
    expect(headline).toMatch(/^This would set 1 object in production back to [\d :-]+; nothing is changed:$/);
    expect(rest).toEqual([
      `  flag ${key}: turned off`,
      'Stays untouched:',
      `  flag ${key}-new: it was created since, and is off`,
    ]);
    expect((await sluice(`flag show ${key}`)).printed).toContain('on in production');
    expect((await sluice(['revert', '--since', since, '--leave', `flag:${key}`])).printed).toContain(
      'Nothing to revert in production',
    );
    const { exitCode, printed } = await sluice(['revert', '--since', since]);
    expect([exitCode, printed.split('\n')[0]]).toEqual([
      0,
      expect.stringMatching(/^1 object in production as at [\d :-]+ \(version \d+\)\.$/),
    ]);
    expect((await sluice(`flag show ${key}`)).printed).toContain('off in production');
    expect(await sluice('revert')).toMatchObject({ exitCode: 2, complained: expect.stringContaining('--since') });
  });

  test('have a history, and go back', async () => {
    await sluice(['flag', 'on', key, '-m', 'open it']);
    await sluice(`flag rollout ${key} 10`);
    const { printed } = await sluice(`flag history ${key}`);
    const [heading, ...rows] = printed.split('\n');
    expect(heading).toMatch(/^VERSION {2}WHEN {17}WHO {10}CHANGE {8}WHAT$/);
    expect(rows.map((row) => row.replace(/^.*first-start {2}\w+ {2}/, ''))).toEqual([
      '100% → 10% of users get `on`',
      'turned on (open it)',
      'created',
    ]);
    const [, turnedOn = ''] = rows[1]?.split(/ {2,}/).slice(2) ?? [];
    expect((await sluice(`flag history ${key} --limit 1`)).printed.split('\n')).toHaveLength(2);

    const refused = await sluice(`flag revert ${key} ${turnedOn}`);
    expect(refused).toMatchObject({ exitCode: 1 });
    expect(refused.complained).toContain('later changes would be lost');
    expect(refused.complained).toContain('100% → 10% of users get `on`');
    expect(refused.complained).toContain('give --discard-later');

    expect((await sluice(`flag revert ${key}`)).printed).toContain('10% → 100% of users get `on`');
    expect((await sluice(`flag show ${key}`)).printed).toContain('by default  on');
    const discarding = await sluice(`flag revert ${key} ${turnedOn} --discard-later`);
    expect(discarding.printed).toContain('turned off');
  });

  test('go back in one environment only; what was made in all of them goes back in all when that is wanted', async () => {
    await sluice(`flag on ${key} -e staging`);
    await sluice(`flag on ${key}`);
    expect((await sluice(`flag revert ${key} -e staging`)).printed).toContain(`in staging (version`);
    expect((await sluice(`flag show ${key}`)).printed).toContain('on in production');

    const created = `${key}-everywhere`;
    await sluice(`flag create ${created}`);
    const refused = await sluice(`flag revert ${created} -e staging`);
    expect(refused.exitCode).toBe(1);
    expect(refused.complained).toMatch(/was made in several environments of project default, not only in staging\n/);
    expect(refused.complained).toContain(`  flag ${created}: created\n`);
    expect(refused.complained).toContain('give --group');
    expect(await sluice(`flag show ${created}`)).toMatchObject({ exitCode: 0 });
    expect((await sluice(`flag revert ${created} -e staging --dry-run`)).printed).toBe(
      `This would change staging and other environments of its project; nothing is changed:\n  flag ${created}: deleted`,
    );
    const reverted = await sluice(`flag revert ${created} -e staging --group`);
    expect(reverted.printed).toContain('in staging and other environments of its project (version ');
    expect(await sluice(`flag show ${created}`)).toMatchObject({ exitCode: 1 });
  });

  test('go back only by changes of their own', async () => {
    const { id } = JSON.parse((await sluice(`flag on ${key} --json`)).printed);
    await sluice(`flag create ${key}-other`);
    const { exitCode, complained } = await sluice(`flag revert ${key}-other ${id}`);
    expect(exitCode).toBe(1);
    expect(complained).toBe(`sluice: change ${id} is not about flag ${key}-other\n  flag ${key}: turned on`);
    expect((await sluice(`flag show ${key}`)).printed).toContain('on in production');
    expect((await sluice('flag revert no-such-flag')).complained).toContain('there is no flag `no-such-flag`');
  });

  test('are listed, one a line, and as JSON', async () => {
    await sluice(`flag on ${key}`);
    const { printed } = await sluice('flag list');
    expect(printed.split('\n')[0]).toMatch(/^FLAG +KIND +STATE +VERSION +TAGS +SERVES$/);
    expect(printed).toMatch(new RegExp(`^${key} +release +on +\\d+ +on$`, 'm'));
    const list: { key: string; on: boolean }[] = JSON.parse((await sluice('flag list --json')).printed);
    expect(list.find((flag) => flag.key === key)).toMatchObject({ on: true });
  });

  test('do nothing to a terminal, whatever people call them', async () => {
    const evil = 'x\u001b[2J\r\nflag is on\u202e';
    await sluice([
      'flag',
      'create',
      `${key}-evil`,
      '--name',
      evil,
      '--tag',
      'a\u0007b',
      '--description',
      'one\ntwo\u009b',
    ]);
    await sluice(['flag', 'on', `${key}-evil`, '-m', evil]);
    await sluice(['flag', 'create', `${key}-values`, '--variation', 'a=\u009b', '--variation', 'b=\u202e']);
    for (const line of [`show ${key}-evil`, `history ${key}-evil`, 'list', `show ${key}-values`, `on ${key}-values`]) {
      const { printed } = await sluice(`flag ${line}`);
      expect(printed.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Bidi_Control}]/u);
      expect(printed).not.toMatch(/^flag is on/m);
    }
    const { printed } = await sluice(`flag show ${key}-evil`);
    expect(printed).toMatch(/^ {2}about {7}one\n {14}two\\u009b$/m);
    expect(JSON.parse((await sluice(`flag show ${key}-evil --json`)).printed)).toMatchObject({ name: evil });
    const { complained } = await sluice(['flag', 'show', '\u001b[2J']);
    expect(complained).not.toContain('\u001b');
  });

  test('are evaluated for a context, with the reason', async () => {
    await sluice(`flag on ${key}`);
    const { printed } = await sluice(`evaluate ${key} --user ann --set country=NL`);
    expect(printed.split('\n').map((line) => line.trim())).toEqual([
      `${key} in production serves true`,
      'variation  on',
      'because    by default the flag serves on',
      'reason     FALLTHROUGH',
    ]);
    const json = await sluice(['evaluate', key, '--context', '{"kind":"account","key":"42"}', '--json']);
    expect(JSON.parse(json.printed)).toMatchObject({ value: true, variationId: 'on' });
  });
});

describe('mistakes', () => {
  test.each([
    ['', 0, ''],
    ['nonsense', 2, 'there is no command "nonsense"'],
    ['flag', 2, 'After flag comes one of: create, list, show, on, off, rollout, history, revert'],
    ['flag flip x', 2, 'there is no command "flag flip"'],
    ['flag on', 2, 'KEY is missing'],
    ['flag on a b', 2, '"b" is one word too many'],
    ['flag on a --loud', 2, "Unknown option '--loud'"],
    [
      'valve trip a b --reason x --expires 1h --expires 2h',
      2,
      '--expires takes one value, and is given more than once',
    ],
    ['valve trip a b --reason x --reason y', 2, '--reason takes one value, and is given more than once'],
    ['config why a --account 42 --account 43', 2, '--account takes one value, and is given more than once'],
    ['config set a -5', 2, 'A number below 0 goes behind --, last: -- -5'],
    ['valve trip a b --reason x --expires -1h', 2, "Option '--expires' argument is ambiguous\n"],
    ['flag on no-such-flag', 1, 'there is no flag `no-such-flag`'],
    ['flag on x -e nowhere', 1, 'nowhere'],
    ['flag create new/checkout', 1, 'key'],
    ['evaluate x', 2, '--context'],
    ['evaluate x --context {', 2, '--context must be JSON'],
    ['evaluate x --context {"a":1,"a":2}', 2, '--context: expected each name once'],
    ['evaluate x --user a --set id=9007199254740993', 2, '--set: expected a number that'],
    ['evaluate x --user a --set country', 2, '--set must be NAME=VALUE'],
    ['flag list --url http://127.0.0.1:65535 --token t', 5, 'does not answer: connect ECONNREFUSED 127.0.0.1:65535'],
    ['flag list --token wrong', 1, 'API token'],
    ['flag list --url nowhere --token t', 2, 'URL'],
    ['flag history x --limit many', 2, '--limit'],
    ['flag history no-such-flag', 1, 'there is no flag `no-such-flag`'],
    ['flag history no-such-flag --json', 1, 'there is no flag `no-such-flag`'],
    ['flag flip --json', 2, 'there is no command'],
    ['help nonsense', 2, 'there is no command "nonsense"'],
    ['help flag flip', 2, 'there is no command "flag flip"'],
    ['run', 2, 'PROGRAM is missing'],
    ['run nowhere.mjs', 2, 'there is no program nowhere.mjs'],
    ['server start --log-level loud', 2, '--log-level (SLUICE_LOG_LEVEL) must be one of'],
    ['server start --port many', 2, '--port (SLUICE_PORT) must be a number'],
    ['server start --port 0 --data /dev/null/data', 1, "ENOTDIR: not a directory, mkdir '/dev/null/data'"],
    ['server start --port 0 --host 203.0.113.1', 1, 'EADDRNOTAVAIL: address not available 203.0.113.1'],
  ])('"sluice %s" ends with %i and says: %s', async (line, exitCode, sentence) => {
    const outcome = await sluice(line === '' ? [] : line);
    expect(outcome.exitCode).toBe(exitCode);
    expect(outcome.complained).toContain(sentence);
    expect(outcome.complained).not.toMatch(/\n\s+at /);
  });

  test('a port that is in use is said, and what to do', async () => {
    const { port } = new URL(server.url);
    const { exitCode, complained } = await sluice(`server start --port ${port} --data ${join(home, 'second')}`);
    expect(exitCode).toBe(1);
    expect(complained).toContain('another program is listening there already: listen EADDRINUSE');
    expect(complained).toContain('Choose another port with --port (SLUICE_PORT), or stop what uses it.');
  });

  test('of ours are told in a sentence; where they come from only to who asks', async () => {
    const readFile = (): never => {
      throw new Error('the dog ate it', { cause: new Error('it was hungry') });
    };
    const { exitCode, complained } = await sluice('flag list', { readFile });
    expect(exitCode).toBe(1);
    expect(complained).toBe(
      'sluice: something went wrong that nobody expected: the dog ate it\n  SLUICE_DEBUG=1 before the command shows where.',
    );
    const asked = await sluice('flag list', { readFile, variables: { SLUICE_DEBUG: '1' } });
    expect(asked.complained).toMatch(/^Error: the dog ate it\n {4}at readFile .*it was hungry.*sluice: something/s);
  });

  test('of a server that takes its time are no different from one that is away, but it may have heard', async () => {
    const fetch: typeof globalThis.fetch = async (_, init) => {
      Object.defineProperty(init?.signal, 'aborted', { value: true });
      throw new DOMException('The operation was aborted due to timeout', 'TimeoutError');
    };
    const { exitCode, complained } = await sluice('flag on checkout', { fetch });
    expect(exitCode).toBe(5);
    expect(complained).toContain(`the server at ${server.url} does not answer within 10 s\n  It may still do`);
  });

  test('are told as JSON too', async () => {
    const { complained } = await sluice('flag on no-such-flag --json');
    expect(JSON.parse(complained)).toMatchObject({ title: expect.stringContaining('no-such-flag') });
  });

  test('something else than Sluice at the address is recognised', async () => {
    const { exitCode, complained } = await sluice(`flag list --url ${server.url}/elsewhere --token t`);
    expect(exitCode).toBe(1);
    expect(complained).not.toBe('');
  });
});

describe('as a process', () => {
  /** The command as a shell runs it, with its output where it is wanted. */
  function start(line: string, out: 'pipe' | number): ChildProcess {
    const command = join(import.meta.dirname, '../bin/sluice.mjs');
    const variables = {
      SLUICE_DATA: server.folder,
      ...(server.databaseUrl && { SLUICE_DATABASE_URL: server.databaseUrl }),
    };
    const child = spawn(process.execPath, [command, ...line.split(' ')], {
      env: { ...process.env, ...variables },
      stdio: ['ignore', out, 'pipe'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    return child;
  }

  async function readEnd(child: ChildProcess): Promise<readonly [unknown, string]> {
    if (child.stderr === null) throw new Error('its output is piped');
    const [complained, [exitCode]] = await Promise.all([text(child.stderr), once(child, 'close')]);
    return [exitCode, complained];
  }

  test('it prints whole lines where no terminal is', async () => {
    const tags = Array.from({ length: 10 }, (_, at) => `${at}${'x'.repeat(40)}`);
    await server.api('POST', '/projects/default/flags', { key: 'tagged', tags });
    const { stdout } = start('flag list', 'pipe');
    if (stdout === null) throw new Error('its output is piped');
    expect(await text(stdout)).toContain(`  ${tags.join(', ')}  off`);
  });

  test('it ends quietly when nobody reads on', async () => {
    const child = start('help', 'pipe');
    child.stdout?.destroy();
    expect(await readEnd(child)).toEqual([0, '']);
  });

  test('it says that what it prints is lost', async () => {
    const full = openSync('/dev/full', 'w');
    const child = start('help', full);
    closeSync(full);
    expect(await readEnd(child)).toEqual([
      1,
      'sluice: what there is to print cannot be written: ENOSPC: no space left on device, write\n',
    ]);
  });
});

describe('help', () => {
  test('lists every command', async () => {
    const { printed, exitCode } = await sluice('help');
    expect(exitCode).toBe(0);
    for (const name of ['flag create', 'flag revert', 'evaluate', 'server start', 'backup restore']) {
      expect(printed).toContain(`  ${name} `);
    }
  });

  test.each(['help flag rollout', 'flag rollout --help', 'flag rollout -h'])(
    '"sluice %s" explains the command',
    async (line) => {
      const { printed } = await sluice(line);
      expect(printed).toContain('Usage: sluice flag rollout KEY PERCENT [OPTIONS]');
      expect(printed).toContain('--variation ID');
      expect(printed).toContain('sluice flag rollout new-checkout 25');
    },
  );

  test.each(['help flag', 'flag --help', 'flag -h', 'flag help', 'flag flip --help'])(
    '"sluice %s" lists what begins with that word',
    async (line) => {
      const { exitCode, printed } = await sluice(line);
      expect(exitCode).toBe(0);
      expect(printed).toMatch(/^Usage: sluice flag COMMAND \[OPTIONS\]\n/);
      expect(printed).toMatch(/^ {2}flag history KEY +list a flag's changes, newest first$/m);
      expect(printed).not.toContain('server start');
    },
  );

  test.each(['help edge', 'edge --help'])('"sluice %s" explains it, and names what else begins so', async (line) => {
    const { printed } = await sluice(line);
    expect(printed).toContain('Usage: sluice edge [OPTIONS]');
    expect(printed).toMatch(/^Besides there are:\n {2}edge create NAME /m);
  });

  test('is a key where a key stands', async () => {
    expect(await sluice('flag create help')).toMatchObject({ exitCode: 0 });
    expect((await sluice('flag show help')).printed).toContain('off in production');
  });

  test('of a command without options says how it is used', async () => {
    const { printed } = await sluice('run --help');
    expect(printed.split('\n')).toEqual([
      'sluice run: run a program with the Node that Sluice brings',
      '',
      'Usage: sluice run PROGRAM [ARGUMENTS]',
      '',
      'For example:',
      '  sluice run watch.mjs',
    ]);
  });

  test('the version is that of the package', async () => {
    expect((await sluice('--version')).printed).toMatch(/^\d+\.\d+\.\d+$/);
  });
});

describe('the server is found', () => {
  const list = 'flag list --json';
  const wrong = { url: 'http://127.0.0.1:9', token: 't' };
  let right: { readonly url: string; readonly token: string };

  beforeEach(() => {
    right = { url: server.url, token: server.apiToken };
  });

  function config(fields: object): string {
    const file = join(mkdtempSync(join(home, 'config-')), 'config.json');
    writeFileSync(file, JSON.stringify(fields));
    return file;
  }

  /** A home with settings of the user, in a folder that stands where they are looked for. */
  function homeWith(fields: object, folder = '.config'): string {
    const someone = mkdtempSync(join(home, 'someone-'));
    mkdirSync(join(someone, folder, 'sluice'), { recursive: true });
    writeFileSync(join(someone, folder, 'sluice', 'config.json'), JSON.stringify(fields));
    return someone;
  }

  test('by options', async () => {
    const { exitCode } = await sluice(`${list} --url ${server.url} --token ${server.apiToken}`, { variables: {} });
    expect(exitCode).toBe(0);
  });

  test('by variables, which options override', async () => {
    const variables = { SLUICE_URL: server.url, SLUICE_TOKEN: server.apiToken };
    expect(await sluice(list, { variables })).toMatchObject({ exitCode: 0 });
    expect(await sluice(`${list} --url http://127.0.0.1:9`, { variables })).toMatchObject({ exitCode: 5 });
  });

  test('by a settings file that is named, before what a server on this machine left', async () => {
    const file = config(wrong);
    expect(await sluice(`${list} --config ${file}`)).toMatchObject({ exitCode: 5 });
    const variables = { SLUICE_CONFIG: config({ ...right, environment: 'nowhere' }) };
    expect((await sluice('flag list', { variables })).complained).toContain('default/nowhere');
  });

  test('by files that are named, before variables', async () => {
    const variables = { SLUICE_URL: wrong.url, SLUICE_TOKEN: wrong.token, SLUICE_ENVIRONMENT: 'nowhere' };
    expect(await sluice(list, { variables })).toMatchObject({ exitCode: 5 });
    const file = config({ ...right, environment: 'staging' });
    expect(await sluice(`${list} --config ${file}`, { variables })).toMatchObject({ exitCode: 0 });
    expect(await sluice(`${list} --data ${server.folder} -e staging`, { variables })).toMatchObject({ exitCode: 0 });
    const named = { SLUICE_CONFIG: config(wrong), SLUICE_DATA: '/nonexistent' };
    expect(await sluice(`${list} --data ${server.folder}`, { variables: named })).toMatchObject({ exitCode: 0 });
    expect(await sluice(`${list} --config ${file}`, { variables: named })).toMatchObject({ exitCode: 0 });
  });

  test('never by another, where the folder that is named has none', async () => {
    const { exitCode, complained } = await sluice(`${list} --data /nonexistent`, { home: homeWith(right) });
    expect(exitCode).toBe(2);
    expect(complained).toContain('there is no first-start.txt in /nonexistent');
  });

  test('by first-start.txt, before the settings of the user', async () => {
    const someone = { home: homeWith(wrong) };
    expect(await sluice(list, someone)).toMatchObject({ exitCode: 0 });
    expect(await sluice(`${list} --data ${server.folder}`, { ...someone, variables: {} })).toMatchObject({
      exitCode: 0,
    });
  });

  test('by the settings of the user, in ~/.config', async () => {
    const nothingElse = { variables: { SLUICE_DATA: '/nonexistent' } };
    expect(await sluice(list, { ...nothingElse, home: homeWith(right) })).toMatchObject({ exitCode: 0 });
    expect(await sluice(list, { ...nothingElse, home: homeWith(wrong) })).toMatchObject({ exitCode: 5 });
    const someone = { ...nothingElse, home: homeWith({ ...right, project: 'shop', environment: 'test' }) };
    expect((await sluice(list, someone)).complained).toContain('shop/test');
  });

  test('by the settings of the user, where XDG_CONFIG_HOME says that they are', async () => {
    const elsewhere = join(homeWith(right, 'settings'), 'settings');
    const variables = { SLUICE_DATA: '/nonexistent', XDG_CONFIG_HOME: elsewhere };
    expect(await sluice(list, { variables, home: homeWith(wrong) })).toMatchObject({ exitCode: 0 });
  });

  describe('and its token goes nowhere else:', () => {
    const elsewhere = 'https://sluice.example.com';
    /** What a server elsewhere would be sent. */
    const sent: (string | null)[] = [];
    const fetch: typeof globalThis.fetch = async (_, init) => {
      sent.push(new Headers(init?.headers).get('authorization'));
      return Response.json({ items: [] });
    };

    beforeEach(() => {
      sent.length = 0;
    });

    test('that of first-start.txt', async () => {
      const outcome = await sluice(`flag list --url ${elsewhere}`, { fetch });
      expect(outcome).toMatchObject({ exitCode: 2 });
      expect(outcome.complained).toBe(
        [
          `sluice: no API token is known for ${elsewhere}`,
          `  The one in ${join(server.folder, 'first-start.txt')} is for ${server.url} and goes nowhere else.`,
          '  Give --token or SLUICE_TOKEN.',
        ].join('\n'),
      );
      expect(sent).toEqual([]);
    });

    test('that of a settings file', async () => {
      const named = { fetch, variables: { SLUICE_CONFIG: config(right), SLUICE_URL: elsewhere } };
      expect(await sluice(list, named)).toMatchObject({ exitCode: 2 });
      const ofUser = { fetch, variables: { SLUICE_DATA: '/nonexistent' }, home: homeWith(right) };
      const { complained, exitCode } = await sluice(`${list} --url ${elsewhere}`, ofUser);
      expect(exitCode).toBe(2);
      expect(complained).toContain(join(ofUser.home, '.config', 'sluice', 'config.json'));
      expect(sent).toEqual([]);
    });

    test('the one beside the address that is asked is taken', async () => {
      const someone = homeWith({ url: `${elsewhere}/`, token: 'of-elsewhere', environment: 'staging' });
      expect(await sluice(`${list} --url ${elsewhere}`, { fetch, home: someone })).toMatchObject({ exitCode: 0 });
      expect(sent).toEqual(['Bearer of-elsewhere']);
    });

    test('the project and environment that stand beside another address are not taken either', async () => {
      const someone = homeWith({ url: elsewhere, token: 'of-elsewhere', environment: 'nowhere' });
      expect(await sluice(list, { home: someone })).toMatchObject({ exitCode: 0 });
    });

    test('one that is given, or stands beside no address, is for any', async () => {
      const given = { fetch, variables: { SLUICE_DATA: server.folder, SLUICE_TOKEN: 'given' } };
      expect(await sluice(`${list} --url ${elsewhere}`, given)).toMatchObject({ exitCode: 0 });
      const alone = { fetch, home: homeWith({ token: 'alone' }) };
      expect(await sluice(`${list} --url ${elsewhere}`, alone)).toMatchObject({ exitCode: 0 });
      expect(sent).toEqual(['Bearer given', 'Bearer alone']);
    });

    test.each(['localhost', '127.0.0.1', '[::1]', '0.0.0.0'])(
      'this machine is this machine, also as %s',
      async (name) => {
        const { port } = new URL(server.url);
        expect(await sluice(`${list} --url http://${name}:${port}`, { fetch })).toMatchObject({ exitCode: 0 });
        expect(await sluice(`${list} --url http://${name}:9`, { fetch })).toMatchObject({ exitCode: 2 });
        expect(sent).toEqual([`Bearer ${server.apiToken}`]);
      },
    );
  });

  test('or what is missing is said', async () => {
    const nowhere = await sluice(list, { variables: { SLUICE_DATA: '/nonexistent' } });
    expect(nowhere).toMatchObject({ exitCode: 2 });
    expect(nowhere.complained).toContain('--url and --token');
    expect(await sluice(`${list} --config /nonexistent`)).toMatchObject({ exitCode: 2 });
    const broken = join(home, 'broken.json');
    writeFileSync(broken, '{');
    expect((await sluice(`${list} --config ${broken}`)).complained).toContain('must be JSON');
  });
});

describe('backups', () => {
  test('are written beside a running server, and not over a file', async () => {
    const file = join(home, 'backup.db');
    expect((await sluice(['backup', 'create', file])).printed).toContain(`Wrote ${file}`);
    const again = await sluice(['backup', 'create', file]);
    expect(again).toMatchObject({ exitCode: 1 });
    expect(again.complained).toContain('exists already');
    const nowhere = await sluice(['backup', 'create', '/nonexistent/backup.db']);
    expect(nowhere.complained).toMatch(/^sluice: the backup cannot be written to \/nonexistent\/backup\.db: .*$/);
  });

  test('are not restored under a running server', async () => {
    const file = join(home, 'backup-2.db');
    await sluice(['backup', 'create', file]);
    const { exitCode, complained } = await sluice(['backup', 'restore', file]);
    expect(exitCode).toBe(1);
    expect(complained).toContain(testStore === 'sqlite' ? 'has the data folder' : 'Sluice servers run on');
  });

  test('are restored into an empty folder, and over an earlier database, which is kept', async () => {
    const file = join(home, 'backup-3.db');
    await sluice(['backup', 'create', file]);
    const restore = ['backup', 'restore', file, '--data', join(home, 'restored')];
    const embedded = { variables: {} };
    const { printed } = await sluice(restore, embedded);
    expect(printed).toMatch(/default\/production goes on at version 1\d{6}/);
    expect(printed).not.toContain('What was there before');
    const again = await sluice(restore, embedded);
    const [, kept = ''] = /^What was there before is kept as (.*)\.$/m.exec(again.printed) ?? [];
    expect(existsSync(kept)).toBe(true);
  });

  if (testStore === 'postgres') {
    test('are restored into an empty PostgreSQL database, and into another only when that is wanted', async () => {
      const file = join(home, 'backup-4.db');
      await sluice(['backup', 'create', file]);
      const folder = join(home, 'moved');
      const url = (await findTestDatabase(folder)) ?? '';
      const restore = ['backup', 'restore', file, '--data', folder, '--database-url', url];
      const { printed } = await sluice(restore);
      expect(printed).toMatch(
        /^Restored .* into postgres:\/\/sluice@127.0.0.1:\d+\/of_\w+\.\n {2}default\/production goes on at/,
      );
      expect(printed).toContain(`Every server on it needs the secret in ${join(folder, 'secret')}`);
      expect(await sluice(restore)).toMatchObject({ exitCode: 1, complained: expect.stringContaining('--replace') });
      expect(await sluice([...restore, '--replace'])).toMatchObject({ exitCode: 0 });
    });

    test('need a database whose address is one', async () => {
      const { exitCode, complained } = await sluice(['backup', 'create', '--database-url', 'db/secret']);
      expect(exitCode).toBe(2);
      expect(complained).toContain('--database-url (SLUICE_DATABASE_URL) must be like postgres://');
      expect(complained).not.toContain('secret');
    });
  }
});
