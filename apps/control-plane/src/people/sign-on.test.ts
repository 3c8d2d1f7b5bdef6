import {
  findFreePort,
  startTestOidcProvider,
  startTestServer,
  TestBrowser,
  type TestOidcProvider,
  type TestServer,
} from '@sluice/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const client = { clientId: 'sluice', clientSecret: 'a secret that both know of each other' };
const signOn = '/session/sign-on/oidc';

let provider: TestOidcProvider;
let server: TestServer;

beforeAll(async () => {
  const port = await findFreePort();
  const redirectUri = `http://127.0.0.1:${port}/api/v1/session/sign-on/callback/oidc`;
  provider = await startTestOidcProvider({ ...client, redirectUri });
  const variables = {
    SLUICE_OIDC_ISSUER: provider.issuer,
    SLUICE_OIDC_CLIENT_ID: client.clientId,
    SLUICE_OIDC_CLIENT_SECRET: client.clientSecret,
    SLUICE_OIDC_NAME: 'Example',
  };
  server = await startTestServer({ port, variables });
});

afterAll(async () => {
  await server.close();
  await provider.close();
});

/** Goes to the provider, says who one is, and comes back; resolves with where the server sends the browser then. */
async function logIn(browser: TestBrowser, as: string, to = '/flags?on=1'): Promise<string | null> {
  const start = await browser.fetch(`/api/v1${signOn}?to=${encodeURIComponent(to)}`);
  expect(start.status).toBe(302);
  const back = await provider.logIn(new TestBrowser(provider.issuer), start.headers.get('location') ?? '', as);
  return (await browser.fetch(back)).headers.get('location');
}

describe('single sign-on', () => {
  test('lets newcomers in as viewers, and back in as who they are', async () => {
    const browser = new TestBrowser(server.url);
    expect((await browser.api('GET', '/session')).body.singleSignOn).toEqual([{ id: 'oidc', name: 'Example' }]);
    expect(await logIn(browser, 'sue')).toBe(`${server.url}/flags?on=1`);
    const { body } = await browser.api('GET', '/session');
    expect(body).toMatchObject({ person: { name: 'sue', email: 'sue@example.com' }, grants: [{ role: 'viewer' }] });
    expect(body.isSetUp).toBe(false);
    expect((await browser.api('POST', '/projects/default/flags', { key: 'sues' })).status).toBe(403);
    const again = new TestBrowser(server.url);
    await logIn(again, 'sue');
    expect((await again.api('GET', '/session')).body.person.id).toBe(body.person.id);
    const accounts = await server.running.context.db.selectFrom('accounts').selectAll().execute();
    expect(accounts).toMatchObject([{ accessToken: null, refreshToken: null, idToken: null, accountId: 'sue' }]);
  });

  test('tells newcomers apart from whoever has their name already', async () => {
    await server.api('POST', '/tokens', { name: 'Wim' });
    const browser = new TestBrowser(server.url);
    await logIn(browser, 'wim');
    expect((await browser.api('GET', '/session')).body.person.name).toBe('wim (wim@example.com)');
  });

  test('is another way in for whom an invitation named, and not for who only says that it is their address', async () => {
    const password = 'a long enough password';
    const grants = [{ role: 'editor' }];
    for (const [name, email] of [
      ['tom', 'tom@example.com'],
      ['una', undefined],
    ]) {
      const { link } = (await server.api('POST', '/invitations', { grants, email })).body;
      const body = { token: link.split('#')[1], name, email: `${name}@example.com`, password };
      const accepted = await new TestBrowser(server.url).api('POST', '/invitations/accept', body);
      expect(accepted.status).toBe(201);
    }
    for (const [as, isIn] of [
      ['unproven-tom', false],
      ['tom', true],
      ['una', false],
    ] as const) {
      const browser = new TestBrowser(server.url);
      const location = await logIn(browser, as);
      const { person } = (await browser.api('GET', '/session')).body;
      expect([as, person !== null]).toEqual([as, isIn]);
      if (!isIn) expect(location).toBe(`${server.url}/login?error=account_not_linked`);
      else expect(person.name).toBe('tom');
    }
  });

  test.each([
    'https://evil.example/',
    '//evil.example/',
    '/\\evil.example',
    '/\t/evil.example',
    'javascript:alert(1)',
    'evil',
    '',
    'http://[',
  ])('does not send people on to %j', async (to) => {
    const answer = await new TestBrowser(server.url).fetch(`/api/v1${signOn}?to=${encodeURIComponent(to)}`);
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ errors: [{ path: 'to' }] });
  });

  test('sends to a path with two slashes on this server', async () => {
    expect(await logIn(new TestBrowser(server.url), 'sue', '/.//evil.example')).toBe(`${server.url}//evil.example`);
  });

  test('ends only in the browser in which it began', async () => {
    const start = await new TestBrowser(server.url).fetch(`/api/v1${signOn}`);
    const attacker = new TestBrowser(provider.issuer);
    const back = await provider.logIn(attacker, start.headers.get('location') ?? '', 'mallory');
    const victim = new TestBrowser(server.url);
    const { headers } = await victim.fetch(back);
    expect(headers.get('location')).toMatch(`${server.url}/login?`);
    expect((await victim.api('GET', '/session')).body.person).toBeNull();
  });

  test('begins a session of its own, and no code is good twice', async () => {
    const browser = new TestBrowser(server.url);
    browser.setCookie('sluice.session_token', 'chosen.by-somebody');
    const start = await browser.fetch(`/api/v1${signOn}`);
    const back = await provider.logIn(new TestBrowser(provider.issuer), start.headers.get('location') ?? '', 'sue');
    const other = new TestBrowser(server.url);
    for (const [name, value] of browser.cookies) other.setCookie(name, value);
    await browser.fetch(back);
    expect(browser.cookies.get('sluice.session_token')).not.toBe('chosen.by-somebody');
    await other.fetch(back);
    expect((await other.api('GET', '/session')).body.person).toBeNull();
  });

  test('does not begin as a picture or in a frame of another page', async () => {
    for (const purpose of ['image', 'iframe']) {
      const headers = { 'sec-fetch-dest': purpose };
      expect((await new TestBrowser(server.url).fetch(`/api/v1${signOn}`, { headers })).status).toBe(403);
    }
    const headers = { 'sec-fetch-dest': 'document' };
    expect((await new TestBrowser(server.url).fetch(`/api/v1${signOn}`, { headers })).status).toBe(302);
  });

  test('is not there under another name', async () => {
    expect((await new TestBrowser(server.url).fetch('/api/v1/session/sign-on/github')).status).toBe(404);
  });
});
