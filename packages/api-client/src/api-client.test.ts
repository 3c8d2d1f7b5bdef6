import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type ApiClient, createApiClient } from './api-client.ts';

const place = { project: 'default', environment: 'production' };

/** A client of a server that answers as it is told to. */
async function connectTo(listener: RequestListener, timeoutMs?: number): Promise<{ api: ApiClient; url: string }> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => close(server));
  // A server that listens on a port has an address of this kind.
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { api: createApiClient({ url, token: 't', fetch, ...(timeoutMs !== undefined && { timeoutMs }) }), url };
}

function close(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => void server.close(() => resolve()));
}

describe('a server that does not answer', () => {
  test('in time is not waited for any longer', async () => {
    const { api, url } = await connectTo(() => undefined, 50);
    await expect(api.listProjects()).rejects.toMatchObject({
      code: 'timed-out',
      message: `the server at ${url} does not answer within 0 s`,
    });
  });

  test('to its end in time is none that answers', async () => {
    const { api } = await connectTo((_, response) => void response.write('{'), 50);
    await expect(api.listProjects()).rejects.toMatchObject({ code: 'timed-out' });
  });

  test('may take as long as it is asked to wait, besides', async () => {
    const { api } = await connectTo(
      (_, response) => void setTimeout(() => response.end('{"outcome":"waiting"}'), 150),
      50,
    );
    expect(await api.getConvergence(place, 'c-1', { timeoutMs: 10_000 })).toEqual({ outcome: 'waiting' });
    await expect(api.getConvergence(place, 'c-1')).rejects.toMatchObject({ code: 'timed-out' });
  });

  test('because nobody listens is told with the reason of the network', async () => {
    const api = createApiClient({ url: 'http://127.0.0.1:65535', token: 't', fetch });
    await expect(api.listProjects()).rejects.toMatchObject({
      code: 'unreachable',
      message: 'the server at http://127.0.0.1:65535 does not answer: connect ECONNREFUSED 127.0.0.1:65535',
    });
  });

  test('because its name is unknown is told with the reason, too', async () => {
    const api = createApiClient({ url: 'http://sluice.invalid', token: 't', fetch });
    await expect(api.listProjects()).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringMatching(/^the server at http:\/\/sluice\.invalid does not answer: getaddrinfo /),
    });
  });
});

describe('a server that is not ours', () => {
  test.each([
    [200, '<html>please log in</html>'],
    [502, '<html>bad gateway</html>'],
    [404, '{"error":"no such page"}'],
    [500, ''],
  ])('is recognised by what it answers: %i %s', async (status, text) => {
    const { api, url } = await connectTo((_, response) => void response.writeHead(status).end(text));
    await expect(api.listProjects()).rejects.toMatchObject({
      code: 'not-sluice',
      status,
      message: expect.stringMatching(`^${url} answered ${status} `),
    });
  });
});

describe('the live feed', () => {
  const hello = { event: 'hello', data: { version: 7, serverTime: 1 } } as const;
  const text = `id: 7\nevent: hello\ndata: ${JSON.stringify(hello.data)}\n\n:\n\nevent: matters\ndata: {}\n\n`;

  test('is read event by event, wherever the network cuts it, until the server ends it', async () => {
    const { api } = await connectTo((request, response) => {
      expect(request.url).toBe('/api/v1/projects/default/environments/production/events?after=6');
      for (const letter of text) response.write(letter);
      response.end();
    });
    const told = [];
    for await (const event of api.followEvents(place, { after: 6, signal: new AbortController().signal }))
      told.push(event);
    expect(told).toEqual([hello, { event: 'matters', data: {} }]);
  });

  test('ends when nobody wants to know any more', async () => {
    const { api } = await connectTo((_, response) => void response.write(text));
    const controller = new AbortController();
    const events = api.followEvents(place, { signal: controller.signal });
    expect((await events.next()).value).toEqual(hello);
    controller.abort();
    expect((await events.next()).value).toEqual({ event: 'matters', data: {} });
    expect(await events.next()).toEqual({ done: true, value: undefined });
  });

  test('that breaks off is told of, and so is one that is refused', async () => {
    const { signal } = new AbortController();
    const broken = await connectTo((_, response) => {
      response.write(text);
      setImmediate(() => response.destroy());
    });
    const events = broken.api.followEvents(place, { signal });
    const readAll = async () => {
      while ((await events.next()).done !== true);
    };
    await expect(readAll()).rejects.toMatchObject({ code: 'unreachable' });
    const refusing = await connectTo((_, response) => {
      response.writeHead(401).end(JSON.stringify({ code: 'unauthorized', title: 'no token' }));
    });
    await expect(refusing.api.followEvents(place, { signal }).next()).rejects.toMatchObject({ code: 'unauthorized' });
  });
});
