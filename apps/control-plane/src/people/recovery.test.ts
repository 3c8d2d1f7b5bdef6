import {
  createFakeServerPlatform,
  createTestLog,
  startTestServer,
  TestBrowser,
  type TestServer,
  totpCode,
} from '@sluice/testkit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const dayMs = 24 * 3_600_000;
const ann = { email: 'ann@example.com', name: 'Ann', password: 'a long enough password' };
const bob = { email: 'bob@example.com', name: 'Bob', password: 'a password that Bob had' };
const password = 'a password that Bob has now';

let server: TestServer;
let platform: ReturnType<typeof createFakeServerPlatform>;
let lines: readonly string[];
let admin: TestBrowser;
let browser: TestBrowser;
let bobId: string;

beforeEach(async () => {
  platform = createFakeServerPlatform();
  const testLog = createTestLog();
  lines = testLog.lines;
  server = await startTestServer({ platform, log: testLog.log });
  admin = new TestBrowser(server.url);
  await admin.api('POST', '/setup', { token: tokenOf(server.running.firstStart?.setupLink), ...ann });
  const { link } = (await admin.api('POST', '/invitations', { grants: [{ role: 'editor' }] })).body;
  browser = new TestBrowser(server.url);
  bobId = (await browser.api('POST', '/invitations/accept', { token: tokenOf(link), ...bob })).body.person.id;
});

afterEach(() => server.close());

function tokenOf(link = ''): string {
  return link.split('#')[1] ?? '';
}

async function makeLink(): Promise<string> {
  const { status, body } = await admin.api('POST', `/people/${bobId}/recovery`);
  expect([status, body]).toEqual([
    201,
    { link: expect.stringContaining(`${server.url}/recovery#`), expiresAt: platform.now() + dayMs },
  ]);
  return tokenOf(body.link);
}

const recover = (token: string, by = new TestBrowser(server.url)) =>
  by.api('POST', '/session/recovery', { token, password });

async function findBob() {
  const { body } = await admin.api('GET', '/people');
  return body.items.find(({ id }: { id: string }) => id === bobId);
}

describe('a link to come back', () => {
  test('gives another password and what one may do, once, and ends all sessions of before', async () => {
    const token = await makeLink();
    const mine = new TestBrowser(server.url);
    const { status, body } = await recover(token, mine);
    expect([status, body]).toEqual([
      201,
      expect.objectContaining({ person: { id: bobId, name: 'Bob', email: bob.email, hasTotp: false } }),
    ]);
    expect(body.grants).toEqual([{ role: 'editor' }]);
    expect(await mine.api('POST', '/projects/default/flags', { key: 'by-bob' })).toMatchObject({ status: 201 });
    expect((await browser.api('GET', '/projects')).status).toBe(401);
    const logIn = (tried: string) =>
      new TestBrowser(server.url).api('POST', '/session', { email: bob.email, password: tried });
    expect([(await logIn(bob.password)).status, (await logIn(password)).status]).toEqual([401, 200]);
    expect(await recover(token)).toMatchObject({
      status: 404,
      body: {
        title: 'this link is not known: it was used, another was made after it, or it has expired; ask for another',
      },
    });
    expect((await admin.api('GET', '/projects')).status).toBe(200);
  });

  test('turns the second factor off, which may be lost too', async () => {
    const { url } = (await browser.api('POST', '/people/me/totp', { password: bob.password })).body;
    expect((await browser.api('POST', '/people/me/totp/verify', { code: totpCode(url) })).status).toBe(204);
    expect(await findBob()).toMatchObject({ hasTotp: true });
    expect(await recover(await makeLink())).toMatchObject({ status: 201, body: { person: { hasTotp: false } } });
    expect(await findBob()).toMatchObject({ hasTotp: false });
    const again = await new TestBrowser(server.url).api('POST', '/session', { email: bob.email, password });
    expect(again.status).toBe(200);
    expect(await server.running.context.db.selectFrom('twoFactors').selectAll().execute()).toEqual([]);
  });

  test('gives a password also to whoever had none, as they came by single sign-on', async () => {
    await server.running.context.db.deleteFrom('accounts').where('personId', '=', bobId).execute();
    expect((await recover(await makeLink())).status).toBe(201);
  });

  test('stays good where the password is refused', async () => {
    const token = await makeLink();
    const short = await browser.api('POST', '/session/recovery', { token, password: 'short' });
    expect(short).toMatchObject({ status: 400, body: { errors: [{ path: 'password' }] } });
    expect((await recover(token)).status).toBe(201);
  });

  test('ends after a day, with the next one, when it is taken back, and with the person', async () => {
    const first = await makeLink();
    const second = await makeLink();
    expect((await recover(first)).status).toBe(404);
    expect(await findBob()).toMatchObject({ recoveryExpiresAt: platform.now() + dayMs });
    platform.clock.setTimeOfDay(platform.now() + dayMs);
    expect((await recover(second)).status).toBe(404);
    expect((await admin.api('DELETE', `/people/${bobId}/recovery`)).status).toBe(404);
    expect(await findBob()).toMatchObject({ recoveryExpiresAt: null });

    const third = await makeLink();
    expect((await admin.api('DELETE', `/people/${bobId}/recovery`)).status).toBe(204);
    expect((await admin.api('DELETE', `/people/${bobId}/recovery`)).status).toBe(404);
    expect((await recover(third)).status).toBe(404);

    const fourth = await makeLink();
    expect((await admin.api('DELETE', `/people/${bobId}`)).status).toBe(204);
    expect((await recover(fourth)).status).toBe(404);
    expect((await admin.api('POST', `/people/${bobId}/recovery`)).status).toBe(404);
  });

  test('works for one of two who come at once', async () => {
    const token = await makeLink();
    const answers = await Promise.all([recover(token), recover(token)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 404]);
  });

  test('is made by administrators, and is neither in the log nor in the database as it is', async () => {
    expect((await browser.api('POST', `/people/${bobId}/recovery`)).status).toBe(403);
    const token = await makeLink();
    const rows = await server.running.context.db.selectFrom('recoveries').selectAll().execute();
    expect(rows).toHaveLength(1);
    expect(JSON.stringify(rows)).not.toContain(token);
    await recover(token);
    expect(lines.join('')).not.toContain(token);
    expect(lines.join('')).toContain('somebody came back by a link');
  });

  test('is not made for oneself, which would go around the password', async () => {
    const { body } = await admin.api('GET', '/people');
    const { id } = body.items.find(({ email }: { email: string }) => email === ann.email);
    expect(await admin.api('POST', `/people/${id}/recovery`)).toMatchObject({
      status: 409,
      body: { title: 'this is you: change your password in your settings' },
    });
    // The last administrator comes back with an API token.
    expect((await server.api('POST', `/people/${id}/recovery`)).status).toBe(201);
  });

  test('ends a login of which only the code lacks', async () => {
    const { url } = (await browser.api('POST', '/people/me/totp', { password: bob.password })).body;
    await browser.api('POST', '/people/me/totp/verify', { code: totpCode(url) });
    const thief = new TestBrowser(server.url);
    expect((await thief.api('POST', '/session', { email: bob.email, password: bob.password })).status).toBe(202);
    const listBegun = () =>
      server.running.context.db.selectFrom('verifications').select('id').where('value', '=', bobId).execute();
    expect(await listBegun()).toHaveLength(1);
    await recover(await makeLink());
    expect(await listBegun()).toEqual([]);
    expect((await thief.api('POST', '/session/totp', { code: totpCode(url) })).status).toBe(401);
  });

  test('is guessed at no more often than other links', async () => {
    let answer = await recover('guessed');
    for (let tries = 0; tries < 50 && answer.status === 404; tries++) answer = await recover('guessed');
    expect(answer.status).toBe(429);
  });
});
