import { createFakeServerPlatform, startTestServer, TestBrowser, type TestServer } from '@sluice/testkit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
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
  test('for one e-mail are ten at once, then one in 30 s, wherever they come from', async () => {
    const attempts = new Attempts(platform);
    const by = (at: number) => ({
      email: at % 2 === 0 ? 'ann@example.com' : 'Ann@Example.com',
      address: `10.0.0.${at}`,
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

  test('from one address are 50 at once, whomever they are for', async () => {
    const attempts = new Attempts(platform);
    const by = (at: number) => ({ email: `${at}@example.com`, address: '10.0.0.1' });
    expect(countAdmitted(attempts, 100, by)).toBe(50);
    await platform.clock.advance(3000);
    expect(countAdmitted(attempts, 100, by)).toBe(1);
    expect(countAdmitted(attempts, 1, () => ({ email: 'bob@example.com', address: '10.0.0.2' }))).toBe(1);
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
});
