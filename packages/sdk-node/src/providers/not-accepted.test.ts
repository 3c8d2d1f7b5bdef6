import { createServer, type Server } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { blamesProvider, findFailure, isDefinite, NotAccepted } from './not-accepted.ts';

let server: Server | undefined;

afterEach(() => {
  server?.close();
  server = undefined;
});

/** What a program gets when it posts to an address. */
async function failureOf(url: string): Promise<unknown> {
  try {
    await fetch(url, { method: 'POST', body: 'message' });
  } catch (error) {
    return error;
  }
  throw new Error('the request did not fail');
}

/** A server that ends connections: as soon as there is something, or when it has read the request. */
async function startResetting(): Promise<string> {
  const started = createServer((socket) => socket.once('data', () => socket.resetAndDestroy()));
  server = started;
  await new Promise<void>((resolve) => started.listen(0, '127.0.0.1', resolve));
  const address = started.address();
  if (typeof address !== 'object' || address === null) throw new Error('it listens on a port');
  return `http://127.0.0.1:${address.port}/`;
}

describe('a failure is definite', () => {
  test('when a provider says so, also deep within another error', () => {
    expect(isDefinite(new NotAccepted('400'))).toBe(true);
    expect(isDefinite(new Error('sending failed', { cause: new NotAccepted('400') }))).toBe(true);
  });

  test('when no connection was made: refused, an unknown name, a name that several addresses refuse', async () => {
    const url = await startResetting();
    server?.close();
    expect(isDefinite(await failureOf(url))).toBe(true);
    expect(isDefinite(await failureOf('http://nowhere.invalid/'))).toBe(true);
    expect(isDefinite(await failureOf(url.replace('127.0.0.1', 'localhost')))).toBe(true);
  });

  test('when a certificate is not trusted', () => {
    const refused = Object.assign(new Error('certificate has expired'), { code: 'CERT_HAS_EXPIRED' });
    expect(isDefinite(new TypeError('fetch failed', { cause: refused }))).toBe(true);
  });
});

describe('a failure is ambiguous', () => {
  test('when the connection was reset after the request had left', async () => {
    expect(isDefinite(await failureOf(await startResetting()))).toBe(false);
  });

  test.each([
    ['a timeout', AbortSignal.timeout(0).reason ?? new DOMException('timed out', 'TimeoutError')],
    ['any error', new Error('something')],
    ['what is no error', 'no'],
    ['nothing', undefined],
    [
      'an address that became unreachable later',
      Object.assign(new Error('x'), { code: 'EHOSTUNREACH', syscall: 'read' }),
    ],
    ['one of several that may have been accepted', new AggregateError([new NotAccepted('a'), new Error('b')])],
    ['several of none', new AggregateError([])],
  ])('when it is %s', (_, error) => {
    expect(isDefinite(error)).toBe(false);
  });

  test('when errors go round in a circle', () => {
    const error: Error = new Error('round');
    error.cause = error;
    expect(isDefinite(error)).toBe(false);
  });
});

describe('a response of fetch', () => {
  test.each([400, 401, 403, 404, 408, 413, 422, 429, 451, 503])('of status %i says no', (status) => {
    const error = findFailure(new Response(null, { status }));
    expect(error).toMatchObject({ message: `HTTP ${status}` });
    expect([isDefinite(error), blamesProvider(error)]).toEqual([true, true]);
  });

  test.each([304, 409, 500, 502, 504, 520])('of status %i leaves it open', (status) => {
    const error = findFailure(new Response(null, { status }));
    expect(error).toMatchObject({ message: `HTTP ${status}` });
    expect(isDefinite(error)).toBe(false);
  });

  test.each([200, 201, 202, 204])('of status %i is what a provider says that accepts', (status) => {
    expect(findFailure(new Response(null, { status }))).toBeUndefined();
  });

  test('is known from other answers, which all say yes', () => {
    const others = [undefined, null, 'queued', { status: 500 }, { ok: false }, { ok: false, status: 'no' }, () => {}];
    expect(others.map(findFailure)).toEqual(others.map(() => undefined));
    expect(findFailure({ ok: false, status: 503 })).toBeInstanceOf(NotAccepted);
  });
});

test('a message that nobody could take does not blame the provider', () => {
  expect(blamesProvider(new NotAccepted('no such address', { blames: 'message' }))).toBe(false);
  expect(blamesProvider(new NotAccepted('quota'))).toBe(true);
  expect(blamesProvider(new Error('hung'))).toBe(true);
});
