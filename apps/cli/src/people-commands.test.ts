import { runSluice, startTestServer, TestBrowser, type TestServer } from '@sluice/testkit';
import { afterEach, beforeEach, expect, test } from 'vitest';

let server: TestServer;

beforeEach(async () => {
  server = await startTestServer();
});

afterEach(() => server.close());

const run = (...words: string[]) => runSluice([...words, '--url', server.url, '--token', server.apiToken], {});

test('people invite makes a link by which the first administrator can come in', async () => {
  const { exitCode, printed: stdout } = await run('people', 'invite', 'ann@example.com', '--role', 'admin');
  expect([exitCode, stdout]).toEqual([0, expect.stringContaining('comes in as admin')]);
  const [, token] = /invitation#(\w+)/.exec(stdout) ?? [];
  const ann = { token, name: 'Ann', email: 'ann@example.com', password: 'a long enough password' };
  const { body } = await new TestBrowser(server.url).api('POST', '/invitations/accept', ann);
  expect(body).toMatchObject({ isSetUp: true, grants: [{ role: 'admin' }] });
});

test('people recover lets the only administrator back in', async () => {
  const invited = await run('people', 'invite', 'ann@example.com', '--role', 'admin', '--json');
  const ann = { name: 'Ann', email: 'ann@example.com', password: 'a long enough password' };
  const browser = new TestBrowser(server.url);
  const tokenOf = (link: string) => link.split('#')[1];
  await browser.api('POST', '/invitations/accept', { token: tokenOf(JSON.parse(invited.printed).link), ...ann });
  const nobody = await run('people', 'recover', 'bob@example.com');
  expect(nobody.exitCode).toBe(2);
  expect(nobody.complained).toContain('nobody here has the e-mail address bob@example.com; these are: ann@example.com');
  const { exitCode, printed } = await run('people', 'recover', 'Ann@example.com');
  expect([exitCode, printed]).toEqual([0, expect.stringContaining('Ann can choose another password by this link')]);
  const [, token] = /recovery#(\w+)/.exec(printed) ?? [];
  const back = { token, password: 'another password that is long' };
  expect(await browser.api('POST', '/session/recovery', back)).toMatchObject({ body: { person: { name: 'Ann' } } });
  const another = JSON.parse((await run('people', 'recover', ann.email, '--json')).printed);
  expect(another).toEqual({ link: expect.stringContaining('/recovery#'), expiresAt: expect.any(Number) });
});

test('people invite says where the role is, and which roles there are', async () => {
  const { printed: stdout } = await run(
    'people',
    'invite',
    '--role',
    'operator',
    '--for',
    'default/production',
    '--json',
  );
  expect(JSON.parse(stdout).link).toContain('/invitation#');
  const { items } = (await server.api('GET', '/invitations')).body;
  expect(items).toMatchObject([{ grants: [{ role: 'operator', project: 'default', environment: 'production' }] }]);
  const wrong = await run('people', 'invite', '--role', 'owner');
  expect(wrong.complained).toContain('--role must be one of viewer, operator, editor, admin, got "owner"');
});
