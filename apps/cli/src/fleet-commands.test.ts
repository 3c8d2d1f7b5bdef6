import type { ConvergenceView, FleetView } from '@sluice/api-client';
import {
  type CommandOutcome,
  openTestSocket,
  runSluice,
  startTestServer,
  type TestServer,
  type TestSocket,
} from '@sluice/testkit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { CommandPlatform } from './platform.ts';

let server: TestServer;
const sockets: TestSocket[] = [];

beforeEach(async () => {
  server = await startTestServer();
  await server.api('POST', '/projects/default/flags', { key: 'checkout' });
});

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.cut();
  await server.close();
});

function sluice(line: string, platform: Partial<CommandPlatform> = {}): Promise<CommandOutcome> {
  return runSluice(line, { variables: { SLUICE_DATA: server.folder }, home: server.folder, ...platform });
}

/** What an instance makes of changes. */
type Conduct = 'accepts' | 'refuses' | 'takes in part' | 'ignores';

/** Instances that are there, and run what there is. */
async function startInstances(conducts: Readonly<Record<string, Conduct>>, about: object = {}): Promise<void> {
  for (const [key, conduct] of Object.entries(conducts)) await startInstance(key, conduct, about);
  await untilLive(Object.keys(conducts).length);
}

async function startInstance(key: string, conduct: Conduct, about: object = {}): Promise<void> {
  const socket = await openTestSocket(server.url, server.sdkKey);
  sockets.push(socket);
  const first = await socket.until('payload-transferred');
  const state = JSON.parse(first.at(-1)?.data ?? '').state;
  socket.send({
    kind: 'hello',
    key,
    session: key,
    connection: 1,
    sdk: 'sluice-test/1',
    via: 'socket',
    about,
    running: { state },
  });
  // Ends when the socket does.
  void behave(socket, conduct, state).catch(() => undefined);
}

async function behave(socket: TestSocket, conduct: Conduct, before: string): Promise<void> {
  for (;;) {
    const { event, data } = await socket.next();
    if (event !== 'payload-transferred') continue;
    const { state, version } = JSON.parse(data);
    if (conduct === 'accepts') socket.send({ kind: 'acknowledgement', state });
    else if (conduct === 'refuses')
      socket.send({ kind: 'acknowledgement', state: before, problem: 'data must be JSON' });
    else if (conduct === 'takes in part') {
      const refused = [{ kind: 'flag', key: 'checkout', version, reason: 'variations must be a list' }];
      socket.send({ kind: 'acknowledgement', state, refused });
    }
  }
}

async function readFleet(): Promise<FleetView> {
  return (await server.api('GET', '/projects/default/environments/production/fleet')).body;
}

async function untilLive(count: number): Promise<void> {
  while ((await readFleet()).live !== count);
}

async function readVersion(): Promise<number> {
  return (await readFleet()).version;
}

describe('waiting for a change', () => {
  test('ends well when every instance has it', async () => {
    await startInstances({ 'web-1': 'accepts', 'web-2': 'accepts' });
    const { exitCode, printed } = await sluice('flag on checkout --wait --timeout 20s');
    expect(exitCode).toBe(0);
    expect(printed).toMatch(
      /^checkout is on in production \(version 2\)\.\n {2}flag checkout: turned on\n2 of 2 instances run version 2 after [\d.]+ m?s\.$/,
    );
  });

  test('goes on where a change that is there already has not arrived yet', async () => {
    await startInstances({ 'web-1': 'accepts', 'web-2': 'ignores' });
    expect(await sluice('flag on checkout --wait --timeout 300ms')).toMatchObject({ exitCode: 3 });
    const { exitCode, printed } = await sluice('flag on checkout --wait --timeout 300ms');
    expect(exitCode).toBe(3);
    expect(printed).toMatch(
      /^checkout is as it was: on, in production \(version 2\)\.\n1 of 2 instances runs version 2 /,
    );
  });

  test('ends with 3 when time is up, and names who does not have it', async () => {
    await startInstances(
      { 'web-1': 'accepts', 'web-2': 'ignores' },
      { zone: 'eu-1a', service: 'shop', version: '1.4' },
    );
    const { exitCode, printed } = await sluice('flag on checkout --wait --timeout 300ms');
    expect(exitCode).toBe(3);
    const [headline, table, straggler, ...rest] = printed.split('\n').slice(2);
    expect(headline).toMatch(/^1 of 2 instances runs version 2 after [\d.]+ m?s; 1 does not\.$/);
    expect(table).toMatch(/^INSTANCE {2}STATE +RUNS {2}HEARD +WHERE$/);
    expect(straggler).toMatch(/^web-2 +behind +1 +\d+ s ago {2}eu-1a shop 1\.4$/);
    expect(rest).toEqual([]);
  });

  test.each<[Conduct, string, string]>([
    ['refuses', 'refused', 'data must be JSON'],
    ['takes in part', 'partial', 'flag checkout: variations must be a list'],
  ])('ends with 4 when an instance %s it, at once, and says why', async (conduct, state, reason) => {
    await startInstances({ 'web-1': 'accepts', 'web-2': conduct });
    const { exitCode, printed } = await sluice('flag on checkout --wait --timeout 20s');
    expect(exitCode).toBe(4);
    expect(printed).toMatch(/1 of 2 instances runs version 2 after .*; 1 does not, and will not: it was refused\./);
    expect(printed).toContain(`  Refused by 1 (web-2): ${reason}`);
    expect(printed).toMatch(new RegExp(`^web-2 +${state} `, 'm'));
  });

  test('ends well where no instance is there, and says so', async () => {
    const { exitCode, printed } = await sluice('flag on checkout --wait');
    expect(exitCode).toBe(0);
    expect(printed).toContain('No instance that acknowledges was there for version 2.');
  });

  test('for 99 of 100 ends well without the last', async () => {
    const many = Object.fromEntries(Array.from({ length: 99 }, (_, at) => [`web-${at}`, 'accepts' as const]));
    await startInstances({ ...many, last: 'ignores' });
    expect(await sluice('flag on checkout --wait --for 99 --timeout 20s')).toMatchObject({ exitCode: 0 });
    expect(await sluice('wait --timeout 300ms')).toMatchObject({ exitCode: 3 });
    expect(await sluice('wait --for 99 --timeout 20s')).toMatchObject({ exitCode: 0 });
  });

  test('goes with every command that makes a change', async () => {
    await startInstances({ 'web-1': 'accepts' });
    for (const line of [
      'flag create banner --wait',
      'flag on checkout --wait',
      'flag off checkout --wait --for all',
      'flag rollout checkout 25 --wait --timeout 20',
      'flag revert checkout --wait --include-delivered',
    ]) {
      const version = await readVersion();
      const { exitCode, printed } = await sluice(line);
      expect(exitCode).toBe(0);
      expect(printed).toContain(`1 of 1 instance runs version ${version + 1} after`);
    }
  });

  test.each(['flag create banner', 'flag on checkout', 'flag rollout checkout 25', 'flag revert checkout'])(
    '"sluice %s --wait" ends with 3 and 4 as well',
    async (line) => {
      await sluice('flag on checkout');
      await sluice('flag off checkout');
      await startInstances({ 'web-1': 'ignores' });
      expect(await sluice(`${line} --wait --timeout 100ms`)).toMatchObject({ exitCode: 3 });
      sockets.splice(0).forEach((socket) => void socket.send({ kind: 'goodbye' }));
      await untilLive(0);
      await startInstances({ 'web-2': 'refuses' });
      const another = line.replace('banner', 'banner-2').replace('on checkout', 'off checkout').replace('25', '50');
      expect(await sluice(`${another} --wait --timeout 20s`)).toMatchObject({ exitCode: 4 });
    },
  );

  test('tells of other SDKs, and waits for them if that is wanted', async () => {
    await startInstances({ 'web-1': 'accepts' });
    const poll = () =>
      fetch(`${server.url}/sdk/latest-all`, {
        headers: {
          authorization: server.sdkKey,
          'user-agent': 'NodeJSClient/9.13.7',
          'x-launchdarkly-instance-id': 'f-1',
        },
      });
    await poll();
    const word = (sent: number) => `  Other SDKs acknowledge nothing: sent to ${sent} of 1, 0 have evaluated with it.`;
    const without = await sluice('flag on checkout --wait --timeout 20s');
    expect(without.exitCode).toBe(0);
    expect(without.printed).toContain(word(0));
    const line = 'wait --include-delivered --timeout';
    expect(await sluice(`${line} 200ms`)).toMatchObject({ exitCode: 3 });
    await poll();
    const { exitCode, printed } = await sluice(`${line} 20s`);
    expect(exitCode).toBe(0);
    expect(printed).toContain(word(1));
  });

  test('tells of those that came later, and of those that are gone', async () => {
    await startInstances({ 'web-1': 'accepts', 'web-2': 'accepts' });
    await sluice('flag on checkout --wait --timeout 20s');
    sockets[0]?.send({ kind: 'goodbye' });
    await untilLive(1);
    const { id } = JSON.parse((await sluice('flag history checkout --limit 1 --json')).printed)[0];
    await startInstance('web-3', 'accepts');
    await untilLive(2);
    const { printed } = await sluice(`wait ${id} --timeout 20s`);
    expect(printed.split('\n').slice(1)).toEqual([
      '  1 of 1 that came later have it.',
      '  1 that were there have gone.',
    ]);
  });

  test('for a change that changes nothing ends well at once', async () => {
    await startInstances({ 'web-1': 'accepts' });
    const { exitCode, printed } = await sluice('flag off checkout --wait');
    expect(exitCode).toBe(0);
    expect(printed).toContain('checkout is as it was: off');
  });

  test('does not go on in a dry run: there is nothing to wait for', async () => {
    await startInstances({ 'web-1': 'ignores' });
    const { exitCode, printed } = await sluice('flag on checkout --dry-run --wait');
    expect(exitCode).toBe(0);
    expect(printed).not.toContain('instances');
    expect(await readVersion()).toBe(1);
  });

  test('tells programs what was changed, and how far it has got', async () => {
    await startInstances({ 'web-1': 'accepts' });
    const { exitCode, printed } = await sluice('flag on checkout --wait --json');
    expect(exitCode).toBe(0);
    expect(JSON.parse(printed)).toMatchObject({
      version: 2,
      status: 'applied',
      convergence: { outcome: 'converged', expected: 1, accepted: 1, version: 2 },
    });
    const created = await sluice('flag create banner --wait --json');
    expect(JSON.parse(created.printed)).toMatchObject({ key: 'banner', convergence: { outcome: 'converged' } });
    expect(JSON.parse((await sluice('flag off checkout --json')).printed)).not.toHaveProperty('convergence');
  });

  test('tells programs of refusals, too', async () => {
    await startInstances({ 'web-1': 'refuses' });
    const { exitCode, printed } = await sluice('flag on checkout --wait --json --timeout 20s');
    expect(exitCode).toBe(4);
    expect(JSON.parse(printed).convergence).toMatchObject({
      outcome: 'refused',
      refusals: [{ reason: 'data must be JSON', instances: 1, examples: ['web-1'] }],
    });
  });
});

describe('what cannot be waited for', () => {
  test.each([
    ['--wait --timeout soon', '--timeout must be a time such as 500ms, 5s or 2m, got "soon"'],
    ['--wait --timeout 5d', '--timeout must be'],
    ['--wait --timeout 1e3', '--timeout must be'],
    ['--wait --timeout=-5s', '--timeout must be'],
    ['--wait --timeout=', '--timeout must be'],
    ['--wait --for most', '--for must be all or 99, got "most"'],
    ['--wait --for 100', '--for must be all or 99, got "100"'],
    ['--timeout 5s', '--timeout goes with --wait'],
    ['--for 99', '--for goes with --wait'],
    ['--include-delivered', '--include-delivered goes with --wait'],
  ])('is told before anything is changed: %s', async (options, sentence) => {
    for (const line of ['create banner', 'on checkout', 'off checkout', 'rollout checkout 25', 'revert checkout']) {
      const { exitCode, complained, printed } = await sluice(`flag ${line} ${options}`);
      expect([exitCode, printed]).toEqual([2, '']);
      expect(complained).toContain(sentence);
    }
    expect(await readVersion()).toBe(1);
  });
});

describe('sluice wait', () => {
  test('waits for the last change unless one is given', async () => {
    await startInstances({ 'web-1': 'accepts' });
    const { printed } = await sluice('flag on checkout --json');
    const { id } = JSON.parse(printed);
    await sluice('flag off checkout');
    expect((await sluice('wait')).printed).toMatch(/^1 of 1 instance runs version 3 after [\d.]+ m?s\.$/);
    expect((await sluice(`wait ${id}`)).printed).toMatch(/^1 of 1 instance runs version 2 after [\d.]+ m?s\.$/);
  });

  test('tells programs the same', async () => {
    await startInstances({ 'web-1': 'accepts', 'web-2': 'ignores' });
    await sluice('flag on checkout');
    const { exitCode, printed } = await sluice('wait --timeout 200ms --json');
    expect(exitCode).toBe(3);
    const view: ConvergenceView = JSON.parse(printed);
    expect(view).toMatchObject({ outcome: 'waiting', expected: 2, accepted: 1, environment: 'production' });
    expect(view.stragglers).toMatchObject([{ instance: 'web-2' }]);
  });

  test.each([
    ['0', 'ms'],
    ['0.2', 's'],
    ['0.0001', 'm'],
    ['1', 'ms'],
  ])('takes times in units and parts of them: %s%s', async (count, unit) => {
    await startInstances({ 'web-1': 'ignores' });
    await sluice('flag on checkout');
    expect(await sluice(`wait --timeout ${count}${unit}`)).toMatchObject({ exitCode: 3 });
  });

  test('asks again and again where it is to wait for longer than a server waits', async () => {
    const asked: number[] = [];
    const view = {
      outcome: 'waiting',
      version: 2,
      expected: 1,
      accepted: 0,
      late: {},
      foreign: {},
      refusals: [],
      stragglers: [],
    };
    const fetch = async (input: unknown): Promise<Response> => {
      const url = new URL(String(input));
      asked.push(Number(url.searchParams.get('timeoutMs')));
      return Response.json(view);
    };
    expect(await sluice('wait 4fd2k9q1x0aa --timeout 2.5m', { fetch })).toMatchObject({ exitCode: 3 });
    expect(asked).toEqual([60_000, 60_000, 30_000]);
    asked.length = 0;
    await sluice('wait 4fd2k9q1x0aa --timeout 1m', { fetch });
    await sluice('wait 4fd2k9q1x0aa --timeout 60001ms', { fetch });
    await sluice('wait 4fd2k9q1x0aa', { fetch });
    expect(asked).toEqual([60_000, 60_000, 1, 5000]);
  });

  test.each<[string, number, string]>([
    ['wait nonsense', 1, 'nonsense'],
    ['wait -e nowhere', 1, 'nowhere'],
    ['wait one two', 2, '"two" is one word too many'],
    ['wait --timeout soon', 2, '--timeout must be'],
    ['wait --for some', 2, '--for must be all or 99'],
    ['wait x --url http://127.0.0.1:9 --token t', 5, 'does not answer'],
    ['flag on checkout --wait --url http://127.0.0.1:9 --token t', 5, 'does not answer'],
    ['fleet --url http://127.0.0.1:9 --token t', 5, 'does not answer'],
  ])('"%s" ends with %i and says: %s', async (line, exitCode, sentence) => {
    const outcome = await sluice(line);
    expect(outcome.exitCode).toBe(exitCode);
    expect(outcome.complained).toContain(sentence);
  });

  test('has nothing to wait for where nothing was ever changed', async () => {
    await server.api('POST', '/projects', { key: 'empty' });
    await server.api('POST', '/projects/empty/environments', { key: 'production' });
    const { exitCode, complained } = await sluice('wait -p empty');
    expect(exitCode).toBe(1);
    expect(complained).toContain('nothing was ever changed in production');
  });
});

describe('sluice fleet', () => {
  test('is short where nobody is', async () => {
    expect(await sluice('fleet')).toEqual({
      exitCode: 0,
      printed: 'production is at version 1; no instance is connected.',
      complained: '',
    });
  });

  test('says how many run what, and lists them', async () => {
    await startInstances({ 'web-1': 'accepts', 'web-2': 'refuses', 'web-3': 'ignores' }, { zone: 'eu-1a' });
    await sluice('flag on checkout --wait --timeout 300ms');
    const { exitCode, printed } = await sluice('fleet');
    expect(exitCode).toBe(0);
    const [first, second, headings, ...rows] = printed.split('\n');
    expect(rows.pop()).toBe('  Refused by 1 (web-2): data must be JSON');
    expect(first).toBe('production is at version 2; 1 of 3 instances runs it.');
    expect(second).toBe('  2 instances at version 1');
    expect(headings).toMatch(/^INSTANCE {2}STATE +RUNS {2}VIA +HEARD +SDK +WHERE$/);
    expect(rows.map((row) => row.split(/ {2,}/).filter((_, at) => at !== 4))).toEqual([
      ['web-1', 'current', '2', 'socket', 'sluice-test/1', 'eu-1a'],
      ['web-2', 'refused', '1', 'socket', 'sluice-test/1', 'eu-1a'],
      ['web-3', 'behind', '1', 'socket', 'sluice-test/1', 'eu-1a'],
    ]);
  });

  test('tells why some refused, each reason once, and what others call themselves harmlessly', async () => {
    const name = 'x'.repeat(200);
    await startInstances({
      'a\n1': 'refuses',
      a2: 'refuses',
      a3: 'takes in part',
      a4: 'refuses',
      a5: 'refuses',
      [name]: 'accepts',
    });
    await sluice('flag on checkout --wait');
    const { printed } = await sluice('fleet', { width: 80 });
    const lines = printed.split('\n');
    expect(Math.max(...lines.map(({ length }) => length))).toBe(80);
    expect(lines.at(-2)).toBe(String.raw`  Refused by 4 (a\n1, a2, a4, …): data must be JSON`);
    expect(lines.at(-1)).toMatch(/^ {2}Refused by 1 \(a3\): .*variations must be a list$/);
    expect(lines.find((line) => line.startsWith('xxx'))).toMatch(/^x+… {2}current /);
    expect((await sluice('fleet', { width: Number.POSITIVE_INFINITY })).printed).toContain(name);
  });

  test('tells of who is lost, who left, and other SDKs', async () => {
    await startInstances({ 'web-1': 'accepts', 'web-2': 'accepts', 'web-3': 'accepts' });
    sockets[1]?.cut();
    sockets[2]?.send({ kind: 'goodbye' });
    await fetch(`${server.url}/sdk/latest-all`, {
      headers: {
        authorization: server.sdkKey,
        'user-agent': 'NodeJSClient/9.13.7',
        'x-launchdarkly-instance-id': 'f-1',
      },
    });
    for (let view = await readFleet(); view.offline !== 1 || view.gone !== 1; ) view = await readFleet();
    const { printed } = await sluice('fleet');
    expect(printed).toContain('production is at version 1; 2 of 2 instances run it.');
    expect(printed).toContain('  Contact is lost to 1 instance; they may be running.');
    expect(printed).toContain('  1 instance left within the last day.');
    expect(printed).toContain('  Besides, 1 other SDK: 1 NodeJSClient/9.13.7.');
    expect(printed).toMatch(/^f-1 +foreign +1 +poll /m);
  });

  test('shows those that are asked for, and not more', async () => {
    await startInstances({ 'web-1': 'accepts', 'web-2': 'ignores', 'web-3': 'ignores' });
    await sluice('flag on checkout --wait --timeout 200ms');
    expect((await sluice('fleet --state behind')).printed).not.toContain('web-1');
    expect((await sluice('fleet --limit 1')).printed).toMatch(/^web-1 /m);
    const { printed } = await sluice('fleet --limit 2');
    expect(printed).toContain('web-2');
    expect(printed).not.toContain('web-3');
    expect(printed).toContain('… and more; --limit shows up to 500');
    const view: FleetView = JSON.parse((await sluice('fleet --state behind --json')).printed);
    expect(view.items.map(({ instance }) => instance)).toEqual(['web-2', 'web-3']);
    expect(view).toMatchObject({ live: 3, version: 2 });
  });

  test.each([
    [
      'fleet --state late',
      '--state must be one of current, behind, partial, refused, offline, gone, foreign, got "late"',
    ],
    ['fleet --limit 0', '--limit must be a number from 1 to 500'],
    ['fleet --limit 501', '--limit must be a number from 1 to 500'],
    ['fleet --limit many', '--limit must be a number from 1 to 500'],
    ['fleet --limit 1.5', '--limit must be a number from 1 to 500'],
    ['fleet all', '"all" is one word too many'],
  ])('"%s" is refused: %s', async (line, sentence) => {
    const { exitCode, complained } = await sluice(line);
    expect(exitCode).toBe(2);
    expect(complained).toContain(sentence);
  });
});
