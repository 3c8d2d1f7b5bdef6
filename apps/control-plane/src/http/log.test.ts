import {
  createFakeServerPlatform,
  createTestLog,
  startTestServer,
  type TestLog,
  type TestServer,
} from '@sluice/testkit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const production = '/projects/default/environments/production';

let platform: ReturnType<typeof createFakeServerPlatform>;
let log: TestLog;
let server: TestServer;
/** Lines of the start. */
let started: number;

beforeEach(async () => {
  platform = createFakeServerPlatform();
  log = createTestLog('debug');
  server = await startTestServer({ platform, log: log.log });
  started = log.lines.length;
});

afterEach(() => server.close());

/** Lines of a level since the server was started, without what every line has. */
function linesOf(level: 'debug' | 'info' | 'error'): readonly Record<string, unknown>[] {
  const levels = { debug: 20, info: 30, error: 50 };
  return log.lines
    .slice(started)
    .map((line) => JSON.parse(line))
    .filter((line) => line.level === levels[level])
    .map(({ level: _, time: __, pid: ___, hostname: ____, ...rest }) => rest);
}

describe('the log has one line for each', () => {
  test('change: who made it, where, which version it led to, and what it did in short', async () => {
    await server.api('POST', '/projects/default/flags', { key: 'checkout' });
    const change = await server.change({
      flag: 'checkout',
      instructions: [{ kind: 'turn-on' }],
      comment: 'open the shop',
    });
    const common = { reqId: expect.any(String), actor: 'first-start', project: 'default', msg: 'changed' };
    const ofCreation = { ...common, change: expect.any(String), version: 1, what: 'flag checkout: created' };
    expect(linesOf('info')).toEqual([
      { ...ofCreation, environment: 'production' },
      { ...ofCreation, environment: 'staging' },
      {
        ...common,
        environment: 'production',
        version: 2,
        change: change.id,
        what: 'flag checkout: turned on',
        comment: 'open the shop',
      },
    ]);
  });

  test('change, however much it did', async () => {
    const keys = Array.from({ length: 30 }, (_, index) => `flag-${index}`);
    await server.change({ instructions: keys.map((flag) => ({ kind: 'create-flag', flag, definition: {} })) });
    const [line] = linesOf('info');
    expect(line?.what).toBe('flag flag-0: created; flag flag-1: created; flag flag-2: created; and 27 more');
  });

  test('revert', async () => {
    await server.api('POST', '/projects/default/flags', { key: 'checkout' });
    const { id } = await server.change({ flag: 'checkout', instructions: [{ kind: 'turn-on' }] });
    await server.api('POST', `${production}/changes/${id}/revert`, {});
    expect(linesOf('info').at(-1)).toMatchObject({ version: 3, what: 'flag checkout: turned off' });
  });

  test('key and token that is made or revoked, and never the secret', async () => {
    const { body: key } = await server.api('POST', `${production}/credentials`, { name: 'spare' });
    await server.api('DELETE', `${production}/credentials/${key.id}`);
    const { body: token } = await server.api('POST', '/tokens', { name: 'ci' });
    await server.api('DELETE', `/tokens/${token.id}`);
    const common = { reqId: expect.any(String), actor: 'first-start' };
    const place = { project: 'default', environment: 'production' };
    expect(linesOf('info')).toEqual([
      { ...common, ...place, credential: key.id, kind: 'sdk-key', name: 'spare', msg: 'made a key' },
      { ...common, ...place, credential: key.id, msg: 'revoked a key' },
      { ...common, token: token.id, name: 'ci', grants: [{ role: 'admin' }], msg: 'made an API token' },
      { ...common, token: token.id, msg: 'revoked an API token' },
    ]);
    for (const secret of [key.secret, token.token, server.apiToken]) expect(log.lines.join()).not.toContain(secret);
  });

  test('project and environment, with the keys and the flags that it starts with', async () => {
    await server.api('POST', '/projects', { key: 'shop' });
    await server.api('POST', '/projects/default/flags', { key: 'checkout' });
    const { body } = await server.api('POST', '/projects/default/environments', { key: 'test' });
    expect(linesOf('info')[0]).toMatchObject({ actor: 'first-start', project: 'shop', msg: 'made a project' });
    expect(linesOf('info').slice(-2)).toEqual([
      expect.objectContaining({ environment: 'test', version: 1, what: 'flag checkout: created', msg: 'changed' }),
      expect.objectContaining({ project: 'default', environment: 'test', msg: 'made an environment and its keys' }),
    ]);
    for (const secret of [body.sdkKey, body.clientSideId]) expect(log.lines.join()).not.toContain(secret);
  });

  test('request of the management API, at level debug', async () => {
    await server.api('GET', '/projects?x=1');
    await server.api('GET', '/projects', undefined, { authorization: 'Bearer wrong' });
    expect(linesOf('debug').filter(({ msg }) => msg === 'answered')).toEqual([
      {
        reqId: expect.any(String),
        method: 'GET',
        url: '/api/v1/projects?x=1',
        status: 200,
        ms: expect.any(Number),
        actor: 'first-start',
        msg: 'answered',
      },
      expect.objectContaining({ status: 401 }),
    ]);
    expect(log.lines.join()).not.toContain(server.apiToken);
  });

  test('nothing that was not done: a dry run, a repetition, a refusal', async () => {
    await server.api('POST', '/projects/default/flags', { key: 'checkout' });
    const body = { flag: 'checkout', instructions: [{ kind: 'turn-on' }] };
    const before = linesOf('info').length;
    await server.change({ ...body, dryRun: true });
    await server.api('POST', `${production}/changes`, { ...body, flag: 'absent' });
    for (const _ of [1, 2]) await server.api('POST', `${production}/changes`, body, { 'idempotency-key': 'a' });
    expect(linesOf('info')).toHaveLength(before + 1);
  });
});

describe('while the database cannot be reached', () => {
  test('the log has one stack a second, however many ask', async () => {
    await server.running.context.db.destroy();
    for (let second = 0; second < 2; second++) {
      const asking = Array.from({ length: 20 }, () => [
        fetch(`${server.url}/sdk/latest-all`, { headers: { authorization: 'sdk-unknown' } }),
        server.api('GET', '/projects'),
      ]);
      for (const { status } of await Promise.all(asking.flat())) expect(status).toBe(503);
      await platform.clock.advance(1000);
    }
    // Of a chore that fails there is one line by itself, however often it is tried.
    const errors = linesOf('error').filter(({ msg }) => msg !== 'catching up with other servers failed');
    expect(errors.filter(({ err }) => err !== undefined)).toHaveLength(2);
    expect(errors.reduce((sum, { times = 1 }) => sum + Number(times), 0)).toBe(80);
    expect(errors.length).toBeLessThanOrEqual(8);
    expect(errors).toContainEqual(
      expect.objectContaining({ msg: 'request failed', method: 'GET', url: '/api/v1/projects' }),
    );
  });
});
