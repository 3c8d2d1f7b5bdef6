import { once } from 'node:events';
import { createServer, request as openRequest, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { buildPayload, buildWireFlag, createFakeServerPlatform, openTestStream, RecordingFleet } from '@sluice/testkit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Channel, DataPlane, type EventBatch, Outflow, StreamKeeper, Visitors } from './index.ts';

let platform: ReturnType<typeof createFakeServerPlatform>;
let fleet: RecordingFleet;
let channel: Channel;
let keeper: StreamKeeper;
let server: Server;
let url: string;
let recorded: EventBatch[];
let logged: string[];
/** What the host of the data plane cannot do at the moment. */
let broken: { keys?: boolean; channels?: boolean };
let revoked: Set<string>;

beforeEach(async () => {
  platform = createFakeServerPlatform();
  fleet = new RecordingFleet();
  channel = new Channel(buildPayload(buildWireFlag('a', 1), buildWireFlag('b', 2)), new Outflow(platform));
  keeper = new StreamKeeper(platform);
  [recorded, logged, broken, revoked] = [[], [], {}, new Set()];
  const dataPlane = new DataPlane(
    {
      admit: async (sdkKey) => {
        if (broken.keys) throw new Error('the database is gone');
        return sdkKey === 'sdk-1' ? { environmentId: 'env-1', credentialId: 'key-1' } : 'unknown';
      },
      isRevoked: (credentialId) => revoked.has(credentialId),
      channel: async () => {
        if (broken.channels) throw new Error('the database is gone');
        return channel;
      },
      recordEvents: (environmentId, batch) => {
        expect(environmentId).toBe('env-1');
        recorded.push(batch);
      },
      retryAfterSeconds: () => 3,
      now: () => platform.now(),
      createId: () => 'made-up',
      logError: (_error, message) => void logged.push(message),
      logDebug: () => undefined,
    },
    { keeper, load: { isOverloaded: false }, fleet, visitors: new Visitors(fleet, platform) },
  );
  server = createServer((request, response) => {
    if (!dataPlane.handle(request, response)) response.writeHead(418).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(async () => {
  keeper.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

function get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
  return fetch(`${url}${path}`, { headers: { authorization: 'sdk-1', ...headers } });
}

function post(
  path: string,
  body: string | Uint8Array,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  return fetch(`${url}${path}`, {
    method: 'POST',
    headers: { authorization: 'sdk-1', ...headers },
    body: Buffer.from(body),
  });
}

const endpoints = [
  'GET /all',
  'GET /sdk/stream',
  'GET /sdk/latest-all',
  'GET /sdk/poll',
  'POST /bulk',
  'POST /diagnostic',
];

function call(endpoint: string, authorization: string | undefined): Promise<Response> {
  const [method = '', path] = endpoint.split(' ');
  const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
  return fetch(`${url}${path}`, { method, headers, ...(method === 'POST' && { body: '[]' }) });
}

describe.each(endpoints)('%s', (endpoint) => {
  test('answers 401 to a key that is unknown, and to none', async () => {
    for (const key of ['sdk-2', '', undefined]) {
      const response = await call(endpoint, key);
      expect(response.status).toBe(401);
      expect(response.headers.get('content-type')).toContain('application/problem+json');
      expect(await response.json()).toMatchObject({
        status: 401,
        code: 'unauthorized',
        title: expect.stringContaining('SDK key'),
      });
    }
    expect(logged).toEqual([]);
  });

  test('answers 503 with Retry-After while keys cannot be looked up, because 401 would stop an SDK for good', async () => {
    broken.keys = true;
    const response = await call(endpoint, 'sdk-2');
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '3']);
    expect(logged).toHaveLength(1);
  });
});

test.each(endpoints.filter((endpoint) => endpoint.startsWith('GET')))(
  '%s answers 503 with Retry-After while the environment cannot be loaded',
  async (endpoint) => {
    broken.channels = true;
    const response = await call(endpoint, 'sdk-1');
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '3']);
  },
);

test.each(['/all', '/sdk/stream'])('%s is not opened by a key that was revoked since it was admitted', async (path) => {
  revoked.add('key-1');
  const response = await get(path);
  expect(response.status).toBe(401);
  expect(await response.json()).toMatchObject({ title: expect.stringContaining('revoked') });
  expect(channel.subscriberCount).toBe(0);
});

test('requests that are not for SDKs are left alone', async () => {
  for (const [method, path] of [
    ['GET', '/'],
    ['GET', '/api/v1/projects'],
    ['POST', '/all'],
    ['GET', '/bulk'],
    ['GET', '/constructor'],
    ['GET', '/all/'],
  ] as const) {
    expect((await fetch(`${url}${path}`, { method })).status).toBe(418);
  }
});

test('very old SDKs may put `api_key` before the key', async () => {
  expect((await get('/sdk/latest-all', { authorization: 'api_key sdk-1' })).status).toBe(200);
});

describe('polls', () => {
  test('over fdv1 answer everything', async () => {
    const response = await get('/sdk/latest-all');
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(response.headers.get('x-ld-envid')).toBe('env-1');
    expect(await response.json()).toMatchObject({ flags: { a: { version: 1 }, b: { version: 2 } }, segments: {} });
  });

  test.each([
    ['', 'xfer-full', 2],
    ['?basis=e1:1', 'xfer-changes', 1],
    ['?basis=e1%3A1', 'xfer-changes', 1],
    ['?basis=e1:2', 'none', 0],
    ['?basis=e0:2', 'xfer-full', 2],
    ['?basis=(p:p1:5)', 'xfer-full', 2],
    ['?filter=x&basis=e1:1', 'xfer-changes', 1],
  ])('over fdv2 with %j answer %s', async (query, intent, puts) => {
    const text = await (await get(`/sdk/poll${query}`)).text();
    expect(JSON.parse(text).events[0].data.payloads[0].intentCode).toBe(intent);
    expect(text.match(/"put-object"/g) ?? []).toHaveLength(puts);
  });

  test.each(['/sdk/latest-all', '/sdk/poll', '/sdk/poll?basis=e1:1'])(
    'of %s answer 304 until something changes',
    async (path) => {
      const first = await get(path);
      const etag = first.headers.get('etag') ?? '';
      expect(first.status).toBe(200);
      const second = await get(path, { 'if-none-match': etag });
      expect([second.status, await second.text(), second.headers.get('etag')]).toEqual([304, '', etag]);
      channel.apply({ epoch: 'e1', version: 3, objects: [buildWireFlag('c', 3)] });
      const third = await get(path, { 'if-none-match': etag });
      expect(third.status).toBe(200);
      expect(third.headers.get('etag')).not.toBe(etag);
    },
  );

  test('that ask differently have different tags', async () => {
    const paths = [
      '/sdk/latest-all',
      '/sdk/poll',
      '/sdk/poll?basis=e1:1',
      '/sdk/poll?basis=e1:2',
      '/sdk/poll?basis=e0:1',
    ];
    const tags = await Promise.all(paths.map(async (path) => (await get(path)).headers.get('etag')));
    expect(new Set(tags).size).toBe(paths.length);
  });
});

describe('streams', () => {
  test('over fdv1 start with everything and go on with patches', async () => {
    const stream = await openTestStream(`${url}/all`, 'sdk-1');
    expect((await stream.next()).event).toBe('put');
    channel.apply({ epoch: 'e1', version: 3, objects: [buildWireFlag('a', 3)] });
    expect(await stream.next()).toMatchObject({ event: 'patch', data: expect.stringContaining('"/flags/a"') });
    stream.close();
  });

  test('over fdv2 resume from the selector, escaped or not', async () => {
    for (const basis of ['e1:1', 'e1%3A1']) {
      const stream = await openTestStream(`${url}/sdk/stream?basis=${basis}`, 'sdk-1');
      const events = await stream.until('payload-transferred');
      expect(events.map(({ event }) => event)).toEqual(['server-intent', 'put-object', 'payload-transferred']);
      stream.close();
    }
  });

  test('over fdv2 end with a goodbye when their channel ends them', async () => {
    const stream = await openTestStream(`${url}/sdk/stream`, 'sdk-1');
    await stream.until('payload-transferred');
    channel.end('credential revoked');
    expect(await stream.next()).toEqual({
      event: 'goodbye',
      data: '{"reason":"credential revoked","silent":false,"catastrophe":false}',
    });
    expect(await stream.ended).toBe('ended');
  });
});

describe('/bulk', () => {
  const events = [{ kind: 'summary', features: { a: { counters: [{ count: 1 }] } } }];
  const text = JSON.stringify(events);

  test('answers 202 with a Date, by which SDKs set their clocks, and no body', async () => {
    const response = await post('/bulk', text, {
      'x-launchdarkly-payload-id': 'p-1',
      'x-launchdarkly-event-schema': '4',
    });
    expect([response.status, await response.text()]).toEqual([202, '']);
    const date = Date.parse(response.headers.get('date') ?? '');
    expect(Math.abs(Date.now() - date)).toBeLessThan(10_000);
    expect(recorded).toEqual([{ payloadId: 'p-1', events }]);
  });

  test('takes gzip', async () => {
    expect((await post('/bulk', gzipSync(text), { 'content-encoding': 'gzip' })).status).toBe(202);
    expect(recorded).toEqual([{ payloadId: undefined, events }]);
  });

  test('takes what comes in chunks without a length', async () => {
    const request = openRequest(`${url}/bulk`, { method: 'POST', agent: false, headers: { authorization: 'sdk-1' } });
    for (const part of [text.slice(0, 10), text.slice(10, 11), text.slice(11)]) request.write(part);
    request.end();
    const [response] = await once(request, 'response');
    expect(response.statusCode).toBe(202);
    expect(recorded).toMatchObject([{ events }]);
  });

  test('takes 10 MB and more, packed or not', async () => {
    const many = JSON.stringify([
      ...events,
      ...Array.from({ length: 12_000 }, (_, at) => ({ kind: 'custom', key: 'k', data: `${at}`.padEnd(1000) })),
    ]);
    expect(many.length).toBeGreaterThan(12_000_000);
    expect((await post('/bulk', many)).status).toBe(202);
    expect((await post('/bulk', gzipSync(many), { 'content-encoding': 'gzip' })).status).toBe(202);
    expect(recorded.map((batch) => (batch.events as unknown[]).length)).toEqual([12_001, 12_001]);
  });

  test.each<[string, string | Uint8Array, Record<string, string>, number]>([
    ['what is not JSON', '[{', {}, 400],
    ['what is not packed as it says', text, { 'content-encoding': 'gzip' }, 400],
    [
      'what is too large once it is unpacked',
      gzipSync(Buffer.alloc(65 * 1024 * 1024, ' ')),
      { 'content-encoding': 'gzip' },
      413,
    ],
  ])('refuses %s and records nothing', async (_, body, headers, status) => {
    const response = await post('/bulk', body, headers);
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ status, title: expect.stringContaining('expected') });
    expect(recorded).toEqual([]);
    expect(logged).toEqual([]);
  });

  test('records nothing of a body whose sender goes away, and does not call that an error', async () => {
    const request = openRequest(`${url}/bulk`, { method: 'POST', agent: false, headers: { authorization: 'sdk-1' } });
    request.on('error', () => undefined);
    const closed = new Promise<void>((resolve) =>
      server.once('request', (_, response) => response.once('close', resolve)),
    );
    request.write(text);
    await new Promise((resolve) => server.once('request', resolve));
    request.destroy();
    await closed;
    expect((await get('/sdk/latest-all')).status).toBe(200);
    expect([recorded, logged]).toEqual([[], []]);
  });
});

describe('/diagnostic', () => {
  test.each<[string, string | Uint8Array, Record<string, string>]>([
    [
      'a diagnostic',
      JSON.stringify({ kind: 'diagnostic-init', id: { diagnosticId: 'x' } }),
      { 'content-type': 'application/json' },
    ],
    ['a packed one', gzipSync('{"kind":"diagnostic"}'), { 'content-encoding': 'gzip' }],
    ['whatever else', 'what?', {}],
  ])('answers 202 to %s', async (_, body, headers) => {
    expect((await post('/diagnostic', body, headers)).status).toBe(202);
    expect(recorded).toEqual([]);
  });

  test('refuses one that would fill the memory', async () => {
    const response = await post('/diagnostic', gzipSync(Buffer.alloc(65 * 1024 * 1024, ' ')), {
      'content-encoding': 'gzip',
    });
    expect(response.status).toBe(413);
  });
});
