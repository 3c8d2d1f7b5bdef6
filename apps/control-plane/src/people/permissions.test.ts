import type { SessionView } from '@sluice/api-client';
import { type Grant, listReturns } from '@sluice/authoring';
import {
  type ApiAnswer,
  createFakeServerPlatform,
  startTestServer,
  TestBrowser,
  type TestServer,
} from '@sluice/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const production = '/projects/default/environments/production';
const staging = '/projects/default/environments/staging';
const password = 'a long enough password';

let server: TestServer;
let platform: ReturnType<typeof createFakeServerPlatform>;
let admin: TestBrowser;

beforeAll(async () => {
  platform = createFakeServerPlatform();
  server = await startTestServer({ platform });
  admin = new TestBrowser(server.url);
  const [, token] = server.running.firstStart?.setupLink.split('#') ?? [];
  await admin.api('POST', '/setup', { token, name: 'Ann', email: 'ann@example.com', password });
  for (const key of ['checkout', 'banner']) await server.api('POST', '/projects/default/flags', { key });
  const variations = [{ value: 'normal' }, { value: 'cached' }];
  await server.api('POST', '/projects/default/flags', { key: 'search', kind: 'valve', variations });
});

afterAll(() => server.close());

/** Somebody who was invited with these grants. */
async function invite(name: string, grants: readonly Grant[]): Promise<TestBrowser> {
  const { link } = (await admin.api('POST', '/invitations', { grants })).body;
  const browser = new TestBrowser(server.url);
  const email = `${name}@example.com`;
  const body = { token: link.split('#')[1], name, email, password };
  expect((await browser.api('POST', '/invitations/accept', body)).status).toBe(201);
  return browser;
}

type Call = (method: string, path: string, body?: unknown) => Promise<ApiAnswer>;

async function makeToken(fields: object): Promise<Call> {
  const { body } = await server.api('POST', '/tokens', { name: 'some', ...fields });
  return (method, path, sent) => server.api(method, path, sent, { authorization: `Bearer ${body.token}` });
}

async function listOperations(): Promise<readonly { readonly method: string; readonly path: string }[]> {
  const document = (await (await fetch(`${server.url}/api/v1/openapi.json`)).json()) as { paths: object };
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => ({ method: method.toUpperCase(), path: path.replace('/api/v1', '') })),
  );
}

/** Writes of which everybody may do their own, and what only looks. */
const open = [
  'POST /session',
  'POST /session/totp',
  'DELETE /session',
  'POST /setup',
  'POST /invitations/accept',
  'POST /session/recovery',
  'DELETE /people/me/sessions/{session}',
  'POST /people/me/password',
  'POST /people/me/totp',
  'POST /people/me/totp/verify',
  'POST /people/me/totp/disable',
  'POST /projects/{project}/environments/{environment}/evaluate',
  'POST /projects/{project}/environments/{environment}/changes/preview',
  'POST /projects/{project}/environments/{environment}/revert-since/preview',
  'POST /projects/{project}/environments/{environment}/valves/{flag}/reach',
];

/** What the routes are sent that look into the body before they refuse. */
const bodies: Readonly<Record<string, unknown>> = {
  'POST /projects/{project}/flags': { key: 'new' },
  'PATCH /projects/{project}/flags/{flag}': { tags: ['a'] },
  'POST /projects/{project}/environments/{environment}/changes': {
    flag: 'checkout',
    instructions: [{ kind: 'turn-off' }],
  },
  'POST /projects/{project}/environments/{environment}/changes/{change}/revert': {},
  'POST /projects/{project}/environments/{environment}/revert-since': { since: 0 },
};

describe('a viewer', () => {
  test('is refused every write of the API, as a person and as a token', async () => {
    const { id: change } = await server.change({ flag: 'checkout', instructions: [{ kind: 'turn-on' }] });
    const viewer = await invite('vic', [{ role: 'viewer' }]);
    const token = await makeToken({ grants: [{ role: 'viewer' }] });
    const filled: Readonly<Record<string, string>> = {
      project: 'default',
      environment: 'production',
      flag: 'checkout',
      change,
    };
    const operations = (await listOperations()).filter(({ method }) => method !== 'GET');
    const writes = operations.filter(({ method, path }) => !open.includes(`${method} ${path}`));
    expect(writes.length).toBeGreaterThan(15);
    for (const { method, path } of writes) {
      const route = `${method} ${path}`;
      const url = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => filled[name] ?? 'any');
      for (const call of [token, viewer.api.bind(viewer)]) {
        const { status, body } = await call(method, url, bodies[route]);
        expect([route, status, body?.code]).toEqual([route, 403, 'forbidden']);
      }
    }
  });

  test('sees flags and tries changes, and does not see who else there is', async () => {
    const viewer = await invite('vera', [{ role: 'viewer' }]);
    expect((await viewer.api('GET', `${production}/flags/checkout`)).status).toBe(200);
    const dryRun = { flag: 'checkout', instructions: [{ kind: 'turn-on' }], dryRun: true };
    expect((await viewer.api('POST', `${production}/changes`, dryRun)).status).toBe(200);
    const context = { kind: 'user', key: 'a' };
    expect((await viewer.api('POST', `${production}/evaluate`, { flag: 'checkout', context })).status).toBe(200);
    for (const path of ['/people', '/tokens', '/edges', '/invitations']) {
      expect((await viewer.api('GET', path)).status).toBe(403);
    }
  });

  test('hears which role it takes, which one is there, and who has it', async () => {
    const viewer = await invite('vito', [{ role: 'viewer' }]);
    const change = { flag: 'checkout', instructions: [{ kind: 'turn-off' }] };
    const { body } = await viewer.api('POST', `${production}/changes`, change);
    expect(body.title).toBe(
      'this needs the role operator in `default/production`; the role here is viewer; these have it: Ann',
    );
    const token = await makeToken({ grants: [{ role: 'viewer' }] });
    expect((await token('POST', `${production}/changes`, change)).body.title).not.toContain('Ann');
  });
});

test('who has no role sees nothing, and nothing of where they have none', async () => {
  const nobody = await invite('nora', []);
  const stranger = await makeToken({ grants: [{ role: 'admin', project: 'other' }] });
  const gets = (await listOperations()).filter(({ method, path }) => method === 'GET' && !/session/.test(path));
  expect(gets.length).toBeGreaterThan(15);
  for (const { path } of gets) {
    const url = path
      .replace('{project}', 'default')
      .replace('{environment}', 'production')
      .replaceAll(/\{\w+\}/g, 'any');
    expect([path, (await nobody.api('GET', url)).status]).toEqual([path, 403]);
    if (url !== '/projects') expect([path, (await stranger('GET', url)).status]).toEqual([path, 403]);
  }
  expect((await stranger('GET', '/projects')).body.items).toEqual([]);
});

describe('who has a role in one environment', () => {
  const grants: readonly Grant[] = [{ role: 'editor', project: 'default', environment: 'staging' }];
  const copy = { flag: 'secretive', instructions: [{ kind: 'copy-configuration', from: 'production' }] };
  let person: TestBrowser;
  let callers: readonly Call[];

  beforeAll(async () => {
    await server.api('POST', '/projects/default/flags', { key: 'secretive' });
    const instructions = [{ kind: 'add-targets' as const, variation: 'off', keys: ['tom@customer.example'] }];
    await server.change({ flag: 'secretive', instructions });
    person = await invite('ed', grants);
    callers = [(...asked) => person.api(...asked), await makeToken({ grants })];
  });

  test('sees a flag side by side only where they have one', async () => {
    const path = '/projects/default/flags/secretive/environments';
    for (const call of callers) {
      const { body } = await call('GET', path);
      expect(body).toMatchObject({ items: [{ environment: 'staging' }], differences: [] });
      expect(JSON.stringify(body)).not.toContain('customer');
    }
    const { body } = await server.api('GET', path);
    expect(body.items).toHaveLength(2);
  });

  test('compares lists with nothing that they may not see', async () => {
    const path = `${staging}/flag-rows?search=secretive&compare=`;
    for (const call of callers) {
      expect((await call('GET', `${path}production`)).status).toBe(403);
      expect((await call('GET', `${path}staging`)).body.items).toMatchObject([{ other: { same: true } }]);
    }
    expect((await server.api('GET', `${path}production`)).body.items).toMatchObject([{ other: { same: false } }]);
  });

  test.each([
    ['copying from there', 'changes', copy],
    ['trying to', 'changes', { ...copy, dryRun: true }],
    ['a preview of it', 'changes/preview', copy],
  ])('reads nothing of the others by %s', async (_, path, body) => {
    for (const call of callers) {
      const answer = await call('POST', `${staging}/${path}`, body);
      expect(answer).toMatchObject({ status: 403, body: { code: 'forbidden' } });
      expect(answer.body.title).toContain('this needs the role viewer in `default/production`');
    }
    const both = await makeToken({ grants: [...grants, { role: 'viewer', project: 'default' }] });
    expect((await both('POST', `${staging}/${path}`, body)).status).toBe(200);
  });

  test('does not hear what would be lost elsewhere by a revert', async () => {
    const definition = {
      flag: 'secretive',
      instructions: [{ kind: 'update-definition', definition: { tags: ['x'] } }],
    };
    await server.api('POST', `${staging}/changes`, definition);
    const later = [{ kind: 'add-targets' as const, variation: 'off', keys: ['una@customer.example'] }];
    await server.change({ flag: 'secretive', instructions: later });
    const [{ id }] = (await server.api('GET', `${staging}/changes?flag=secretive&limit=1`)).body.items;
    const answer = await person.api('POST', `${staging}/changes/${id}/revert`, { dryRun: true });
    const errors = [{ path: 'discardLater', message: 'changes of an environment that you may not see' }];
    expect(answer).toMatchObject({ status: 409, body: { errors } });
    expect(JSON.stringify(answer.body)).not.toContain('customer');
  });
});

test('people hear whom to ask, and tokens do not', async () => {
  const viewer = await invite('vala', [{ role: 'viewer', project: 'default' }]);
  await invite('otto', [{ role: 'operator', project: 'default', environment: 'staging' }]);
  const list = async (call: Call): Promise<SessionView['holders']> => (await call('GET', '/session')).body.holders;
  const holders = await list((...asked) => viewer.api(...asked));
  const find = (role: string, environment?: string) =>
    holders.find((each) => each.role === role && each.environment === environment);
  expect(find('admin')).toEqual({ role: 'admin', names: ['Ann'], count: 1 });
  expect(find('admin', 'production')).toMatchObject({ project: 'default', names: ['Ann'], count: 1 });
  expect(find('operator', 'staging')?.names).toEqual(expect.arrayContaining(['Ann', 'otto']));
  expect(find('operator', 'production')?.names).not.toContain('otto');
  expect(await list(await makeToken({ grants: [{ role: 'viewer' }] }))).toEqual([]);

  for (let at = 0; at < 5; at++)
    await invite(`eve-${at}`, [{ role: 'editor', project: 'default', environment: 'staging' }]);
  const editors = (await list((...asked) => viewer.api(...asked))).find(
    ({ role, environment }) => role === 'editor' && environment === 'staging',
  );
  expect(editors?.names).toHaveLength(5);
  expect(editors?.count).toBeGreaterThan(5);
});

describe('an operator', () => {
  test('trips, restores, turns off and takes back, and changes nothing else', async () => {
    const operator = await invite('olga', [{ role: 'operator', project: 'default', environment: 'production' }]);
    const change = (flag: string, ...instructions: object[]): Promise<ApiAnswer> =>
      operator.api('POST', `${production}/changes`, { flag, instructions });
    const mode = (await server.api('GET', '/projects/default/flags/search')).body.variations[1].id;
    expect((await change('search', { kind: 'trip', mode, reason: 'slow' })).status).toBe(200);
    expect((await change('search', { kind: 'restore' })).status).toBe(200);
    await server.change({ flag: 'checkout', instructions: [{ kind: 'turn-on' }] });
    const off = await change('checkout', { kind: 'turn-off' });
    expect(off.status).toBe(200);
    expect((await change('checkout', { kind: 'turn-on' })).status).toBe(403);
    expect((await change('checkout', { kind: 'turn-off' }, { kind: 'turn-on' })).status).toBe(403);
    const revert = `${production}/changes/${off.body.id}/revert`;
    expect((await operator.api('POST', revert, { discardLater: true })).status).toBe(403);
    expect((await operator.api('POST', revert, {})).status).toBe(200);
    const elsewhere = { flag: 'checkout', instructions: [{ kind: 'turn-off' }] };
    expect((await operator.api('POST', `${staging}/changes`, elsewhere)).status).toBe(403);
  });

  test('returns records of a migration, and does not advance them', async () => {
    await server.api('POST', '/projects/default/flags', { key: 'orders', kind: 'migration' });
    const move = (stages: object) => ({ flag: 'orders', instructions: [{ kind: 'set-stage' as const, ...stages }] });
    const checks = { reason: 'a test', checks: ['backfill', 'comparisons'] };
    const when = [{ attribute: 'key', op: 'in', values: ['1'] }];
    for (const stage of ['dualwrite', 'shadow']) await server.change(move({ stage }));
    await server.change(move({ stage: 'live', when, id: 'a', overrule: checks }));
    const operator = await makeToken({ grants: [{ role: 'operator', project: 'default', environment: 'production' }] });
    const read = async () => (await operator('GET', `${production}/flags/orders`)).body;
    const change = async (body: object) => (await operator('POST', `${production}/changes`, body)).status;
    /** As the command and the dashboard ask for it. */
    const giveBack = async (to: 'shadow' | 'dualwrite') => ({
      flag: 'orders',
      instructions: listReturns(await read(), to),
    });

    expect(await change(await giveBack('shadow'))).toBe(200);
    expect(await read()).toMatchObject({ fallthrough: { variation: 'shadow' }, rules: [{ variation: 'shadow' }] });
    expect(await change(await giveBack('dualwrite'))).toBe(200);
    expect(await read()).toMatchObject({
      fallthrough: { variation: 'dualwrite' },
      rules: [{ variation: 'dualwrite' }],
    });
    for (const stages of [
      { stage: 'shadow' },
      { stage: 'shadow', cohort: 'a' },
      { stage: 'off' },
      { stage: 'dualwrite', when: [{ attribute: 'key', op: 'in', values: ['2'] }] },
    ])
      expect([stages, await change(move(stages))]).toEqual([stages, 403]);
    expect(await change({ flag: 'orders', instructions: [{ kind: 'remove-cohort', id: 'a' }] })).toBe(403);
  });

  test('does not take back what flags are', async () => {
    await server.api('PATCH', '/projects/default/flags/banner', { tags: ['a'] });
    const operator = await invite('oleg', [{ role: 'operator' }]);
    const [{ id }] = (await server.api('GET', `${production}/changes?flag=banner&limit=1`)).body.items;
    expect((await operator.api('POST', `${production}/changes/${id}/revert`, {})).status).toBe(403);
  });
});

describe('a token', () => {
  test('for staging writes there, and nowhere else', async () => {
    const token = await makeToken({ grants: [{ role: 'editor', project: 'default', environment: 'staging' }] });
    const change = { flag: 'checkout', instructions: [{ kind: 'turn-on' }] };
    expect((await token('POST', `${staging}/changes`, change)).status).toBe(200);
    expect(await token('POST', `${production}/changes`, change)).toMatchObject({ status: 403 });
    expect((await token('GET', `${production}/flags`)).status).toBe(403);
    expect((await token('GET', '/projects/default/environments')).body.items).toMatchObject([{ key: 'staging' }]);
    // What a flag is concerns production too.
    const definition = { flag: 'checkout', instructions: [{ kind: 'update-definition', definition: { tags: ['x'] } }] };
    expect((await token('POST', `${staging}/changes`, definition)).status).toBe(403);
    expect((await token('DELETE', '/projects/default/flags/banner')).status).toBe(403);
    expect((await token('POST', `${staging}/credentials`, { name: 'x' })).status).toBe(403);
  });

  test('is unknown from when it expires', async () => {
    const token = await makeToken({ expiresAt: platform.now() + 60_000 });
    expect((await token('GET', '/projects')).status).toBe(200);
    await platform.clock.advance(60_000);
    expect((await token('GET', '/projects')).status).toBe(401);
  });

  test('of an administrator of a project makes no tokens and lets nobody in', async () => {
    const token = await makeToken({ grants: [{ role: 'admin', project: 'default' }] });
    expect((await token('POST', `${production}/credentials`, { name: 'x' })).status).toBe(201);
    expect((await token('POST', '/tokens', { name: 'more' })).status).toBe(403);
    expect((await token('POST', '/invitations', { grants: [{ role: 'admin' }] })).status).toBe(403);
  });

  test('tells what it may do', async () => {
    const grants = [{ role: 'viewer', project: 'default' }];
    const { body } = await (await makeToken({ grants }))('GET', '/session');
    expect(body).toMatchObject({ person: null, csrfToken: null, grants });
    expect(body.projects).toMatchObject([{ environments: [{ key: 'production' }, { key: 'staging' }] }]);
  });

  test('tells only of places that it may see', async () => {
    const tell = async (grants: object[]) => (await (await makeToken({ grants }))('GET', '/session')).body.projects;
    const staging = { project: 'default', environment: 'staging' };
    expect(await tell([{ role: 'viewer', ...staging }])).toMatchObject([
      { key: 'default', environments: [{ key: 'staging' }] },
    ]);
    expect(await tell([{ role: 'viewer', project: 'other' }])).toEqual([]);
  });
});

describe('people', () => {
  test('may do what an administrator says from their next request on', async () => {
    const eddy = await invite('eddy', [{ role: 'viewer' }]);
    const { id } = (await eddy.api('GET', '/session')).body.person;
    expect((await eddy.api('POST', '/projects/default/flags', { key: 'eddys' })).status).toBe(403);
    expect((await admin.api('PATCH', `/people/${id}`, { grants: [{ role: 'editor' }] })).status).toBe(200);
    expect((await eddy.api('POST', '/projects/default/flags', { key: 'eddys' })).status).toBe(201);
    expect((await admin.api('DELETE', `/people/${id}`)).status).toBe(204);
    expect((await eddy.api('GET', '/projects')).status).toBe(401);
    const { body } = await server.api('GET', `${production}/changes?flag=eddys`);
    expect(body.items).toMatchObject([{ actor: 'eddy' }]);
  });

  test('never are without an administrator', async () => {
    const { id } = (await admin.api('GET', '/session')).body.person;
    const conflict = { status: 409, body: { code: 'conflict' } };
    expect(await admin.api('DELETE', `/people/${id}`)).toMatchObject(conflict);
    expect(await admin.api('PATCH', `/people/${id}`, { grants: [{ role: 'editor' }] })).toMatchObject(conflict);
    expect((await admin.api('PATCH', '/people/unknown', { grants: [] })).status).toBe(404);
  });
});

describe('an invitation', () => {
  test('is for the address that it names', async () => {
    const grants = [{ role: 'viewer' }];
    const { link } = (await admin.api('POST', '/invitations', { grants, email: 'Fay@example.com' })).body;
    const body = { token: link.split('#')[1], name: 'Fay', password };
    const browser = new TestBrowser(server.url);
    const accept = (email: string) => browser.api('POST', '/invitations/accept', { ...body, email });
    expect(await accept('eve@example.com')).toMatchObject({ status: 400, body: { errors: [{ path: 'email' }] } });
    expect((await accept('fay@example.com')).body).toMatchObject({ person: { name: 'Fay' }, grants });
    expect((await accept('fay@example.com')).status).toBe(404);
  });

  test('does not let anybody in under the name of somebody else, or of a token', async () => {
    await makeToken({ name: 'Pipeline' });
    const { link } = (await admin.api('POST', '/invitations', { grants: [] })).body;
    const body = { token: link.split('#')[1], email: 'ivy@example.com', password };
    const browser = new TestBrowser(server.url);
    for (const [name, whose] of [
      ['Ann', 'somebody here'],
      ['A\u200bＮN', 'somebody here'],
      ['pipeline', 'an API token'],
    ])
      expect(await browser.api('POST', '/invitations/accept', { ...body, name })).toMatchObject({
        status: 409,
        body: {
          code: 'already-exists',
          title: `${whose} is called ${name} already, and changes are known by the name; choose another`,
          errors: [{ path: 'name' }],
        },
      });
    expect((await browser.api('POST', '/invitations/accept', { ...body, name: 'Ivy' })).status).toBe(201);
    expect(await server.api('POST', '/tokens', { name: 'ivy' })).toMatchObject({ status: 409 });
    // One takes the place of the other.
    expect((await server.api('POST', '/tokens', { name: 'Pipeline' })).status).toBe(201);
  });

  test('stays good where the address is taken, and ends after a week', async () => {
    const { link } = (await admin.api('POST', '/invitations', { grants: [] })).body;
    const body = { token: link.split('#')[1], name: 'Gus', password };
    const browser = new TestBrowser(server.url);
    const accept = (email: string) => browser.api('POST', '/invitations/accept', { ...body, email });
    expect(await accept('ann@example.com')).toMatchObject({ status: 409, body: { code: 'already-exists' } });
    const { db } = server.running.context;
    const week = 7 * 24 * 3_600_000;
    const rows = await db.selectFrom('invitations').select('expiresAt').where('expiresAt', 'is not', null).execute();
    expect(rows.at(-1)).toEqual({ expiresAt: platform.now() + week });
    await db.updateTable('invitations').set({ expiresAt: platform.now() }).execute();
    expect((await accept('gus@example.com')).status).toBe(404);
  });
});
