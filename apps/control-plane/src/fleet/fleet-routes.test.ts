import { request as openRequest } from 'node:http';
import type { ConvergenceView, FleetView } from '@sluice/api-client';
import {
  type ApiAnswer,
  openTestSocket,
  settle,
  startTestServer,
  type TestServer,
  type TestSocket,
  until,
} from '@sluice/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { nodePlatform } from '../platform.ts';

const production = '/projects/default/environments/production';

/** How many callbacks of the server wait to be called once. */
const timers = { waiting: 0 };

function after(delayMs: number, callback: () => void): () => void {
  timers.waiting++;
  let isOver = false;
  const end = (): void => {
    if (!isOver) timers.waiting--;
    isOver = true;
  };
  const cancel = nodePlatform.after(delayMs, () => {
    end();
    callback();
  });
  return () => {
    end();
    cancel();
  };
}

let server: TestServer;
let change: { readonly id: string; readonly version: number };
const sockets: TestSocket[] = [];

/** Three instances that run what there was before the last change, and one that had it from the start. */
beforeAll(async () => {
  server = await startTestServer({ platform: { after } });
  await server.api('POST', '/projects/default/flags', { key: 'checkout' });
  for (const key of ['web-1', 'web-2', 'web-3']) {
    await startInstance(key, 'e:1', { service: 'shop', zone: key === 'web-3' ? 'eu-1b' : 'eu-1a' });
  }
  change = await server.change({ flag: 'checkout', instructions: [{ kind: 'turn-on' }] });
  await startInstance('web-4');
});

afterAll(async () => {
  for (const socket of sockets) socket.cut();
  await server.close();
});

/** An instance that says that it runs this, or what there is, and then nothing more. */
async function startInstance(key: string, told?: string, about: object = {}): Promise<void> {
  const socket = await openTestSocket(server.url, server.sdkKey);
  sockets.push(socket);
  const state = told ?? JSON.parse((await socket.until('payload-transferred')).at(-1)?.data ?? '').state;
  socket.send({
    kind: 'hello',
    key,
    session: `session of ${key}`,
    connection: 1,
    via: 'socket',
    about,
    running: { state },
  });
  socket.send({ kind: 'events', id: key, events: [] });
  await socket.until('taken');
}

function ask(query: string, id = change.id): Promise<ApiAnswer> {
  return server.api('GET', `${production}/changes/${id}/convergence${query}`);
}

describe('the convergence of a change', () => {
  test('is answered at once unless somebody waits', async () => {
    const { status, body } = await ask('');
    expect(status).toBe(200);
    expect(body satisfies ConvergenceView).toMatchObject({
      change: change.id,
      environment: 'production',
      version: change.version,
      outcome: 'waiting',
      expected: 3,
      accepted: 0,
      late: { expected: 1, accepted: 1 },
      share: 0,
    });
  });

  test.each(['?wait=all&timeoutMs=50', '?wait=99&timeoutMs=50&includeDelivered=true', '?wait=all&timeoutMs=0'])(
    'is answered when time is up: %s',
    async (query) => {
      expect((await ask(query)).body).toMatchObject({ outcome: 'waiting', pending: expect.any(Number) });
    },
  );

  test.each([
    ['?wait=some', 'wait'],
    ['?wait=', 'wait'],
    ['?wait=all&timeoutMs=60001', 'timeoutMs'],
    ['?wait=all&timeoutMs=-1', 'timeoutMs'],
    ['?wait=all&timeoutMs=1.5', 'timeoutMs'],
    ['?wait=all&timeoutMs=soon', 'timeoutMs'],
    ['?includeDelivered=yes', 'includeDelivered'],
    ['?whatever=1', 'whatever'],
  ])('is not answered to %s', async (query, path) => {
    const { status, body } = await ask(query);
    expect(status).toBe(400);
    expect(JSON.stringify(body)).toContain(path);
  });

  test('is not answered for what does not exist', async () => {
    expect((await ask('', 'nonsense')).status).toBe(404);
    expect((await server.api('GET', `/projects/default/environments/nowhere/fleet`)).status).toBe(404);
    // A change of another environment is none of this one.
    const staging = `/projects/default/environments/staging/changes/${change.id}/convergence`;
    expect((await server.api('GET', staging)).status).toBe(404);
  });

  test('is waited for no longer when whoever asked goes away', async () => {
    const { waiting } = timers;
    const request = openRequest(
      `${server.url}/api/v1${production}/changes/${change.id}/convergence?wait=all&timeoutMs=60000`,
      { headers: { authorization: `Bearer ${server.apiToken}` }, agent: false },
    );
    request.on('error', () => undefined);
    request.end();
    while (timers.waiting === waiting) await settle();
    request.destroy();
    while (timers.waiting > waiting) await settle();
    expect(timers.waiting).toBe(waiting);
  });
});

describe('the fleet', () => {
  test('is paged in the order in which instances came', async () => {
    const names: string[] = [];
    let cursor: string | undefined;
    do {
      const query: string = cursor === undefined ? '' : `&cursor=${cursor}`;
      const { body }: { body: FleetView } = await server.api('GET', `${production}/fleet?limit=3${query}`);
      expect(body).toMatchObject({ live: 4, version: change.version });
      names.push(...body.items.map(({ instance }) => instance));
      cursor = body.nextCursor;
    } while (cursor !== undefined);
    expect(names).toEqual(['web-1', 'web-2', 'web-3', 'web-4']);
  });

  test.each([
    ['behind', ['web-1', 'web-2', 'web-3']],
    ['current', ['web-4']],
    ['gone', []],
  ])('lists those that are %s', async (state, names) => {
    const { body } = await server.api('GET', `${production}/fleet?state=${state}`);
    expect(body.items.map(({ instance }: { instance: string }) => instance)).toEqual(names);
    expect(body.live).toBe(4);
  });

  test.each([
    ['service=shop&zone=eu-1a', ['web-1', 'web-2']],
    ['service=&zone=', ['web-4']],
    ['search=EU-1B', ['web-3']],
    ['search=web-2', ['web-2']],
    ['sdk=none', []],
  ])('is filtered by %s', async (filter, names) => {
    const { body } = await server.api('GET', `${production}/fleet?${filter}`);
    expect(body.items.map(({ instance }: { instance: string }) => instance)).toEqual(names);
    expect(body).toMatchObject({ total: names.length, live: 4 });
  });

  test('is paged from the worst on, wherever a page ends', async () => {
    // Who came just now is not late yet.
    await until(async () => (await server.api('GET', `${production}/fleet?matter=behind`)).body.total === 3);
    const names: string[] = [];
    let cursor: string | undefined;
    do {
      const query: string = cursor === undefined ? '' : `&cursor=${cursor}`;
      const { body }: { body: FleetView } = await server.api('GET', `${production}/fleet?order=worst&limit=1${query}`);
      names.push(...body.items.map(({ instance }) => instance));
      cursor = body.nextCursor;
    } while (cursor !== undefined);
    expect(names).toEqual(['web-1', 'web-2', 'web-3', 'web-4']);
  });

  test('shows an instance alone', async () => {
    const { body } = await server.api('GET', `${production}/fleet/web-4`);
    expect(body).toMatchObject({ instance: 'web-4', state: 'current', newest: change.version, refused: [] });
    expect((await server.api('GET', `${production}/fleet/web-5`)).status).toBe(404);
    expect((await server.api('GET', `${production}/fleet/web%2F5`)).status).toBe(404);
  });

  test('of an environment where nobody is, is nobody', async () => {
    const { body } = await server.api('GET', '/projects/default/environments/staging/fleet');
    expect(body).toMatchObject({ live: 0, items: [], versions: [] });
  });

  test.each([
    '?state=late',
    '?limit=0',
    '?limit=501',
    '?cursor=nonsense!',
    '?cursor=',
    '?x=1',
    '?matter=bored',
    '?order=best',
  ])('is not listed by %s', async (query) => {
    expect((await server.api('GET', `${production}/fleet${query}`)).status).toBe(400);
  });
});
