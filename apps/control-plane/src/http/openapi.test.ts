import { Validator } from '@seriousme/openapi-schema-validator';
import { TelemetryWindow } from '@sluice/protocol';
import { createClient } from '@sluice/sdk-node';
import {
  type ApiAnswer,
  openTestStream,
  startTestServer,
  TestBrowser,
  type TestServer,
  totpCode,
} from '@sluice/testkit';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';

let server: TestServer;
// biome-ignore lint/suspicious/noExplicitAny: the test looks into a document of any shape.
let document: any;

beforeAll(async () => {
  server = await startTestServer();
  document = await (await fetch(`${server.url}/api/v1/openapi.json`)).json();
});

afterAll(() => server.close());

function listReferences(value: unknown): readonly string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, part]) => (name === '$ref' ? [String(part)] : listReferences(part)));
}

interface Operation {
  readonly method: string;
  readonly path: string;
  readonly parameters: readonly { readonly name: string; readonly in: string; readonly required: boolean }[];
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, { schema: unknown }>> }>>;
}

function listOperations(): readonly Operation[] {
  return Object.entries<Record<string, Omit<Operation, 'method' | 'path'>>>(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ ...operation, method: method.toUpperCase(), path })),
  );
}

function resolve(reference: string): unknown {
  const path = reference
    .replace(/^#\//, '')
    .split('/')
    .map((name) => name.replaceAll('~1', '/'));
  return path.reduce<unknown>((value, name) => (value as Record<string, unknown> | undefined)?.[name], document);
}

describe('the OpenAPI document', () => {
  test('needs no token', () => {
    expect(document).toMatchObject({ openapi: '3.1.0', info: { title: 'Sluice management API' } });
  });

  test('has every route of the API, and none beside', () => {
    const routes = listOperations().map(({ method, path }) => `${method} ${path.replace('/api/v1', '')}`);
    const environment = '/projects/{project}/environments/{environment}';
    expect(routes.sort()).toEqual(
      [
        'GET /projects',
        'POST /projects',
        'GET /projects/{project}/environments',
        'POST /projects/{project}/environments',
        `PATCH ${environment}`,
        'GET /projects/{project}/flags',
        'POST /projects/{project}/flags',
        'GET /projects/{project}/flags/{flag}',
        'PATCH /projects/{project}/flags/{flag}',
        'DELETE /projects/{project}/flags/{flag}',
        'GET /projects/{project}/flags/{flag}/environments',
        `GET ${environment}/flag-facets`,
        `GET ${environment}/flag-rows`,
        `GET ${environment}/flags`,
        `GET ${environment}/flags/{flag}`,
        `GET ${environment}/flags/{flag}/backfill`,
        `GET ${environment}/flags/{flag}/barrier`,
        `GET ${environment}/flags/{flag}/evaluations`,
        `GET ${environment}/flags/{flag}/evaluation-series`,
        `GET ${environment}/flags/{flag}/in-force`,
        `GET ${environment}/flags/{flag}/migration`,
        `GET ${environment}/flags/{flag}/mismatches`,
        `GET ${environment}/flags/{flag}/telemetry`,
        `GET ${environment}/migration-rows`,
        `GET ${environment}/routes/telemetry`,
        `GET ${environment}/segment-rows`,
        `GET ${environment}/segments`,
        `GET ${environment}/segments/{segment}`,
        `GET ${environment}/segments/{segment}/uses`,
        `GET ${environment}/changes`,
        `POST ${environment}/changes`,
        `GET ${environment}/changes/chain`,
        `GET ${environment}/changes/{change}`,
        `POST ${environment}/changes/{change}/revert`,
        `POST ${environment}/revert-since`,
        `POST ${environment}/revert-since/preview`,
        `GET ${environment}/contexts`,
        `POST ${environment}/changes/preview`,
        `GET ${environment}/flags/{flag}/decided`,
        `GET ${environment}/changes/{change}/convergence`,
        `GET ${environment}/fleet`,
        `GET ${environment}/fleet/{instance}`,
        `GET ${environment}/events`,
        `GET ${environment}/now`,
        `GET ${environment}/valves`,
        `GET ${environment}/valves/{flag}`,
        `POST ${environment}/valves/{flag}/reach`,
        `GET ${environment}/credentials`,
        `POST ${environment}/credentials`,
        `GET ${environment}/credentials/{credential}/streams`,
        `DELETE ${environment}/credentials/{credential}`,
        `POST ${environment}/evaluate`,
        'GET /edges',
        'POST /edges',
        'DELETE /edges/{edge}',
        'GET /tokens',
        'POST /tokens',
        'DELETE /tokens/{token}',
        'GET /session',
        'POST /session',
        'DELETE /session',
        'POST /session/totp',
        'POST /session/recovery',
        'GET /session/sign-on/{id}',
        'GET /session/sign-on/callback/{id}',
        'POST /setup',
        'POST /invitations/accept',
        'GET /invitations',
        'POST /invitations',
        'DELETE /invitations/{invitation}',
        'GET /people',
        'PATCH /people/{person}',
        'DELETE /people/{person}',
        'POST /people/{person}/recovery',
        'DELETE /people/{person}/recovery',
        'GET /people/me/sessions',
        'DELETE /people/me/sessions/{session}',
        'POST /people/me/password',
        'POST /people/me/totp',
        'POST /people/me/totp/verify',
        'POST /people/me/totp/disable',
      ].sort(),
    );
  });

  test('is valid OpenAPI 3.1', async () => {
    const validator = new Validator();
    expect(await validator.validate(structuredClone(document))).toEqual({ valid: true });
    expect(validator.version).toBe('3.1');
  });

  test('refers only to what is in it', () => {
    const references = listReferences(document);
    expect(references.length).toBeGreaterThan(0);
    expect(references.filter((reference) => resolve(reference) === undefined)).toEqual([]);
  });

  test('says what every answer looks like, errors too', () => {
    for (const { method, responses } of listOperations()) {
      const { default: problem, 304: unchanged, ...answers } = responses;
      expect(problem?.content).toEqual({
        'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } },
      });
      const [[status, answer] = []] = Object.entries(answers);
      if (answer?.content?.['text/event-stream']?.schema !== undefined) continue;
      expect([method, unchanged !== undefined]).toEqual([method, method === 'GET']);
      if (status === '204' || status === '302') expect(answer?.content).toBeUndefined();
      else expect(answer?.content?.['application/json']?.schema).toBeDefined();
    }
  });

  test('says what a change may consist of', () => {
    const { schema } =
      document.paths['/api/v1/projects/{project}/environments/{environment}/changes'].post.requestBody.content[
        'application/json'
      ];
    expect(schema.required).toEqual(['instructions']);
    // biome-ignore lint/suspicious/noExplicitAny: as above.
    const instruction = resolve(schema.properties.instructions.items.$ref) as any;
    const kinds = instruction.oneOf.map(
      ({ properties }: { properties: { kind: { const: string } } }) => properties.kind.const,
    );
    expect(kinds).toEqual(
      expect.arrayContaining(['turn-on', 'set-fallthrough', 'add-rule', 'create-segment', 'archive']),
    );
  });

  test('names the parameters of every route', () => {
    for (const { path, parameters } of listOperations()) {
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      const declared = parameters.filter((parameter) => parameter.in === 'path' && parameter.required);
      expect(declared.map(({ name }) => name)).toEqual(inPath);
    }
  });
});

describe('every answer is as the document says, and has nothing that it does not say', () => {
  const environment = '/projects/{project}/environments/{environment}';
  const production = '/projects/default/environments/production';
  const asked = new Set<string>();
  /** Judges an answer by the document, in which no object may have what is not listed. */
  let ajv: Ajv2020;

  beforeAll(async () => {
    ajv = new Ajv2020({ strict: false }).addSchema(close(document) as object, 'openapi');
    await fill();
  });

  /** Asks, and judges the answer by what the document says of the path's template. */
  async function ask(
    method: string,
    template: string,
    path: string,
    body?: unknown,
    who: Pick<TestServer, 'api'> = server,
  ): Promise<ApiAnswer> {
    asked.add(`${method} ${template}`);
    const answer = await who.api(method, path, body);
    const at = `paths/${`/api/v1${template}`.replaceAll('/', '~1')}/${method.toLowerCase()}/responses/${answer.status}`;
    expect([method, path, resolve(at) !== undefined, answer.body]).toEqual([method, path, true, answer.body]);
    if (answer.status === 204) {
      expect(answer.body).toBeUndefined();
      return answer;
    }
    const validate = ajv.compile({ $ref: `openapi#/${encodeURI(at)}/content/application~1json/schema` });
    validate(answer.body);
    expect({ method, path, errors: validate.errors }).toEqual({ method, path, errors: null });
    return answer;
  }

  test('projects and environments', async () => {
    await ask('GET', '/projects', '/projects');
    await ask('POST', '/projects', '/projects', { key: 'shop' });
    await ask('GET', '/projects/{project}/environments', '/projects/default/environments');
    await ask('POST', '/projects/{project}/environments', '/projects/shop/environments', { key: 'test' });
    await ask('PATCH', environment, '/projects/shop/environments/test', { name: 'Test' });
  });

  test('flags', async () => {
    const flags = '/projects/{project}/flags';
    const [one, all] = [`${flags}/{flag}`, '/projects/default/flags'];
    expect((await ask('GET', flags, `${all}?limit=1`)).body.nextCursor).toBeDefined();
    await ask('POST', flags, all, {
      key: 'banner',
      variations: [{ value: { size: [1, null] }, name: 'x' }, { value: [] }],
    });
    await ask('GET', one, `${all}/checkout`);
    await ask('PATCH', one, `${all}/banner`, { tags: ['shop'], clientSide: { web: true, mobile: false } });
    const { items } = (await ask('GET', `${environment}/flags`, `${production}/flags`)).body;
    expect(items.find(({ key }: { key: string }) => key === 'late').prerequisites).toHaveLength(1);
    const { body } = await ask('GET', `${environment}/flags/{flag}`, `${production}/flags/checkout`);
    expect(body).toMatchObject({ rules: [{ rollout: {} }, { variation: 'on' }], targets: [{}] });
    const rows = await ask('GET', `${environment}/flag-rows`, `${production}/flag-rows?compare=staging&limit=1`);
    expect(rows.body).toMatchObject({
      items: [{ other: { same: expect.any(Boolean) } }],
      nextCursor: expect.any(String),
    });
    const none = await ask('GET', `${environment}/flag-rows`, `${production}/flag-rows?search=chekcout`);
    expect(none.body.suggestion).toBe('checkout');
    await ask('GET', `${environment}/flag-facets`, `${production}/flag-facets`);
    expect((await ask('GET', `${one}/environments`, `${all}/checkout/environments`)).body.differences).toHaveLength(2);
    await ask('DELETE', one, `${all}/banner`);
    await ask('POST', flags, all, { key: 'orders', kind: 'migration' });
    await ask('GET', `${environment}/flags/{flag}/barrier`, `${production}/flags/orders/barrier`);
    await ask('GET', `${environment}/flags/{flag}/migration`, `${production}/flags/orders/migration`);
    await ask('GET', `${environment}/flags/{flag}/mismatches`, `${production}/flags/orders/mismatches`);
    await ask('GET', `${environment}/migration-rows`, `${production}/migration-rows`);
  });

  test('segments', async () => {
    await ask('GET', `${environment}/segments`, `${production}/segments`);
    const { body } = await ask('GET', `${environment}/segments/{segment}`, `${production}/segments/beta`);
    expect(body).toMatchObject({ included: [{}], excluded: [{}], rules: [{ weight: 10_000 }] });
    const rows = await ask('GET', `${environment}/segment-rows`, `${production}/segment-rows`);
    expect(rows.body.items).toMatchObject([{ key: 'beta', rules: 1 }]);
    await ask('GET', `${environment}/segments/{segment}/uses`, `${production}/segments/beta/uses`);
  });

  test('changes', async () => {
    const changes = `${environment}/changes`;
    const body = { flag: 'checkout', instructions: [{ kind: 'turn-off' }] };
    expect((await ask('POST', changes, `${production}/changes`, { ...body, dryRun: true })).body.status).toBe(
      'planned',
    );
    const { id } = (await ask('POST', changes, `${production}/changes`, body)).body;
    expect((await ask('GET', changes, `${production}/changes?limit=500`)).body.items.at(-1).group).toBeDefined();
    await ask('GET', `${changes}/{change}`, `${production}/changes/${id}`);
    await ask('POST', `${changes}/{change}/revert`, `${production}/changes/${id}/revert`, {});
    const since = { since: 0, dryRun: true };
    const planned = await ask('POST', `${environment}/revert-since`, `${production}/revert-since`, since);
    expect(planned.body.objects).not.toEqual([]);
    const back = `${production}/revert-since/preview`;
    const shares = await ask('POST', `${environment}/revert-since/preview`, back, { since: 0 });
    expect(shares.body.flags).not.toEqual([]);
    await ask('GET', `${changes}/chain`, `${production}/changes/chain`);
  });

  test('keys and tokens', async () => {
    const [credentials, place] = [`${environment}/credentials`, `${production}/credentials`];
    const { id } = (await ask('POST', credentials, place, { name: 'spare' })).body;
    await ask('GET', `${credentials}/{credential}/streams`, `${place}/${id}/streams`);
    await ask('DELETE', `${credentials}/{credential}`, `${place}/${id}`);
    expect((await ask('GET', credentials, place)).body.items.at(-1).revokedAt).not.toBeNull();
    const token = (await ask('POST', '/tokens', '/tokens', { name: 'ci' })).body;
    await ask('GET', '/tokens', '/tokens');
    await ask('DELETE', '/tokens/{token}', `/tokens/${token.id}`);
  });

  test('edges', async () => {
    const body = { name: 'amsterdam', environments: [{ project: 'default', environment: 'production' }] };
    const { id } = (await ask('POST', '/edges', '/edges', body)).body;
    expect((await ask('GET', '/edges', '/edges')).body.items).toHaveLength(1);
    await ask('DELETE', '/edges/{edge}', `/edges/${id}`);
  });

  test.each([
    ['OFF', 'search', { kind: 'user', key: 'ann' }],
    ['TARGET_MATCH', 'checkout', { kind: 'user', key: 'bob' }],
    ['RULE_MATCH', 'checkout', { kind: 'user', key: 'ann', country: 'NL' }],
    ['FALLTHROUGH', 'checkout', { kind: 'user', key: 'ann' }],
    ['PREREQUISITE_FAILED', 'late', { kind: 'user', key: 'ann' }],
  ])('explanations, %s', async (reason, flag, context) => {
    const { body } = await ask('POST', `${environment}/evaluate`, `${production}/evaluate`, { flag, context });
    expect(body.reason.kind).toBe(reason);
  });

  test('what SDKs evaluated and run', async () => {
    const { url, sdkKey } = server;
    const client = createClient({ url, sdkKey, cacheFolder: false, instance: { key: 'web-1', region: 'eu-1' } });
    onTestFinished(() => client.close());
    await client.ready();
    client.enabled('checkout', { kind: 'user', key: 'ann' });
    client.enabled('absent', { kind: 'user', key: 'ann' });
    await client.flush();
    await server.running.context.evaluations.flush();
    for (const flag of ['checkout', 'absent']) {
      const template = `${environment}/flags/{flag}/evaluations`;
      expect((await ask('GET', template, `${production}/flags/${flag}/evaluations`)).body.items).toHaveLength(1);
    }
    await server.running.context.contexts.flush();
    expect((await ask('GET', `${environment}/contexts`, `${production}/contexts`)).body.items).toHaveLength(1);
    const turning = { flag: 'late', instructions: [{ kind: 'turn-on' }] };
    const previewed = await ask('POST', `${environment}/changes/preview`, `${production}/changes/preview`, turning);
    expect(previewed.body).toMatchObject({ flag: 'late', sampled: 1 });
    const decided = await ask('GET', `${environment}/flags/{flag}/decided`, `${production}/flags/checkout/decided`);
    expect(decided.body.sampled).toBe(1);
    const inForce = await ask('GET', `${environment}/flags/{flag}/in-force`, `${production}/flags/checkout/in-force`);
    expect(inForce.body).toMatchObject({ flag: 'checkout', values: [{}] });
    const series = `${environment}/flags/{flag}/evaluation-series`;
    const charted = await ask('GET', series, `${production}/flags/checkout/evaluation-series`);
    expect(charted.body).toMatchObject({ series: [{ total: 1 }], changes: [{}, ...charted.body.changes.slice(1)] });
    const { id } = await server.change({ flag: 'search', instructions: [{ kind: 'turn-on' }] });
    const convergence = `${production}/changes/${id}/convergence?wait=all`;
    expect((await ask('GET', `${environment}/changes/{change}/convergence`, convergence)).body.accepted).toBe(1);
    const [instance] = (await ask('GET', `${environment}/fleet`, `${production}/fleet`)).body.items;
    expect(instance).toMatchObject({ instance: 'web-1', about: { region: 'eu-1' } });
    const alone = await ask('GET', `${environment}/fleet/{instance}`, `${production}/fleet/web-1`);
    expect(alone.body).toMatchObject({
      instance: 'web-1',
      refused: [],
      acknowledged: [{ afterMs: expect.any(Number) }],
    });
  });

  test('what is off normal', async () => {
    await server.api('POST', '/projects/default/flags', { key: 'mail', kind: 'valve' });
    const trip = { kind: 'trip', mode: 'off', reason: 'slow', incident: 'INC-7' };
    await server.change({ flag: 'mail', instructions: [{ kind: 'restore' }, trip] });
    const { body } = await ask('GET', `${environment}/now`, `${production}/now`);
    expect(body.matters).toMatchObject([{ kind: 'valve' }]);
    const board = await ask('GET', `${environment}/valves`, `${production}/valves`);
    expect(board.body.tripped).toMatchObject([{ key: 'mail' }]);
    await ask('GET', `${environment}/valves/{flag}`, `${production}/valves/mail`);
    await ask('POST', `${environment}/valves/{flag}/reach`, `${production}/valves/mail/reach`, {});
  });

  test('what the live feed tells', async () => {
    const { url, apiToken } = server;
    const stream = await openTestStream(`${url}/api/v1${production}/events`, `Bearer ${apiToken}`);
    onTestFinished(() => stream.close());
    const first = await stream.until('fleet');
    await server.change({ flag: 'search', instructions: [{ kind: 'turn-off' }] });
    const rest = [...(await stream.until('change')), ...(await stream.until('convergence'))];
    const [method, template] = ['GET', `${environment}/events`];
    asked.add(`${method} ${template}`);
    const at = `paths/${`/api/v1${template}`.replaceAll('/', '~1')}/get/responses/200`;
    const validate = ajv.compile({ $ref: `openapi#/${encodeURI(at)}/content/text~1event-stream/schema` });
    for (const { event, data } of [...first, ...rest]) {
      validate({ event, data: JSON.parse(data) });
      expect({ event, errors: validate.errors }).toEqual({ event, errors: null });
    }
  });

  test('what SDKs counted', async () => {
    const window = new TelemetryWindow();
    for (const [kind, second] of [
      ['valve', 'rule'],
      ['providers', 'sent'],
      ['config', ''],
      ['route', 'failed'],
    ] as const) {
      const tally = window.find(kind, 'search');
      tally?.count('a', second, kind === 'valve' ? 'failed' : '', 12.5);
      if (kind === 'valve') tally?.countRoute('/search');
      if (kind === 'valve' || kind === 'route') tally?.countAccount('42');
    }
    const report = { kind: 'telemetry', session: 's-1', sequence: 1, agoMs: 0, window: window.encode() };
    const hello = { kind: 'hello', key: 'web-2', session: 's-1', connection: 1 };
    const headers = { authorization: server.sdkKey };
    await fetch(`${server.url}/sdk/v1/reports`, { method: 'POST', headers, body: JSON.stringify([hello, report]) });
    const template = `${environment}/flags/{flag}/telemetry`;
    const { body } = await ask('GET', template, `${production}/flags/search/telemetry?window=5m`);
    expect(body).toMatchObject({ valve: { accounts: [{}] }, providers: { series: [{}] }, config: { refusals: [{}] } });
    const routes = await ask('GET', `${environment}/routes/telemetry`, `${production}/routes/telemetry`);
    expect(routes.body.items).toMatchObject([{ failed: 1 }]);
  });

  test('a backfill', async () => {
    await server.api('POST', '/projects/default/flags', { key: 'invoices', kind: 'migration' });
    await server.change({ flag: 'invoices', instructions: [{ kind: 'set-stage', stage: 'dualwrite' }] });
    const tell = (what: string, told: object) =>
      fetch(`${server.url}/sdk/v1/migrations/invoices/backfill/${what}`, {
        method: 'POST',
        headers: { authorization: server.sdkKey, 'content-type': 'application/json' },
        body: JSON.stringify(told),
      });
    await tell('ranges', { upperBounds: ['m'] });
    for (const worker of ['a', 'b']) await tell('claim', { worker });
    const tally = { rows: 1, inserted: 1, equal: 0, skippedNewer: 0, failed: 0 };
    const pace = { rowsPerSecond: 10, reason: 'slow' };
    for (const position of [0, 1])
      await tell('progress', { position, fence: 1, cursor: 'c', tally, isCopied: position === 0, pace });
    const sum = { count: 1, sum: '0123456789abcdef', maxVersion: 'v' };
    const verification = { old: sum, new: sum, repaired: 0, reported: [{ key: 'c', reason: 'differs' }] };
    await tell('verification', { position: 0, fence: 1, verification });
    const template = `${environment}/flags/{flag}/backfill`;
    const { body } = await ask('GET', template, `${production}/flags/invoices/backfill`);
    expect(body.ranges).toMatchObject([
      { state: 'dirty', verification },
      { state: 'running', worker: 'b' },
    ]);
  });

  test('people and their sessions', async () => {
    const browser = new TestBrowser(server.url);
    const [, token] = server.running.firstStart?.setupLink.split('#') ?? [];
    const ann = { email: 'ann@example.com', password: 'a long enough password' };
    await ask('GET', '/session', '/session', undefined, browser);
    await ask('POST', '/setup', '/setup', { token, name: 'Ann', ...ann }, browser);
    await ask('GET', '/session', '/session', undefined, browser);
    await ask('GET', '/session', '/session');
    await ask('DELETE', '/session', '/session', undefined, browser);
    await ask('POST', '/session', '/session', ann, browser);
    const me = '/people/me';
    const [{ id }] = (await ask('GET', `${me}/sessions`, `${me}/sessions`, undefined, browser)).body.items;
    const { url } = (await ask('POST', `${me}/totp`, `${me}/totp`, { password: ann.password }, browser)).body;
    await ask('POST', `${me}/totp/verify`, `${me}/totp/verify`, { code: totpCode(url) }, browser);
    // It has another session now, with another CSRF token.
    await browser.api('GET', '/session');
    const other = new TestBrowser(server.url);
    await ask('POST', '/session', '/session', ann, other);
    await ask('POST', '/session/totp', '/session/totp', { code: totpCode(url) }, other);
    await ask('POST', `${me}/totp/disable`, `${me}/totp/disable`, { password: ann.password }, browser);
    const [{ id: session }] = (await other.api('GET', `${me}/sessions`)).body.items;
    expect(session).not.toBe(id);
    await ask('DELETE', `${me}/sessions/{session}`, `${me}/sessions/${session}`, undefined, other);
    const grants = [{ role: 'viewer', project: 'default', environment: 'staging' }];
    const { link } = (await ask('POST', '/invitations', '/invitations', { grants })).body;
    await ask('POST', '/invitations', '/invitations', { grants, email: 'cid@example.com' });
    const [, invitation] = (await ask('GET', '/invitations', '/invitations')).body.items;
    await ask('DELETE', '/invitations/{invitation}', `/invitations/${invitation.id}`);
    const bob = { token: link.split('#')[1], name: 'Bob', email: 'bob@example.com', password: ann.password };
    const bobs = new TestBrowser(server.url);
    await ask('POST', '/invitations/accept', '/invitations/accept', bob, bobs);
    const passwords = { password: bob.password, newPassword: 'another long enough password' };
    await ask('POST', `${me}/password`, `${me}/password`, passwords, bobs);
    const [, { id: person }] = (await ask('GET', '/people', '/people')).body.items;
    await ask('PATCH', '/people/{person}', `/people/${person}`, { grants: [{ role: 'editor' }] });
    const recovery = '/people/{person}/recovery';
    const back = (await ask('POST', recovery, `/people/${person}/recovery`)).body;
    await ask('GET', '/people', '/people');
    const forgotten = { token: back.link.split('#')[1], password: 'a password that is known' };
    await ask('POST', '/session/recovery', '/session/recovery', forgotten, bobs);
    await ask('POST', recovery, `/people/${person}/recovery`);
    await ask('DELETE', recovery, `/people/${person}/recovery`);
    await ask('DELETE', '/people/{person}', `/people/${person}`);
  });

  test('of every route', () => {
    // Those that send a browser elsewhere answer no JSON.
    const all = listOperations()
      .filter(({ responses }) => responses[302] === undefined)
      .map(({ method, path }) => `${method} ${path.replace('/api/v1', '')}`);
    expect([...asked].sort()).toEqual(all.sort());
  });
});

/** Two flags and a segment that use all there is. */
async function fill(): Promise<void> {
  for (const key of ['search', 'late', 'checkout']) await server.api('POST', '/projects/default/flags', { key });
  await server.change({
    segment: 'beta',
    instructions: [
      { kind: 'create-segment', tags: ['people'] },
      { kind: 'add-members', keys: ['ann'] },
      { kind: 'add-members', list: 'excluded', contextKind: 'account', keys: ['7'] },
      {
        kind: 'add-segment-rule',
        rule: { name: 'a tenth', clauses: [{ attribute: 'beta', op: 'in', values: [true] }], weight: 10_000 },
      },
    ],
  });
  const halves = ['on', 'off'].map((variation) => ({ variation, weight: 50_000 }));
  await server.change({
    flag: 'checkout',
    comment: 'all there is',
    instructions: [
      { kind: 'turn-on' },
      { kind: 'turn-on', flag: 'late' },
      { kind: 'add-targets', variation: 'off', keys: ['bob'] },
      { kind: 'add-prerequisite', flag: 'late', prerequisite: { flag: 'search', variation: 'on' } },
      {
        kind: 'add-rule',
        rule: {
          name: 'half of the Dutch',
          clauses: [{ attribute: 'country', op: 'in', values: ['NL', 1, true], negate: false }],
          rollout: { variations: halves, contextKind: 'user', bucketBy: 'email' },
        },
      },
      {
        kind: 'add-rule',
        rule: { clauses: [{ op: 'segmentMatch', values: ['beta'], negate: true }], variation: 'on' },
      },
    ],
  });
}

/** The same schema, with objects that have only what is listed. */
function close(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(close);
  if (typeof schema !== 'object' || schema === null) return schema;
  const closed = Object.fromEntries(Object.entries(schema).map(([name, part]) => [name, close(part)]));
  return 'properties' in closed && closed.type === 'object' ? { additionalProperties: false, ...closed } : closed;
}
