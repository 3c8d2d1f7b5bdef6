import { startTestServer, TestBrowser, type TestServer, totpCode } from '@sluice/testkit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

let server: TestServer;
let browser: TestBrowser;

const ann = { email: 'ann@example.com', password: 'a long enough password' };
const me = '/people/me/totp';

beforeEach(async () => {
  server = await startTestServer();
  browser = new TestBrowser(server.url);
  const [, token] = server.running.firstStart?.setupLink.split('#') ?? [];
  await browser.api('POST', '/setup', { token, name: 'Ann', ...ann });
});

afterEach(() => server.close());

async function enable(): Promise<string> {
  const { body } = await browser.api('POST', me, { password: ann.password });
  const before = new Map(browser.cookies);
  expect((await browser.api('POST', `${me}/verify`, { code: totpCode(body.url) })).status).toBe(204);
  expect(browser.cookies).not.toEqual(before);
  expect((await browser.api('GET', '/session')).body.person.hasTotp).toBe(true);
  return body.url;
}

describe('an authenticator app', () => {
  test('is asked for at every login once one of its codes was verified', async () => {
    const url = await enable();
    expect(url).toMatch(/^otpauth:\/\/totp\/Sluice:ann%40example\.com\?/);
    const other = new TestBrowser(server.url);
    expect(await other.api('POST', '/session', ann)).toMatchObject({ status: 202, body: { needsTotp: true } });
    expect((await other.api('GET', '/session')).body.person).toBeNull();
    expect((await other.api('GET', '/projects')).status).toBe(401);
    const wrong = totpCode(url) === '000000' ? '111111' : '000000';
    expect(await other.api('POST', '/session/totp', { code: wrong })).toMatchObject({
      status: 401,
      body: { code: 'wrong-credentials' },
    });
    const { status, body } = await other.api('POST', '/session/totp', { code: totpCode(url) });
    expect([status, body.person?.email]).toEqual([200, ann.email]);
    expect((await other.api('POST', '/projects/default/flags', { key: 'checkout' })).status).toBe(201);
  });

  test('does not count before, nor without the password', async () => {
    expect(await browser.api('POST', me, { password: 'a wrong password' })).toMatchObject({
      status: 401,
      body: { code: 'wrong-credentials' },
    });
    const { body } = await browser.api('POST', me, { password: ann.password });
    expect(body.backupCodes).toHaveLength(10);
    expect((await new TestBrowser(server.url).api('POST', '/session', ann)).status).toBe(200);
  });

  test('can be lost: a backup code lets in once in its place', async () => {
    const { body } = await browser.api('POST', me, { password: ann.password });
    const [code] = body.backupCodes;
    await browser.api('POST', `${me}/verify`, { code: totpCode(body.url) });
    const other = new TestBrowser(server.url);
    await other.api('POST', '/session', ann);
    expect((await other.api('POST', '/session/totp', { code })).body.person).toMatchObject({ email: ann.email });
    const third = new TestBrowser(server.url);
    await third.api('POST', '/session', ann);
    expect((await third.api('POST', '/session/totp', { code })).status).toBe(401);
  });

  test('can be done without again, by whoever knows the password', async () => {
    await enable();
    expect((await browser.api('POST', `${me}/disable`, { password: 'a wrong password' })).status).toBe(401);
    expect((await browser.api('POST', `${me}/disable`, { password: ann.password })).status).toBe(204);
    expect((await new TestBrowser(server.url).api('POST', '/session', ann)).status).toBe(200);
  });

  test('keeps its secret encrypted in the database', async () => {
    const url = await enable();
    const rows = await server.running.context.db.selectFrom('twoFactors').selectAll().execute();
    expect(rows).toHaveLength(1);
    expect(JSON.stringify(rows)).not.toContain(new URL(url).searchParams.get('secret'));
  });

  test('is nothing that a token could have', async () => {
    expect(await server.api('POST', me, { password: 'x' })).toMatchObject({ status: 403 });
  });
});

describe('sessions', () => {
  test('are listed to whose they are, who can end them', async () => {
    const other = new TestBrowser(server.url);
    await other.api('POST', '/session', ann);
    const { items } = (await browser.api('GET', '/people/me/sessions')).body;
    expect(items).toMatchObject([{ isThis: true, address: '127.0.0.1' }, { isThis: false }]);
    expect((await browser.api('DELETE', `/people/me/sessions/${items[1].id}`)).status).toBe(204);
    expect((await other.api('GET', '/projects')).status).toBe(401);
    expect((await browser.api('DELETE', `/people/me/sessions/${items[1].id}`)).status).toBe(404);
  });
});
