import { createTestLog, startTestServer, TestBrowser, type TestServer } from '@sluice/testkit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

let server: TestServer;
let browser: TestBrowser;

beforeEach(async () => {
  server = await startTestServer();
  browser = new TestBrowser(server.url);
});

afterEach(() => server.close());

const ann = { email: 'ann@example.com', name: 'Ann', password: 'a long enough password' };

function setupToken(): string {
  return server.running.firstStart?.setupLink.split('#')[1] ?? '';
}

function setUp(): ReturnType<TestBrowser['api']> {
  return browser.api('POST', '/setup', { token: setupToken(), ...ann });
}

describe('the setup link', () => {
  test('makes the first administrator, who changes flags under their name with the cookie', async () => {
    expect((await browser.api('GET', '/session')).body).toEqual({
      person: null,
      csrfToken: null,
      isSetUp: false,
      singleSignOn: [],
      holders: [],
      grants: [],
      projects: [],
    });
    expect(server.running.firstStart?.setupLink).toBe(`${server.url}/setup#${setupToken()}`);
    const { status, body } = await setUp();
    expect(status).toBe(201);
    expect(body).toEqual({
      person: { id: expect.any(String), name: 'Ann', email: 'ann@example.com', hasTotp: false },
      csrfToken: expect.any(String),
      isSetUp: true,
      singleSignOn: [],
      holders: [],
      grants: [{ role: 'admin' }],
      projects: [expect.objectContaining({ key: 'default', environments: expect.any(Array) })],
    });
    const [{ environments }] = body.projects;
    expect(environments.map(({ key }: { key: string }) => key)).toEqual(['production', 'staging']);
    expect((await browser.api('GET', '/session')).body).toEqual(body);
    expect(await browser.api('POST', '/projects/default/flags', { key: 'by-ann' })).toMatchObject({ status: 201 });
    const changes = await browser.api('GET', '/projects/default/environments/production/changes?flag=by-ann');
    expect(changes.body.items).toMatchObject([{ actor: 'Ann' }]);
  });

  test('is of use once', async () => {
    await setUp();
    const other = new TestBrowser(server.url);
    const again = { token: setupToken(), ...ann, email: 'eve@example.com' };
    expect(await other.api('POST', '/setup', again)).toMatchObject({ status: 404, body: { code: 'not-found' } });
    expect(await other.api('POST', '/invitations/accept', again)).toMatchObject({ status: 404 });
  });

  test('makes one administrator also when two come at once', async () => {
    const answers = await Promise.all(
      ['eve@example.com', 'ann@example.com'].map((email) =>
        new TestBrowser(server.url).api('POST', '/setup', { token: setupToken(), ...ann, email }),
      ),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 404]);
    expect(await server.running.context.db.selectFrom('people').select('id').execute()).toHaveLength(1);
  });

  test('stays good where what was sent with it is refused', async () => {
    const token = setupToken();
    expect(await browser.api('POST', '/setup', { token, ...ann, password: 'short' })).toMatchObject({
      status: 400,
      body: { errors: [{ path: 'password', message: 'expected at least 12 characters, got 5' }] },
    });
    expect(await browser.api('POST', '/setup', { token: 'guessed', ...ann })).toMatchObject({ status: 404 });
    expect((await setUp()).status).toBe(201);
  });

  test('is not in the log, nor in the database as it is', async () => {
    const { log, lines } = createTestLog();
    const own = await startTestServer({ log });
    const token = own.running.firstStart?.setupLink.split('#')[1] ?? 'none';
    const rows = await own.running.context.db.selectFrom('invitations').selectAll().execute();
    await own.close();
    expect(lines.join('')).not.toContain(token);
    expect(JSON.stringify(rows)).not.toContain(token);
  });
});

describe('a login', () => {
  beforeEach(async () => {
    await setUp();
  });

  const { email, password } = ann;

  test('answers the same for an e-mail that is not known as for a wrong password', async () => {
    const other = new TestBrowser(server.url);
    const wrong = await other.api('POST', '/session', { email, password: 'not the password' });
    const unknown = await other.api('POST', '/session', { email: 'bob@example.com', password });
    expect(wrong).toMatchObject({ status: 401, body: { code: 'wrong-credentials' } });
    const { requestId: _, ...said } = wrong.body;
    expect(unknown.body).toEqual({ ...said, requestId: expect.any(String) });
    expect(other.cookies.size).toBe(0);
  });

  test('sets a cookie that no script reads and no other site sends', async () => {
    const { headers } = await new TestBrowser(server.url).api('POST', '/session', { email, password });
    expect(headers.getSetCookie()).toEqual([
      expect.stringMatching(/^sluice\.session_token=[^;]+; Max-Age=604800; Path=\/; HttpOnly; SameSite=Lax$/),
    ]);
  });

  test('takes the e-mail however it is written', async () => {
    const other = new TestBrowser(server.url);
    expect((await other.api('POST', '/session', { email: 'Ann@Example.COM', password })).status).toBe(200);
  });

  test('ends with logging out, also for whoever kept the cookie', async () => {
    const kept = [...browser.cookies];
    expect((await browser.api('DELETE', '/session')).status).toBe(204);
    expect(browser.cookies.size).toBe(0);
    for (const [name, value] of kept) browser.setCookie(name, value);
    expect((await browser.api('GET', '/session')).body).toMatchObject({ person: null });
    expect((await browser.api('GET', '/projects')).status).toBe(401);
  });

  test('begins a session of its own, whatever cookie came before', async () => {
    const [[name = '', before = ''] = []] = [...browser.cookies];
    const victim = new TestBrowser(server.url);
    victim.setCookie(name, before);
    expect((await victim.api('POST', '/session', { email, password })).status).toBe(200);
    expect(victim.cookies.get(name)).not.toBe(before);
  });

  test('goes on with what is asked, and not with what an open stream asks for itself, whose cookie reaches nobody', async () => {
    const { db } = server.running.context;
    const inFiveDays = new Date(Date.now() + 5 * 24 * 3_600_000).toISOString();
    await db.updateTable('sessions').set({ expiresAt: inFiveDays }).execute();
    const find = async () => (await db.selectFrom('sessions').select('expiresAt').executeTakeFirstOrThrow()).expiresAt;
    const asking = await browser.api('HEAD', '/projects/default/environments/production/events');
    expect([asking.status, asking.headers.getSetCookie(), await find()]).toEqual([200, [], inFiveDays]);
    const { headers } = await browser.api('GET', '/projects');
    expect(headers.getSetCookie()).toEqual([expect.stringContaining('Max-Age=604800')]);
    expect(Date.parse(await find())).toBeGreaterThan(Date.parse(inFiveDays));
  });

  test('is not believed with a cookie that somebody altered', async () => {
    const [[name = '', value = ''] = []] = [...browser.cookies];
    browser.setCookie(name, `x${value}`);
    expect((await browser.api('GET', '/projects')).status).toBe(401);
    const { token } = await server.running.context.db.selectFrom('sessions').select('token').executeTakeFirstOrThrow();
    browser.setCookie(name, token);
    expect((await browser.api('GET', '/projects')).status).toBe(401);
  });
});

describe('a password', () => {
  const newPassword = 'another long enough password';
  const body = { password: ann.password, newPassword };

  beforeEach(async () => {
    await setUp();
  });

  const logIn = async (password: string): Promise<number> =>
    (await new TestBrowser(server.url).api('POST', '/session', { email: ann.email, password })).status;

  test('is changed with the old one, which ends all sessions but this', async () => {
    const other = new TestBrowser(server.url);
    await other.api('POST', '/session', { email: ann.email, password: ann.password });
    const before = new Map(browser.cookies);
    expect((await browser.api('POST', '/people/me/password', body)).status).toBe(204);
    expect((await browser.api('GET', '/session')).body.person).toMatchObject({ name: 'Ann' });
    expect((await browser.api('GET', '/people/me/sessions')).body.items).toMatchObject([{ isThis: true }]);
    expect((await browser.api('POST', '/projects/default/flags', { key: 'a' })).status).toBe(201);
    expect((await other.api('GET', '/projects')).status).toBe(401);
    // Also for whoever kept the cookie of this one.
    const kept = new TestBrowser(server.url);
    for (const [name, value] of before) kept.setCookie(name, value);
    expect((await kept.api('GET', '/projects')).status).toBe(401);
    expect([await logIn(ann.password), await logIn(newPassword)]).toEqual([401, 200]);
  });

  test.each([
    ['with another than the old one', { ...body, password: 'not the password' }, 401, 'wrong-credentials'],
    ['to one that is too short', { ...body, newPassword: 'short' }, 400, 'invalid-request'],
    ['without the old one', { newPassword }, 400, 'invalid-request'],
  ])('is not changed %s', async (_, sent, status, code) => {
    expect(await browser.api('POST', '/people/me/password', sent)).toMatchObject({ status, body: { code } });
    expect([await logIn(ann.password), await logIn(newPassword)]).toEqual([200, 401]);
  });

  test('is not changed by a page of another origin, nor by a token', async () => {
    const headers = { 'x-csrf-token': undefined };
    expect((await browser.api('POST', '/people/me/password', body, headers)).status).toBe(403);
    expect((await server.api('POST', '/people/me/password', body)).status).toBe(403);
  });

  test('is not found out by changing it again and again', async () => {
    const guess = async () =>
      (await browser.api('POST', '/people/me/password', { ...body, password: 'guessed' })).status;
    for (let at = 0; at < 10; at++) expect(await guess()).toBe(401);
    expect(await guess()).toBe(429);
    expect((await browser.api('POST', '/people/me/password', body)).status).toBe(429);
  });
});

describe('a write with the cookie', () => {
  beforeEach(async () => {
    await setUp();
  });

  const flag = { key: 'checkout' };

  test.each([
    ['without the CSRF token', { 'x-csrf-token': undefined }, 'x-csrf-token'],
    ['with another', { 'x-csrf-token': 'x'.repeat(43) }, 'x-csrf-token'],
    ['from a page of another origin', { origin: 'https://evil.example' }, 'Origin'],
    ['from a page without one', { origin: 'null' }, 'Origin'],
  ])('is refused %s', async (_, headers, path) => {
    expect(await browser.api('POST', '/projects/default/flags', flag, headers)).toMatchObject({
      status: 403,
      body: { code: 'forbidden', errors: [{ path }] },
    });
    expect(await browser.api('DELETE', '/session', undefined, headers)).toMatchObject({ status: 403 });
    expect((await browser.api('GET', '/session')).body.person).not.toBeNull();
  });

  test('is refused with the CSRF token of another session', async () => {
    const other = new TestBrowser(server.url);
    const { email, password } = ann;
    const { csrfToken } = (await other.api('POST', '/session', { email, password })).body;
    const headers = { 'x-csrf-token': csrfToken };
    expect(await browser.api('POST', '/projects/default/flags', flag, headers)).toMatchObject({ status: 403 });
    expect(await other.api('POST', '/projects/default/flags', flag)).toMatchObject({ status: 201 });
  });

  test('is taken from a client that says no origin', async () => {
    const headers = { origin: undefined };
    expect((await browser.api('POST', '/projects/default/flags', flag, headers)).status).toBe(201);
  });

  test('needs none of it with an API token', async () => {
    expect((await server.api('POST', '/projects/default/flags', flag)).status).toBe(201);
  });
});

test('no page of another origin logs anybody in', async () => {
  await setUp();
  const { email, password } = ann;
  const other = new TestBrowser(server.url);
  const headers = { origin: 'https://evil.example' };
  expect(await other.api('POST', '/session', { email, password }, headers)).toMatchObject({ status: 403 });
  expect(other.cookies.size).toBe(0);
});

test('cookies are for HTTPS only where people come by it', async () => {
  const variables = { SLUICE_PUBLIC_URL: 'https://flags.example.com' };
  const own = await startTestServer({ variables });
  try {
    const link = own.running.firstStart?.setupLink ?? '';
    expect(link).toMatch(/^https:\/\/flags\.example\.com\/setup#/);
    const page = new TestBrowser(own.url);
    const body = { token: link.split('#')[1], ...ann };
    expect((await page.api('POST', '/setup', body)).status).toBe(403);
    const origin = 'https://flags.example.com';
    const { headers, status } = await page.api('POST', '/setup', body, { origin });
    expect(status).toBe(201);
    expect(headers.getSetCookie()).toEqual([expect.stringMatching(/^__Secure-sluice\.session_token=.*; Secure/)]);
    expect((await page.api('POST', '/projects/default/flags', { key: 'a' }, { origin })).status).toBe(201);
  } finally {
    await own.close();
  }
});
