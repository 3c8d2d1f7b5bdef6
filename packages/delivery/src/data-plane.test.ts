import { once } from 'node:events';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request as openRequest,
  type Server,
} from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import type { WindowReport } from '@sluice/protocol';
import {
  buildPayload,
  buildWireFlag,
  createFakeServerPlatform,
  openTestStream,
  RecordingFleet,
  settle,
} from '@sluice/testkit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Channel, DataPlane, type EventBatch, Outflow, StreamKeeper, Visitors } from './index.ts';

let platform: ReturnType<typeof createFakeServerPlatform>;
let fleet: RecordingFleet;
let channel: Channel;
let keeper: StreamKeeper;
let server: Server;
let url: string;
let recorded: EventBatch[];
let windows: WindowReport[];
let logged: string[];
/** What the host of the data plane cannot do at the moment. */
let broken: { keys?: boolean; channels?: boolean; windows?: boolean };
let revoked: Set<string>;
/** Holds up whoever asks whether a key is known. */
let untilAdmitted: () => Promise<void>;
/** Whether the process has time for new connections. */
let letsIn: boolean;

beforeEach(async () => {
  platform = createFakeServerPlatform();
  fleet = new RecordingFleet();
  channel = new Channel(buildPayload(buildWireFlag('a', 1), buildWireFlag('b', 2)), new Outflow(platform));
  keeper = new StreamKeeper(platform);
  [recorded, windows, logged, broken, revoked] = [[], [], [], {}, new Set()];
  untilAdmitted = async () => undefined;
  letsIn = true;
  const dataPlane = new DataPlane(
    {
      admit: async (sdkKey) => {
        await untilAdmitted();
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
      confirmArrivals: async () => ({ at: platform.elapsed() - 300, states: { 'env-1': 'e1:7' } }),
      recordWindow: async (_, report) => {
        if (broken.windows) throw new Error('the database is gone');
        windows.push(report);
      },
      retryAfterSeconds: () => 3,
      now: () => platform.now(),
      createId: () => 'made-up',
      logError: (_error, message) => void logged.push(message),
      logDebug: () => undefined,
    },
    { keeper, load: { letIn: () => letsIn }, fleet, visitors: new Visitors(fleet, platform) },
  );
  server = createServer((request, response) => {
    if (!dataPlane.handle(request, response)) response.writeHead(418).end();
  });
  server.on('upgrade', (request, socket, head) => {
    if (!dataPlane.handleUpgrade(request, socket, head)) socket.end('HTTP/1.1 418 x\r\n\r\n');
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
  'GET /sdk/v1/socket',
  'POST /sdk/v1/reports',
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

test.each(endpoints.filter((endpoint) => endpoint.startsWith('GET') && !endpoint.endsWith('socket')))(
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

/** Asks for a socket, with other headers than a client would send; resolves with the answer. */
async function askForSocket(
  headers: Readonly<Record<string, string>> = {},
  { path = '/sdk/v1/socket', method = 'GET' } = {},
): Promise<{ readonly status: number; readonly headers: IncomingHttpHeaders; readonly text: string }> {
  const request = openRequest(`${url}${path}`, {
    method,
    agent: false,
    headers: {
      authorization: 'sdk-1',
      connection: 'upgrade',
      upgrade: 'websocket',
      'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
      'sec-websocket-version': '13',
      ...headers,
    },
  });
  request.end();
  const upgraded = once(request, 'upgrade');
  const response: IncomingMessage = await Promise.race([
    once(request, 'response').then(([answer]) => answer),
    upgraded.then(([answer, socket]) => {
      socket.destroy();
      return answer;
    }),
  ]);
  let text = '';
  if (response.statusCode !== 101) for await (const chunk of response) text += chunk;
  return { status: response.statusCode ?? 0, headers: response.headers, text };
}

async function untilSubscribers(count: number): Promise<void> {
  while (channel.subscriberCount !== count) await settle();
}

describe('a wish for a socket', () => {
  test('is granted with a key that is known', async () => {
    expect(await askForSocket()).toMatchObject({ status: 101, headers: { upgrade: 'websocket' } });
    await untilSubscribers(0);
  });

  test.each(['sdk-2', ''])('is answered 401 with key "%s", as every request is', async (key) => {
    const { status, headers, text } = await askForSocket({ authorization: key });
    expect([status, headers['content-type'], headers.connection]).toEqual([
      401,
      'application/problem+json; charset=utf-8',
      'close',
    ]);
    expect(JSON.parse(text)).toEqual({
      type: 'about:blank',
      status: 401,
      code: 'unauthorized',
      title: `expected an SDK key in Authorization, got ${key === '' ? 'none' : 'one that is not known'}`,
    });
    expect([channel.subscriberCount, logged]).toEqual([0, []]);
  });

  test('that is refused does not keep a connection, also when its client would', async () => {
    const asked = once(server, 'upgrade');
    const client = connect({ port: Number(new URL(url).port), host: '127.0.0.1', allowHalfOpen: true });
    client.on('error', () => undefined);
    client.write(
      'GET /sdk/v1/socket HTTP/1.1\r\nhost: x\r\nauthorization: sdk-2\r\nupgrade: websocket\r\nconnection: upgrade\r\n' +
        'sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\nsec-websocket-version: 13\r\n\r\n',
    );
    const [, socket] = await asked;
    const closed = new Promise<void>((tell) => socket.once('close', () => tell()));
    let text = '';
    for await (const chunk of client) text += chunk;
    expect(text).toMatch(/^HTTP\/1.1 401 .*one that is not known"}$/s);
    await closed;
    client.destroy();
  });

  test('is answered 401 when the key was revoked since it was admitted', async () => {
    revoked.add('key-1');
    const { status, text } = await askForSocket();
    expect(status).toBe(401);
    expect(text).toContain('revoked');
    expect(channel.subscriberCount).toBe(0);
  });

  test.each(['keys', 'channels'] as const)(
    'is answered 503 with Retry-After while %s cannot be looked at: 401 would be believed',
    async (what) => {
      broken[what] = true;
      const { status, headers, text } = await askForSocket({ authorization: what === 'keys' ? 'sdk-2' : 'sdk-1' });
      expect([status, headers['retry-after'], JSON.parse(text).code]).toEqual([503, '3', 'unavailable']);
      expect(logged).toEqual(['a socket of an SDK could not be opened']);
    },
  );

  test.each(['/', '/sdk/v1/socket/', '/sdk/v1/socketx', '/sdk/stream', '/all', '/constructor'])(
    'at %s is not for SDKs, and left alone',
    async (path) => {
      expect((await askForSocket({}, { path })).status).toBe(418);
    },
  );

  test('may have a query', async () => {
    expect((await askForSocket({}, { path: '/sdk/v1/socket?basis=e1:2&x=y' })).status).toBe(101);
    await untilSubscribers(0);
  });

  test('without Upgrade is answered 426: a proxy has taken it out', async () => {
    const response = await get('/sdk/v1/socket');
    expect([response.status, response.headers.get('upgrade')]).toEqual([426, 'websocket']);
    expect(await response.json()).toMatchObject({
      code: 'upgrade-required',
      title: expect.stringContaining('Upgrade'),
    });
  });

  test.each<[string, Readonly<Record<string, string>>, number]>([
    ['no key of its own', { 'sec-websocket-key': '' }, 400],
    ['a key that is none', { 'sec-websocket-key': 'short' }, 400],
    ['an old version', { 'sec-websocket-version': '7' }, 400],
    ['another protocol', { upgrade: 'h2c' }, 400],
  ])('with %s is refused by name, and opens nothing', async (_, headers, status) => {
    expect((await askForSocket(headers)).status).toBe(status);
    expect(channel.subscriberCount).toBe(0);
  });

  test('is granted without packing, whatever its client offers: frames are made once for all', async () => {
    const { status, headers } = await askForSocket({ 'sec-websocket-extensions': 'permessage-deflate' });
    expect([status, headers['sec-websocket-extensions']]).toEqual([101, undefined]);
    await untilSubscribers(0);
  });

  test('by another method is refused', async () => {
    expect((await askForSocket({}, { method: 'POST' })).status).toBe(405);
  });

  test('whose client is gone before its key was looked up ends nothing but itself', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    untilAdmitted = () => promise;
    const asked = once(server, 'upgrade');
    const client = connect(Number(new URL(url).port), '127.0.0.1');
    client.write(
      'GET /sdk/v1/socket HTTP/1.1\r\nhost: x\r\nauthorization: sdk-1\r\nupgrade: websocket\r\nconnection: upgrade\r\n' +
        'sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\nsec-websocket-version: 13\r\n\r\n',
    );
    const [, socket] = await asked;
    // A connection that is reset tells so by an error, which ends a process in which nobody listens for it.
    expect(socket.listenerCount('error')).toBeGreaterThan(0);
    const closed = new Promise<void>((tell) => socket.once('close', () => tell()));
    client.resetAndDestroy();
    await closed;
    resolve();
    expect((await get('/sdk/latest-all')).status).toBe(200);
    expect([channel.subscriberCount, logged]).toEqual([0, []]);
  });
});

describe('while there is too much to do', () => {
  beforeEach(() => {
    letsIn = false;
  });

  test('wishes for sockets are put off', async () => {
    const { status, headers, text } = await askForSocket();
    expect([status, headers['retry-after'], JSON.parse(text).code]).toEqual([503, '3', 'unavailable']);
    expect([channel.subscriberCount, logged]).toEqual([0, []]);
  });

  test.each(['/all', '/sdk/stream'])('so are streams: %s', async (path) => {
    const response = await get(path);
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '3']);
    expect(channel.subscriberCount).toBe(0);
  });

  test('what is short is answered all the same', async () => {
    expect((await get('/sdk/latest-all')).status).toBe(200);
    expect((await get('/sdk/poll')).status).toBe(200);
    expect((await post('/bulk', '[]')).status).toBe(202);
  });
});

describe('/sdk/v1/reports', () => {
  const hello = {
    kind: 'hello',
    key: 'web-1',
    session: 's-1',
    connection: 1,
    via: 'stream',
    running: { state: 'e1:2' },
  };

  test('takes who reports and what, and answers how to report', async () => {
    const response = await post(
      '/sdk/v1/reports',
      JSON.stringify([hello, { kind: 'acknowledgement', state: 'e1:3' }, { kind: 'probe', id: 'p-1' }]),
    );
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'application/json; charset=utf-8']);
    expect(await response.json()).toEqual({
      events: [{ event: 'fleet', data: { delayMs: 0, spreadMs: 20, heartbeatMs: 10_000, windowMs: 5000 } }],
    });
    expect(fleet.told).toEqual(['join web-1 e1:2 by stream', 'web-1 e1:3', 'answer to probe p-1']);
  });

  test('takes what is packed', async () => {
    const response = await post('/sdk/v1/reports', gzipSync(JSON.stringify([hello])), { 'content-encoding': 'gzip' });
    expect(response.status).toBe(200);
    expect(fleet.told).toHaveLength(1);
  });

  test('passes over kinds that it does not know, wherever they are', async () => {
    const reports = [{ kind: 'later' }, hello, { kind: 'later' }, { kind: 'goodbye' }];
    expect((await post('/sdk/v1/reports', JSON.stringify(reports))).status).toBe(200);
    expect(fleet.told).toEqual(['join web-1 e1:2 by stream', 'web-1 left']);
  });

  test('renews the lease of an instance that it heard, and not by what a later word has overtaken', async () => {
    const ask = async (connection: number): Promise<unknown> => {
      const reports = [
        { ...hello, connection },
        { kind: 'renewal', mark: 5 },
      ];
      const { events } = JSON.parse(await (await post('/sdk/v1/reports', JSON.stringify(reports))).text());
      return events.find(({ event }: { readonly event: string }) => event === 'lease')?.data;
    };
    expect(await ask(2)).toEqual({ mark: 5, ageMs: 300, state: 'e1:7' });
    expect(await ask(1)).toBeUndefined();
  });

  test.each<[unknown, string]>([
    [null, 'expected a list of reports'],
    [{}, 'expected a list of reports'],
    [hello, 'expected a list of reports'],
    [[], 'expected the first report to be of kind hello'],
    [[{ kind: 'later' }], 'expected the first report to be of kind hello'],
    [[{ kind: 'acknowledgement' }, hello], 'expected the first report to be of kind hello'],
    [[5], '[0] must be an object, got 5'],
    [[hello, null], '[1] must be an object, got null'],
    [[{}], '[0].kind must be a string, got nothing'],
    [[{ kind: 'hello' }], '[0].key must be a string, got nothing'],
    [[hello, { kind: 'acknowledgement', state: 5 }], '[1].state must be a string, got 5'],
    [
      [hello, { kind: 'acknowledgement', refused: [{ kind: 'flag', key: 'a', version: 1.5, reason: '' }] }],
      '[1].refused[0].version must be an integer, got 1.5',
    ],
  ])('refuses %j, saying where', async (body, title) => {
    const response = await post('/sdk/v1/reports', JSON.stringify(body));
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({ type: 'about:blank', status: 400, code: 'invalid-request', title });
    expect(fleet.told).toEqual([]);
  });

  test('refuses what is no JSON, and what is too large', async () => {
    expect((await post('/sdk/v1/reports', '[{')).status).toBe(400);
    const large = gzipSync(Buffer.alloc(65 * 1024 * 1024, ' '));
    expect((await post('/sdk/v1/reports', large, { 'content-encoding': 'gzip' })).status).toBe(413);
    expect(fleet.told).toEqual([]);
  });

  test('tells large fleets to spread', async () => {
    const keys = Array.from({ length: 1000 }, (_, at) => `web-${at}`);
    for (const key of keys) {
      await post('/sdk/v1/reports', JSON.stringify([{ ...hello, key, session: key }]));
    }
    const response = await post('/sdk/v1/reports', JSON.stringify([{ ...hello, connection: 2 }]));
    expect(await response.json()).toMatchObject({ events: [{ data: { spreadMs: 40 } }] });
  });

  test('says which windows of telemetry are kept, and nothing of others', async () => {
    const first = { session: 'session of web-1', sequence: 1, agoMs: 5, window: { subjects: [] } };
    const second = { ...first, sequence: 2 };
    const reports = [
      hello,
      { kind: 'telemetry', ...first },
      { kind: 'probe', id: 'p' },
      { kind: 'telemetry', ...second },
    ];
    const tell = async (told: readonly object[]): Promise<readonly { readonly event: string }[]> =>
      JSON.parse(await (await post('/sdk/v1/reports', JSON.stringify(told))).text()).events;
    const at = platform.now();
    expect((await tell(reports)).filter(({ event }) => event === 'taken')).toEqual([
      { event: 'taken', data: { id: 'session of web-1/1', status: 202, at } },
      { event: 'taken', data: { id: 'session of web-1/2', status: 202, at } },
    ]);
    expect(windows).toMatchObject([first, second]);
    broken.windows = true;
    const later = await tell([
      { ...hello, connection: 2 },
      { kind: 'telemetry', ...first },
    ]);
    expect(later.map(({ event }) => event)).toEqual(['fleet']);
  });
});

describe('an SDK of others', () => {
  const foreign = { 'user-agent': 'NodeJSClient/9.13.7', 'x-launchdarkly-instance-id': 'f-1' };
  const own = { 'user-agent': 'SluiceNode/0.1.0', 'x-launchdarkly-instance-id': 's-1' };

  async function openForeign(path: string): Promise<IncomingMessage> {
    const request = openRequest(`${url}${path}`, { agent: false, headers: { authorization: 'sdk-1', ...foreign } });
    request.on('error', () => undefined);
    request.end();
    const [response] = await once(request, 'response');
    response.on('error', () => undefined);
    return response.resume();
  }

  test.each(['/all', '/sdk/stream'])('with a stream at %s is there as long as the stream is', async (path) => {
    const response = await openForeign(path);
    await fleet.until('was sent 2');
    channel.apply({ epoch: 'e1', version: 3, objects: [buildWireFlag('c', 3)] });
    await fleet.until('was sent 3');
    response.destroy();
    await fleet.until('lost');
    expect(fleet.told).toEqual([
      'join f-1 nothing by stream',
      'f-1 was sent 2',
      'f-1 was sent 3',
      'lost f-1 after 0 ms',
    ]);
    expect(fleet.arrivals).toMatchObject([{ isForeign: true, sdk: 'NodeJSClient/9.13.7' }]);
  });

  test('that does not read was not sent anything', async () => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.pause();
    socket.on('error', () => undefined);
    socket.write('GET /all HTTP/1.1\r\nhost: x\r\nauthorization: sdk-1\r\nuser-agent: NodeJSClient/9\r\n\r\n');
    await fleet.until('was sent 2');
    const json = JSON.stringify('x'.repeat(32_000_000));
    channel.apply({ epoch: 'e1', version: 3, objects: [buildWireFlag('c', 3, json)] });
    await platform.clock.advance(31_000);
    await fleet.until('lost');
    expect(fleet.told).toEqual(['join made-up nothing by stream', 'made-up was sent 2', 'lost made-up after 0 ms']);
    socket.destroy();
  });

  test('that polls is there while it does, also when nothing has changed', async () => {
    const first = await get('/sdk/latest-all', foreign);
    await get('/sdk/latest-all', { ...foreign, 'if-none-match': first.headers.get('etag') ?? '' });
    await get('/sdk/poll', foreign);
    expect(fleet.told).toEqual(['join f-1 nothing by poll', 'f-1 was sent 2', 'f-1 was sent 2', 'f-1 was sent 2']);
    await platform.clock.advance(120_000);
    expect(fleet.told.at(-1)).toBe('lost f-1 after 120000 ms');
  });

  test('that polls and sends no id is nobody: each of its polls would be another', async () => {
    await get('/sdk/latest-all', { 'user-agent': 'GoClient/7' });
    await get('/sdk/latest-all', { 'user-agent': 'GoClient/7' });
    expect(fleet.told).toEqual([]);
  });

  test('has what it evaluated with read from its events', async () => {
    const events = [
      {
        kind: 'summary',
        features: {
          a: {
            counters: [
              { count: 1, version: 7 },
              { count: 1, version: 5 },
            ],
          },
        },
      },
    ];
    await post('/bulk', JSON.stringify(events), foreign);
    await post('/bulk', JSON.stringify([{ kind: 'summary', features: {} }]), foreign);
    await post('/bulk', JSON.stringify(events), { 'user-agent': 'GoClient/7' });
    await post('/bulk', JSON.stringify(events), own);
    expect(fleet.told).toEqual(['f-1 has evaluated with 7']);
  });

  test('hears nothing of how to report, which ours do', async () => {
    const names = async (headers: Readonly<Record<string, string>>) => {
      const { events } = JSON.parse(await (await get('/sdk/poll', headers)).text());
      return events.map(({ event }: { event: string }) => event);
    };
    const rest = ['server-intent', 'put-object', 'put-object', 'payload-transferred'];
    expect(await names(foreign)).toEqual(rest);
    expect(await names(own)).toEqual(['fleet', ...rest]);
    const tags = await Promise.all(
      [foreign, own].map(async (headers) => (await get('/sdk/poll', headers)).headers.get('etag')),
    );
    expect(new Set(tags).size).toBe(2);
  });

  test('is told from ours by the stream too', async () => {
    const request = openRequest(`${url}/sdk/stream`, { agent: false, headers: { authorization: 'sdk-1', ...own } });
    request.on('error', () => undefined);
    request.end();
    const [response] = await once(request, 'response');
    const [chunk] = await once(response, 'data');
    expect(String(chunk)).toMatch(/^event: fleet\n/);
    request.destroy();
    await untilSubscribers(0);
    expect(fleet.told).toEqual([]);
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
