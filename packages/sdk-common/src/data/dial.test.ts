import { createFakePlatform, type FakePlatform } from '@sluice/testkit';
import { describe, expect, test } from 'vitest';
import { type CallAnswer, type Dial, dialSocket, dialStream } from './dial.ts';

const headers = { authorization: 'key' };

function createSocketDial(baseUrl = 'http://server'): { platform: FakePlatform; dial: Dial } {
  const platform = createFakePlatform();
  return { platform, dial: dialSocket({ baseUrl, headers }, platform) };
}

function createStreamDial(protocol: 'fdv1' | 'fdv2' = 'fdv2'): { platform: FakePlatform; dial: Dial } {
  const platform = createFakePlatform();
  return { platform, dial: dialStream({ protocol, baseUrl: 'http://server', headers }, platform) };
}

async function readAll(answer: CallAnswer): Promise<string> {
  if (answer.kind !== 'open') throw new Error(`not open: ${JSON.stringify(answer)}`);
  let text = '';
  for await (const chunk of answer.chunks) text += chunk;
  return text;
}

describe('a socket', () => {
  test.each([
    ['http://server', undefined, 'ws://server/sdk/v1/socket'],
    ['https://server:7400/flags', undefined, 'wss://server:7400/flags/sdk/v1/socket'],
    ['http://http.example', 'e1:3', 'ws://http.example/sdk/v1/socket?basis=e1%3A3'],
    ['http://server', 'a b&c', 'ws://server/sdk/v1/socket?basis=a%20b%26c'],
    ['http://server', '', 'ws://server/sdk/v1/socket?basis='],
  ])('of %s from %j is asked for at %s, with our headers', (baseUrl, state, url) => {
    const { platform, dial } = createSocketDial(baseUrl);
    dial(state);
    expect(platform.sockets.last.request).toEqual({ url, headers });
    expect(platform.http.exchanges).toEqual([]);
  });

  test('that opens brings text and carries text', async () => {
    const { platform, dial } = createSocketDial();
    const { answer } = dial(undefined);
    const { last } = platform.sockets;
    last.open();
    const opened = await answer;
    if (opened.kind !== 'open') throw new Error('not open');
    opened.send?.('{"kind":"goodbye"}');
    expect(last.sent).toEqual([{ kind: 'goodbye' }]);
    last.push('event: ');
    last.push('x');
    last.end();
    expect(await readAll(opened)).toBe('event: x');
  });

  test.each([
    [401, 'rejected', 'the server does not know this SDK key (401)'],
    [403, 'rejected', 'the server answered 403'],
    [408, 'status', 'the server answered 408'],
    [429, 'status', 'the server answered 429'],
    [500, 'status', 'the server answered 500'],
    [502, 'status', 'the server answered 502'],
    [503, 'status', 'the server answered 503'],
    [504, 'status', 'the server answered 504'],
  ])('that is answered %i says something about the server or our key: %s', async (status, kind, message) => {
    const { platform, dial } = createSocketDial();
    const { answer } = dial(undefined);
    platform.sockets.last.respond(status);
    expect(await answer).toEqual({
      kind: 'failed',
      failure: { kind, message, status },
      retryAfterMs: undefined,
    });
  });

  test.each([0, 101, 200, 204, 301, 302, 400, 404, 405, 407, 410, 426, 501])(
    'that is answered %i does not get through',
    async (status) => {
      const { platform, dial } = createSocketDial();
      const { answer } = dial(undefined);
      platform.sockets.last.respond(status);
      const message = `no socket can be opened: the server, or a proxy before it, answered ${status}`;
      expect(await answer).toEqual({
        kind: 'failed',
        failure: { kind: 'unfit', message, status },
        retryAfterMs: undefined,
      });
    },
  );

  test.each([
    [503, '7', 7000],
    [429, '0', 0],
    [404, '120', 120_000],
    [503, '-1', undefined],
    [503, '1.5', undefined],
    [503, '99999999', undefined],
    [503, 'soon', undefined],
    [503, 'Wed, 21 Oct 2026 07:28:00 GMT', undefined],
  ])('that is answered %i with Retry-After %j is tried again after %s ms', async (status, header, expected) => {
    const { platform, dial } = createSocketDial();
    const { answer } = dial(undefined);
    platform.sockets.last.respond(status, { 'retry-after': header });
    expect(await answer).toMatchObject({ kind: 'failed', retryAfterMs: expected });
  });

  test('that breaks before there is an answer does not get through', async () => {
    const { platform, dial } = createSocketDial();
    const { answer } = dial(undefined);
    platform.sockets.last.break('the connection was cut');
    expect(await answer).toEqual({
      kind: 'failed',
      failure: { kind: 'unfit', message: 'the connection was cut' },
      retryAfterMs: undefined,
    });
  });

  test('that finds nobody, or is aborted, is an exception', async () => {
    const { platform, dial } = createSocketDial();
    const refused = dial(undefined);
    platform.sockets.last.fail(new Error('refused'));
    await expect(refused.answer).rejects.toThrow('refused');
    const aborted = dial(undefined);
    aborted.abort();
    expect(platform.sockets.last.isAborted).toBe(true);
    await expect(aborted.answer).rejects.toThrow('aborted');
  });
});

describe('a stream', () => {
  test('that opens only brings', async () => {
    const { platform, dial } = createStreamDial();
    const { answer } = dial('e1:3');
    expect(platform.http.last.request.url).toBe('http://server/sdk/stream?basis=e1%3A3');
    platform.http.last.respond(200, 'event: x');
    const opened = await answer;
    expect(opened).not.toHaveProperty('send');
    expect(await readAll(opened)).toBe('event: x');
  });

  test.each([
    [204, 'status'],
    [302, 'status'],
    [400, 'status'],
    [401, 'rejected'],
    [403, 'rejected'],
    [404, 'rejected'],
    [405, 'rejected'],
    [408, 'status'],
    [426, 'rejected'],
    [429, 'status'],
    [500, 'status'],
    [501, 'status'],
    [503, 'status'],
  ])('that is answered %i is %s, never unfit: there is nothing simpler to fall back to', async (status, kind) => {
    const { platform, dial } = createStreamDial();
    const { answer } = dial(undefined);
    platform.http.last.respond(status, '', { 'retry-after': '2' });
    expect(await answer).toMatchObject({ kind: 'failed', failure: { kind, status }, retryAfterMs: 2000 });
  });

  test('is aborted where it is', async () => {
    const { platform, dial } = createStreamDial('fdv1');
    const { answer, abort } = dial(undefined);
    abort();
    expect(platform.http.last.isAborted).toBe(true);
    await expect(answer).rejects.toThrow('aborted');
  });
});
