import { flagOf } from '@sluice/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { allOf, ann, type DrivenClient, type Driver, listenToChanges, startDriver } from './driver.ts';
import {
  type Endpoint,
  type Handler,
  type StandIn,
  startStandIn,
  withGzippedJson,
  withJson,
  withStatus,
} from './harness-stand-in.ts';

let driver: Driver;
let standIn: StandIn;

beforeAll(async () => {
  driver = await startDriver();
  standIn = await startStandIn();
});

afterAll(async () => {
  await driver.close();
  await standIn.close();
});

const onFlag = flagOf('flag', { version: 1 });
const offFlag = flagOf('flag', { version: 2, on: false });

describe('polling by the first protocol', () => {
  async function poll(...handlers: [Handler, ...Handler[]]): Promise<{ endpoint: Endpoint; client: DrivenClient }> {
    const endpoint = standIn.serve(...handlers);
    const client = await driver.create({ polling: { baseUri: endpoint.url, pollIntervalMs: 1 } });
    return { endpoint, client };
  }

  test.each(['', '/'])('asks at /sdk/latest-all below the base address, with "%s" at its end', async (end) => {
    const endpoint = standIn.serve(withJson(allOf([onFlag])));
    await driver.create({ credential: 'my-key', polling: { baseUri: `${endpoint.url}${end}` } });
    const { method, path, query, headers } = await endpoint.requests.next();
    expect({ method, path, query: [...query] }).toEqual({ method: 'GET', path: '/sdk/latest-all', query: [] });
    expect(headers).toMatchObject({ authorization: 'my-key', 'accept-encoding': 'gzip' });
    expect(headers).not.toHaveProperty('if-none-match');
  });

  test('takes what it gets again and again, packed or not', async () => {
    const second = Promise.withResolvers<void>();
    const { client } = await poll(withGzippedJson(allOf([onFlag])), (request, response) => {
      void second.promise.then(() => withJson(allOf([offFlag]))(request, response));
    });
    const changes = await listenToChanges(standIn, client);
    expect(await client.evaluate('flag')).toBe(true);
    second.resolve();
    expect(await changes.next()).toBe('flag');
    expect(await client.evaluate('flag')).toBe(false);
  });

  test('says what it has, and takes no answer for the same', async () => {
    const { endpoint, client } = await poll(withJson(allOf([onFlag]), { etag: '"one"' }), withStatus(304));
    expect((await endpoint.requests.next()).headers).not.toHaveProperty('if-none-match');
    for (let request = 0; request < 3; request++) {
      expect((await endpoint.requests.next()).headers['if-none-match']).toBe('"one"');
    }
    expect(await client.evaluate('flag')).toBe(true);
  });

  test.each([
    ['a 503', withStatus(503)],
    ['no JSON', (_, response) => void response.end('{sorry')],
    ['JSON of another shape', withJson({ flags: [] })],
    ['a flag of another shape', withJson({ flags: { flag: { key: 'flag', version: 'one' } } })],
    [
      'what only pretends to be packed',
      (_, response) => void response.writeHead(503, { 'content-encoding': 'gzip' }).end('no'),
    ],
  ] as const satisfies readonly (readonly [string, Handler])[])('goes on after %s', async (_, failing) => {
    const { client } = await poll(failing, withJson(allOf([onFlag])), failing, withJson(allOf([offFlag])));
    const changes = await listenToChanges(standIn, client);
    if (await client.evaluate('flag')) await changes.next();
    expect(await client.evaluate('flag')).toBe(false);
  });

  test('refuses text that is not UTF-8, rather than serve other text', async () => {
    const body = Buffer.from(JSON.stringify(allOf([flagOf('flag', { variations: ['ABCD'] })])));
    body[body.indexOf('BC')] = 0xff;
    const endpoint = standIn.serve(
      (_, response) => void response.end(body),
      () => undefined,
    );
    const polling = { baseUri: endpoint.url, pollIntervalMs: 1 };
    const client = await driver.create({ startWaitTimeMs: 20, initCanFail: true, polling });
    await Promise.all([endpoint.requests.next(), endpoint.requests.next()]);
    expect(await client.detail('flag', ann, 'default')).toMatchObject({ reason: { errorKind: 'CLIENT_NOT_READY' } });
  });

  test('takes thousands of flags, and one without a key', async () => {
    const flags = Array.from({ length: 1000 }, (_, index) => flagOf(`flag-${index}`, { on: index === 999 }));
    const { client } = await poll(withJson(allOf([...flags, flagOf('', { version: 0 })])));
    expect(await client.evaluate('flag-0')).toBe(false);
    expect(await client.evaluate('flag-999')).toBe(true);
    expect(await client.evaluate('')).toBe(true);
  });
});

describe('polling by the second protocol', () => {
  const intent = (intentCode: string) => ({
    event: 'server-intent',
    data: { payloads: [{ id: 'payloadID', target: 1, intentCode, reason: 'because' }] },
  });
  const put = (flag: typeof onFlag) => ({
    event: 'put-object',
    data: { version: flag.version, kind: 'flag', key: flag.key, object: flag },
  });
  const transferred = (state: string) => ({ event: 'payload-transferred', data: { state, version: 1 } });

  test('asks at /sdk/poll, from the last transfer on', async () => {
    const third = Promise.withResolvers<void>();
    const endpoint = standIn.serve(
      withGzippedJson({ events: [intent('xfer-full'), put(onFlag), transferred('(p:p1:1)')] }),
      withJson({ events: [intent('none')] }),
      (request, response) => {
        const events = [intent('xfer-changes'), put(offFlag), transferred('(p:p1:2)')];
        void third.promise.then(() => withJson({ events })(request, response));
      },
      withStatus(304),
    );
    const polling = { baseUri: endpoint.url, pollIntervalMs: 1 };
    const client = await driver.create({ dataSystem: { synchronizers: [{ polling }] } });
    const changes = await listenToChanges(standIn, client);
    expect(await client.evaluate('flag')).toBe(true);
    third.resolve();
    expect(await changes.next()).toBe('flag');
    expect(await client.evaluate('flag')).toBe(false);
    const asked: unknown[] = [];
    for (let request = 1; request <= 4; request++) {
      const { path, query } = await endpoint.requests.next();
      asked.push([path, query.get('basis')]);
    }
    expect(asked).toEqual([
      ['/sdk/poll', null],
      ['/sdk/poll', '(p:p1:1)'],
      ['/sdk/poll', '(p:p1:1)'],
      ['/sdk/poll', '(p:p1:2)'],
    ]);
  });

  test.each([
    ['polls alone', { initializers: [0] }],
    ['polls with a stream behind', { synchronizers: [0, 1] }],
  ])('is what a data system of %s does', async (_, system) => {
    const poll = standIn.serve(withJson({ events: [intent('xfer-full'), put(onFlag), transferred('one')] }));
    const stream = standIn.serve(withStatus(503));
    const parts = [{ polling: { baseUri: poll.url } }, { streaming: { baseUri: stream.url } }];
    const dataSystem = Object.fromEntries(
      Object.entries(system).map(([name, numbers]) => [name, numbers.map((number) => parts[number])]),
    );
    const client = await driver.create({ dataSystem });
    expect(await client.evaluate('flag')).toBe(true);
    expect(stream.requests.left).toBe(0);
  });

  test.each([
    ['no transfer', { events: [] }],
    ['an incomplete transfer', { events: [intent('xfer-full'), put(onFlag)] }],
    ['a word that all is well, without anything before', { events: [intent('none')] }],
    ['events of another shape', { events: {} }],
  ])('does not take for flags %s', async (_, body) => {
    const endpoint = standIn.serve(withJson(body));
    const dataSystem = { synchronizers: [{ polling: { baseUri: endpoint.url } }] };
    const client = await driver.create({ startWaitTimeMs: 20, initCanFail: true, dataSystem });
    expect(await client.detail('flag', ann, 'default')).toMatchObject({ reason: { errorKind: 'CLIENT_NOT_READY' } });
    expect((await driver.tryCreate({ startWaitTimeMs: 20, dataSystem })).status).toBe(500);
  });
});
