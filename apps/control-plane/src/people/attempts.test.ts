import { createFakeServerPlatform, startTestServer, TestBrowser, type TestServer } from '@sluice/testkit';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { Attempts } from './attempts.ts';

let platform: ReturnType<typeof createFakeServerPlatform>;

beforeEach(() => {
  platform = createFakeServerPlatform();
});

/** How many of so many attempts are let through. */
function countAdmitted(
  attempts: Attempts,
  times: number,
  by: (at: number) => Parameters<Attempts['count']>[0],
): number {
  let admitted = 0;
  for (let at = 0; at < times; at++) {
    try {
      attempts.count(by(at));
      admitted++;
    } catch {
      // Refused.
    }
  }
  return admitted;
}

describe('attempts to get in', () => {
  test('for one e-mail from one address are ten at once, then one in 30 s', async () => {
    const attempts = new Attempts(platform);
    const by = (at: number) => ({
      by: 'password' as const,
      email: at % 2 === 0 ? 'ann@example.com' : 'Ann@Example.com',
      address: '10.0.0.1',
    });
    expect(countAdmitted(attempts, 20, by)).toBe(10);
    expect(() => attempts.count(by(30))).toThrow('the next one may come in 30 s');
    await platform.clock.advance(29_999);
    expect(countAdmitted(attempts, 5, by)).toBe(0);
    await platform.clock.advance(1);
    expect(countAdmitted(attempts, 5, by)).toBe(1);
    await platform.clock.advance(300_000);
    expect(countAdmitted(attempts, 20, by)).toBe(10);
  });

  test('for one e-mail do not lock out whose it is, who waits 10 s at most where many addresses guess', async () => {
    const attempts = new Attempts(platform);
    const ann = { by: 'password', email: 'ann@example.com', address: '10.0.0.1' } as const;
    expect(countAdmitted(attempts, 1000, () => ({ ...ann, address: '10.6.6.6' }))).toBe(10);
    expect(countAdmitted(attempts, 1, () => ann)).toBe(1);
    expect(countAdmitted(attempts, 1000, (at) => ({ ...ann, address: `10.7.${at % 100}.1` }))).toBe(39);
    expect(() => attempts.count(ann)).toThrow('the next one may come in 10 s');
    await platform.clock.advance(10_000);
    expect(countAdmitted(attempts, 1, () => ann)).toBe(1);
  });

  test('by one way leave the others to whoever shares the address', () => {
    const attempts = new Attempts(platform);
    const address = '10.0.0.1';
    for (const by of ['sign-on', 'code', 'link', 'password'] as const)
      expect([by, countAdmitted(attempts, 100, () => ({ by, address }))]).toEqual([by, 50]);
  });

  test('from one address are 50 at once, whomever they are for', async () => {
    const attempts = new Attempts(platform);
    const by = (at: number) => ({ by: 'password' as const, email: `${at}@example.com`, address: '10.0.0.1' });
    expect(countAdmitted(attempts, 100, by)).toBe(50);
    await platform.clock.advance(3000);
    expect(countAdmitted(attempts, 100, by)).toBe(1);
    expect(countAdmitted(attempts, 1, () => ({ ...by(0), address: '10.0.0.2' }))).toBe(1);
  });
});

describe('the server', () => {
  let server: TestServer;

  beforeEach(async () => {
    server = await startTestServer({ platform });
  });

  afterEach(() => server.close());

  test('refuses whoever guesses, also with the right password, and says when to come again', async () => {
    const ann = { email: 'ann@example.com', password: 'a long enough password' };
    const [, token] = server.running.firstStart?.setupLink.split('#') ?? [];
    await new TestBrowser(server.url).api('POST', '/setup', { token, name: 'Ann', ...ann });
    const browser = new TestBrowser(server.url);
    for (let at = 0; at < 10; at++) {
      expect((await browser.api('POST', '/session', { ...ann, password: `guess-${at}` })).status).toBe(401);
    }
    const refused = await browser.api('POST', '/session', ann);
    expect(refused).toMatchObject({ status: 429, body: { code: 'too-many-requests' } });
    expect(refused.headers.get('retry-after')).toBe('30');
    await platform.clock.advance(30_000);
    expect((await browser.api('POST', '/session', ann)).status).toBe(200);
  });

  test('counts whom X-Forwarded-For names only where a trusted proxy says it', async () => {
    const variables = { SLUICE_TRUSTED_PROXIES: '127.0.0.0/8, 10.0.0.0/8' };
    const behind = await startTestServer({ platform: createFakeServerPlatform(), variables });
    onTestFinished(() => behind.close());
    const guess = async (at: TestServer, said: string): Promise<number> => {
      const body = { email: 'ann@example.com', password: 'guessed' };
      return (await new TestBrowser(at.url).api('POST', '/session', body, { 'x-forwarded-for': said })).status;
    };
    const guessAll = async (at: TestServer, said: (nth: number) => string): Promise<readonly number[]> => {
      const answers: number[] = [];
      for (let nth = 0; nth < 11; nth++) answers.push(await guess(at, said(nth)));
      return answers;
    };
    const ten = Array.from({ length: 10 }, () => 401);
    // Anybody may say anything; what counts is what the last one who is not a proxy of ours came from.
    expect(await guessAll(server, (nth) => `192.0.2.${nth}`)).toEqual([...ten, 429]);
    expect(await guessAll(behind, (nth) => `198.51.100.${nth}, 192.0.2.1, 10.1.1.1`)).toEqual([...ten, 429]);
    expect(await guess(behind, '192.0.2.2')).toBe(401);
  });
});
