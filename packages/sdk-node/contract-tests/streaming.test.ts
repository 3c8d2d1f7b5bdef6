import type { Flag } from '@sluice/engine';
import { flagOf, segmentOf } from '@sluice/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { allOf, ann, type DrivenClient, type Driver, listenToChanges, startDriver, streamOf } from './driver.ts';
import {
  breakConnection,
  createMockStream,
  type Endpoint,
  type Handler,
  type MockStream,
  type StandIn,
  type StreamEvent,
  startStandIn,
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

/** A flag that is off and serves `value`. */
function offFlag(key: string, version: number, value: unknown): Flag {
  return { key, version, on: false, offVariation: 0, variations: [value] };
}

const errors: readonly (readonly [string, Handler])[] = [
  ['a broken connection', breakConnection],
  ...[400, 408, 429, 500, 503].map((status) => [`a ${status}`, withStatus(status)] as const),
];

describe('a stream of the first protocol', () => {
  const patch = (flag: Flag): StreamEvent => ({ event: 'patch', data: { path: `/flags/${flag.key}`, data: flag } });

  async function connect(...handlers: [Handler, ...Handler[]]): Promise<{ endpoint: Endpoint; client: DrivenClient }> {
    const endpoint = standIn.serve(...handlers);
    const client = await driver.create({ streaming: { baseUri: endpoint.url, initialRetryDelayMs: 1 } });
    return { endpoint, client };
  }

  test.each(['', '/'])('is opened at /all below the base address, with "%s" at its end', async (end) => {
    const endpoint = standIn.serve(streamOf([]).handler);
    await driver.create({ credential: 'my-key', streaming: { baseUri: `${endpoint.url}${end}` } });
    const { method, path, query, headers } = await endpoint.requests.next();
    expect({ method, path, query: [...query] }).toEqual({ method: 'GET', path: '/all', query: [] });
    expect(headers).toMatchObject({ authorization: 'my-key', accept: 'text/event-stream' });
  });

  test('takes a flag of a higher version, and no other', async () => {
    const stream = streamOf([offFlag('flag', 100, 'before')]);
    const { client } = await connect(stream.handler);
    const changes = await listenToChanges(standIn, client);
    stream.send(patch(offFlag('flag', 100, 'same')), patch(offFlag('flag', 99, 'lower')), patch(offFlag('next', 1, 1)));
    // Whatever was sent before it is done with.
    expect(await changes.next()).toBe('next');
    expect(await client.evaluate('flag')).toBe('before');
    stream.send(patch(offFlag('flag', 101, 'after')));
    expect(await changes.next()).toBe('flag');
    expect(await client.evaluate('flag')).toBe('after');
  });

  test('deletes by a higher version, and remembers what it never had', async () => {
    const stream = streamOf([offFlag('flag', 100, 'before')]);
    const { client } = await connect(stream.handler);
    const changes = await listenToChanges(standIn, client);
    const remove = (key: string, version: number) => ({ event: 'delete', data: { path: `/flags/${key}`, version } });
    stream.send(remove('flag', 100), remove('unknown', 100), patch(offFlag('unknown', 100, 1)), remove('flag', 101));
    expect([await changes.next(), await changes.next()]).toEqual(['unknown', 'flag']);
    expect(await client.evaluate('flag', ann, 'default')).toBe('default');
    expect(await client.evaluate('unknown', ann, 'default')).toBe('default');
    expect((await client.command('evaluateAll', { context: ann })).state).toEqual({ $flagsState: {}, $valid: true });
  });

  test('takes segments, and reports the flags that use them', async () => {
    const clauses = [{ attribute: '', op: 'segmentMatch', values: ['members'] }];
    const flag = flagOf('flag', { rules: [{ clauses, variation: 0 }], fallthrough: { variation: 1 } });
    const stream = streamOf([flag], [segmentOf('members', { version: 100, included: ['ann'] })]);
    const { client } = await connect(stream.handler);
    const changes = await listenToChanges(standIn, client);
    const segment = (version: number, included: string[]): StreamEvent => ({
      event: 'patch',
      data: { path: '/segments/members', data: segmentOf('members', { version, included }) },
    });
    expect(await client.evaluate('flag')).toBe(true);
    stream.send(segment(100, []), segment(101, ['bob']));
    expect(await changes.next()).toBe('flag');
    expect(await client.evaluate('flag')).toBe(false);
    stream.send({ event: 'delete', data: { path: '/segments/members', version: 102 } }, segment(103, ['ann']));
    expect([await changes.next(), await changes.next()]).toEqual(['flag', 'flag']);
    expect(await client.evaluate('flag')).toBe(true);
  });

  test('begins anew with each put, whatever the versions', async () => {
    const stream = streamOf([offFlag('flag', 100, 'before'), offFlag('gone', 1, 1)]);
    const { client } = await connect(stream.handler);
    const changes = await listenToChanges(standIn, client);
    stream.send({ event: 'put', data: { data: allOf([offFlag('flag', 1, 'after')]) } });
    expect([await changes.next(), await changes.next()].sort()).toEqual(['flag', 'gone']);
    expect(await client.evaluate('flag')).toBe('after');
    expect(await client.evaluate('gone', ann, 'default')).toBe('default');
  });

  test('skips what it does not know', async () => {
    const stream = streamOf([]);
    const { endpoint, client } = await connect(stream.handler);
    await endpoint.requests.next();
    const changes = await listenToChanges(standIn, client);
    stream.send(
      { event: 'whatever', data: {} },
      { event: 'whatever', data: 'not JSON' },
      { event: 'patch', data: { path: '/cats/Jack', data: {} } },
      patch(offFlag('flag', 1, 'value')),
    );
    expect(await changes.next()).toBe('flag');
    expect(await client.evaluate('flag')).toBe('value');
    expect(endpoint.requests.left).toBe(0);
  });

  test.each([
    ['put', '{sorry'],
    ['patch', '{sorry'],
    ['delete', '{sorry'],
    ['put', { data: { flags: true, segments: {} } }],
    ['patch', { path: '/flags/x', data: true }],
    ['delete', { path: '/flags/x', version: 'no' }],
  ])('is opened again after a malformed %s: %o', async (event, data) => {
    const [first, second] = [streamOf([offFlag('flag', 1, 'first')]), streamOf([offFlag('flag', 2, 'second')])];
    const { endpoint, client } = await connect(first.handler, second.handler);
    const changes = await listenToChanges(standIn, client);
    expect(await client.evaluate('flag')).toBe('first');
    first.send({ event, data });
    expect(await changes.next()).toBe('flag');
    expect(await client.evaluate('flag')).toBe('second');
    await Promise.all([endpoint.requests.next(), endpoint.requests.next()]);
    expect(endpoint.requests.left).toBe(0);
  });

  test('is opened again when it ends, and the last flags are served meanwhile', async () => {
    const [first, second] = [streamOf([offFlag('flag', 1, 'first')]), streamOf([offFlag('flag', 2, 'second')])];
    const asked = Promise.withResolvers<void>();
    const mayAnswer = Promise.withResolvers<void>();
    const { client } = await connect(first.handler, (request, response) => {
      asked.resolve();
      void mayAnswer.promise.then(() => second.handler(request, response));
    });
    const changes = await listenToChanges(standIn, client);
    first.end();
    await asked.promise;
    expect(await client.evaluate('flag')).toBe('first');
    mayAnswer.resolve();
    expect(await changes.next()).toBe('flag');
    expect(await client.evaluate('flag')).toBe('second');
  });

  test.each(errors)('is tried again after %s, at the start and later', async (_, failing) => {
    const [first, second] = [streamOf([offFlag('flag', 1, 'first')]), streamOf([offFlag('flag', 2, 'second')])];
    const { endpoint, client } = await connect(failing, failing, first.handler, failing, failing, second.handler);
    const changes = await listenToChanges(standIn, client);
    expect(await client.evaluate('flag')).toBe('first');
    first.end();
    expect(await changes.next()).toBe('flag');
    expect(await client.evaluate('flag')).toBe('second');
    for (let request = 1; request <= 6; request++) expect((await endpoint.requests.next()).path).toBe('/all');
    expect(endpoint.requests.left).toBe(0);
  });
});

describe('a stream of the second protocol', () => {
  const intent = (intentCode: string): StreamEvent => ({
    event: 'server-intent',
    data: { payloads: [{ id: 'payloadID', target: 1, intentCode, reason: 'because' }] },
  });
  const put = (flag: Flag): StreamEvent => ({
    event: 'put-object',
    data: { version: flag.version, kind: 'flag', key: flag.key, object: flag },
  });
  const remove = (key: string, version: number): StreamEvent => ({
    event: 'delete-object',
    data: { version, kind: 'flag', key },
  });
  const transferred = (state: string, version = 1): StreamEvent => ({
    event: 'payload-transferred',
    data: { state, version },
  });
  const full = (state: string, ...flags: readonly Flag[]): MockStream =>
    createMockStream(intent('xfer-full'), ...flags.map(put), transferred(state));

  async function connect(...handlers: [Handler, ...Handler[]]): Promise<{ endpoint: Endpoint; client: DrivenClient }> {
    const endpoint = standIn.serve(...handlers);
    const streaming = { baseUri: endpoint.url, initialRetryDelayMs: 1 };
    const client = await driver.create({ dataSystem: { synchronizers: [{ streaming }] } });
    return { endpoint, client };
  }

  test('is opened at /sdk/stream, without a basis before there is one', async () => {
    const { endpoint, client } = await connect(full('initial', offFlag('flag', 1, 'value')).handler);
    const { path, query } = await endpoint.requests.next();
    expect({ path, query: [...query] }).toEqual({ path: '/sdk/stream', query: [] });
    expect(await client.evaluate('flag')).toBe('value');
  });

  test('puts a transfer in force when it is complete, not before', async () => {
    const stream = full('initial', offFlag('flag', 1, 'before'));
    const { client } = await connect(stream.handler);
    const changes = await listenToChanges(standIn, client);
    stream.send(remove('flag', 2), put(offFlag('next', 1, 'after')));
    expect(await client.evaluate('flag')).toBe('before');
    expect(await client.evaluate('next', ann, 'default')).toBe('default');
    stream.send(transferred('updated', 2));
    expect([await changes.next(), await changes.next()].sort()).toEqual(['flag', 'next']);
    expect(await client.evaluate('flag', ann, 'default')).toBe('default');
    expect(await client.evaluate('next')).toBe('after');
  });

  test('replaces everything by a full transfer, in the middle of the stream too', async () => {
    const stream = full('initial', offFlag('flag', 1, 'first'), offFlag('gone', 1, 1));
    const { client } = await connect(stream.handler);
    const changes = await listenToChanges(standIn, client);
    stream.send(intent('xfer-full'), put(offFlag('flag', 2, 'second')), transferred('updated', 2));
    expect([await changes.next(), await changes.next()].sort()).toEqual(['flag', 'gone']);
    expect(await client.evaluate('flag')).toBe('second');
    expect(await client.evaluate('gone', ann, 'default')).toBe('default');
  });

  test('goes by the order of transfers, not by the versions of objects', async () => {
    const stream = full('initial', offFlag('flag', 100, 'before'));
    const { client } = await connect(stream.handler);
    const changes = await listenToChanges(standIn, client);
    stream.send(put(offFlag('flag', 1, 'after')), transferred('updated', 2));
    expect(await changes.next()).toBe('flag');
    expect(await client.evaluate('flag')).toBe('after');
  });

  test('skips heartbeats, unknown events and unknown kinds of objects', async () => {
    const stream = full('initial');
    const { endpoint, client } = await connect(stream.handler);
    await endpoint.requests.next();
    const changes = await listenToChanges(standIn, client);
    stream.send(
      { event: 'heart-beat', data: {} },
      { event: 'whatever', data: 'not JSON' },
      { event: 'put-object', data: { version: 1, kind: 'cat', key: 'Jack', object: {} } },
      put(offFlag('flag', 1, 'value')),
      { event: 'heartbeat', data: {} },
      transferred('updated', 2),
    );
    expect(await changes.next()).toBe('flag');
    expect(await client.evaluate('flag')).toBe('value');
    expect(endpoint.requests.left).toBe(0);
  });

  test('forgets what an error event declares void, and goes on', async () => {
    const stream = full('initial', offFlag('flag', 1, 'before'));
    const { client } = await connect(stream.handler);
    const changes = await listenToChanges(standIn, client);
    const error = { event: 'error', data: { payloadId: 'payloadID', reason: 'because' } };
    stream.send(put(offFlag('flag', 2, 'void')), error, put(offFlag('next', 1, 1)), transferred('updated', 2));
    expect(await changes.next()).toBe('next');
    expect(await client.evaluate('flag')).toBe('before');
    stream.send(put(offFlag('flag', 2, 'void')), error, intent('xfer-full'), put(offFlag('next', 2, 2)));
    stream.send(transferred('updated again', 3));
    expect([await changes.next(), await changes.next()].sort()).toEqual(['flag', 'next']);
    expect(await client.evaluate('flag', ann, 'default')).toBe('default');
  });

  test('is opened again after a goodbye, without what was not complete', async () => {
    const [first, second] = [full('initial', offFlag('flag', 1, 'before')), createMockStream(intent('none'))];
    const { endpoint, client } = await connect(first.handler, second.handler);
    await endpoint.requests.next();
    const changes = await listenToChanges(standIn, client);
    first.send(put(offFlag('flag', 2, 'void')), { event: 'goodbye', data: { reason: 'because', silent: false } });
    expect((await endpoint.requests.next()).query.get('basis')).toBe('initial');
    second.send(put(offFlag('next', 1, 1)), transferred('updated', 2));
    expect(await changes.next()).toBe('next');
    expect(await client.evaluate('flag')).toBe('before');
  });

  test.each([
    ['server-intent', '{sorry'],
    ['put-object', '{sorry'],
    ['payload-transferred', '{sorry'],
    ['server-intent', { data: { flags: true } }],
    ['put-object', { version: 1, kind: 'flag', key: 'flag', object: true }],
    ['put-object', { version: 1, kind: 'flag', key: 'flag', object: { on: 'yes' } }],
    ['delete-object', { version: 'no', kind: 'flag', key: 'flag' }],
    ['payload-transferred', { version: 1 }],
  ])('is opened again after a malformed %s: %o', async (event, data) => {
    const [first, second] = [full('initial', offFlag('flag', 1, 'first')), full('next', offFlag('flag', 2, 'second'))];
    const { endpoint, client } = await connect(first.handler, second.handler);
    await endpoint.requests.next();
    const changes = await listenToChanges(standIn, client);
    first.send(put(offFlag('flag', 2, 'void')), { event, data }, transferred('void', 2));
    expect(await changes.next()).toBe('flag');
    expect(await client.evaluate('flag')).toBe('second');
    expect((await endpoint.requests.next()).query.get('basis')).toBe('initial');
  });

  test('resumes from the last transfer: up to date, by changes, or from the start', async () => {
    const first = full('(p:p1:1)', offFlag('flag', 1, 'first'));
    const upToDate = createMockStream(intent('none'));
    const changed = createMockStream(intent('xfer-changes'), put(offFlag('new', 1, 1)), transferred('(p:p1:3)'));
    const again = full('(p:p1:4)', offFlag('flag', 3, 'second'));
    const { endpoint, client } = await connect(first.handler, upToDate.handler, changed.handler, again.handler);
    const changes = await listenToChanges(standIn, client);
    const basis = async () => (await endpoint.requests.next()).query.get('basis');
    expect(await basis()).toBeNull();

    first.send(put(offFlag('flag', 2, 'more')), transferred('(p:p1:2)'));
    expect(await changes.next()).toBe('flag');
    first.end();
    expect(await basis()).toBe('(p:p1:2)');
    expect(await client.evaluate('flag')).toBe('more');

    upToDate.end();
    expect(await basis()).toBe('(p:p1:2)');
    expect(await changes.next()).toBe('new');
    expect(await client.evaluate('flag')).toBe('more');

    changed.end();
    expect(await basis()).toBe('(p:p1:3)');
    expect([await changes.next(), await changes.next()].sort()).toEqual(['flag', 'new']);
    expect(await client.evaluate('flag')).toBe('second');
    expect(await client.evaluate('new', ann, 'default')).toBe('default');
  });

  test.each(errors)('is tried again after %s, at the start and later', async (_, failing) => {
    const [first, second] = [full('one', offFlag('flag', 1, 'first')), full('two', offFlag('flag', 2, 'second'))];
    const { endpoint, client } = await connect(failing, failing, first.handler, failing, failing, second.handler);
    const changes = await listenToChanges(standIn, client);
    expect(await client.evaluate('flag')).toBe('first');
    first.end();
    expect(await changes.next()).toBe('flag');
    expect(await client.evaluate('flag')).toBe('second');
    const bases: (string | null)[] = [];
    for (let request = 1; request <= 6; request++) bases.push((await endpoint.requests.next()).query.get('basis'));
    expect(bases).toEqual([null, null, null, 'one', 'one', 'one']);
  });
});
