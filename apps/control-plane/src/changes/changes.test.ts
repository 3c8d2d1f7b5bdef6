import type { ChangeView } from '@sluice/api-client';
import { startTestServer, type TestServer } from '@sluice/testkit';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';

const production = '/projects/default/environments/production';
const staging = '/projects/default/environments/staging';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});

afterAll(() => server.close());

/** Makes flags, turned off and with `fields` in common. */
async function createFlags(keys: readonly string[], fields: object = {}): Promise<void> {
  for (const key of keys) {
    const { status, body } = await server.api('POST', '/projects/default/flags', { key, ...fields });
    if (status !== 201) throw new Error(JSON.stringify(body));
  }
}

async function readVersion(environment = 'production'): Promise<number> {
  const { body } = await server.api('GET', '/projects/default/environments');
  return body.items.find(({ key }: { key: string }) => key === environment).version;
}

function change(body: object, environment = production) {
  return server.api('POST', `${environment}/changes`, body);
}

describe('a change', () => {
  test('is recorded with what was asked, what it did, who made it, and where it leads', async () => {
    await createFlags(['recorded']);
    const before = await readVersion();
    const { status, body } = await change({
      flag: 'recorded',
      comment: 'launch day',
      instructions: [{ kind: 'turn-on' }, { kind: 'add-targets', variation: 'off', keys: ['ann'] }],
    });
    expect(status).toBe(200);
    expect(body).toEqual({
      id: expect.stringMatching(/^[0-9a-z]{12}$/),
      environment: 'production',
      status: 'applied',
      version: before + 1,
      instructions: [
        { kind: 'turn-on', flag: 'recorded' },
        { kind: 'add-targets', flag: 'recorded', variation: 'off', keys: ['ann'] },
      ],
      effects: [
        { kind: 'flag', key: 'recorded', text: 'turned on' },
        { kind: 'flag', key: 'recorded', text: 'user "ann" now always get `off`' },
      ],
      comment: 'launch day',
      actor: 'first-start',
      createdAt: expect.any(Number),
    });
    const flags = [{ key: 'recorded', kind: 'release', state: 'on' }];
    expect((await server.api('GET', `${production}/changes/${body.id}`)).body).toEqual({ ...body, flags });
  });

  test('is listed with what the flags are now that it was about', async () => {
    await createFlags(['listed-on', 'listed-gone']);
    await createFlags(['listed-valve'], { kind: 'valve', variations: [{ value: 'normal' }, { value: 'less' }] });
    const instructions = [
      { kind: 'turn-on', flag: 'listed-on' },
      { kind: 'turn-on', flag: 'listed-gone' },
      { kind: 'trip', flag: 'listed-valve', mode: 'less', reason: 'slow' },
    ];
    await server.change({ instructions });
    await server.change({ flag: 'listed-on', instructions: [{ kind: 'turn-off' }] });
    await server.api('DELETE', '/projects/default/flags/listed-gone');
    const { body } = await server.api('GET', `${production}/changes?limit=3`);
    expect(body.items.map(({ flags = [] }: ChangeView) => flags)).toEqual([
      [],
      [{ key: 'listed-on', kind: 'release', state: 'off' }],
      [
        { key: 'listed-on', kind: 'release', state: 'off' },
        { key: 'listed-valve', kind: 'valve', state: 'tripped' },
      ],
    ]);
  });

  test('raises the version by one, without gaps, however many come at once', async () => {
    await createFlags(['busy']);
    const before = await readVersion();
    const answers = await Promise.all(
      Array.from({ length: 30 }, (_, at) =>
        change({ flag: 'busy', instructions: [{ kind: 'add-targets', variation: 'on', keys: [`user-${at}`] }] }),
      ),
    );
    const versions = answers.map(({ body }) => body.version).sort((a, b) => a - b);
    expect(versions).toEqual(Array.from({ length: 30 }, (_, at) => before + 1 + at));
  });

  test('that is refused leaves the version alone, so that there is no gap after it', async () => {
    await createFlags(['refused']);
    const before = await readVersion();
    expect(
      (await change({ flag: 'refused', instructions: [{ kind: 'turn-on' }, { kind: 'remove-rule', id: 'x' }] })).status,
    ).toBe(422);
    expect((await server.change({ flag: 'refused', instructions: [{ kind: 'turn-on' }] })).version).toBe(before + 1);
  });

  test('leaves the version of an object alone when SDKs would get the same', async () => {
    await createFlags(['renamed']);
    const { version } = await server.findServed('renamed');
    await server.api('PATCH', '/projects/default/flags/renamed', { name: 'Another name' });
    expect((await server.findServed('renamed')).version).toBe(version);
    const { body } = await server.api('GET', `${production}/flags/renamed`);
    expect(body).toMatchObject({ name: 'Another name', version: await readVersion() });
    await server.change({ flag: 'renamed', instructions: [{ kind: 'turn-on' }] });
    expect((await server.findServed('renamed')).version).toBe(await readVersion());
  });

  test('reaches what SDKs get with the version that it made', async () => {
    await createFlags(['served']);
    const { version } = await server.change({ flag: 'served', instructions: [{ kind: 'turn-on' }] });
    expect(await server.findServed('served')).toMatchObject({ on: true, version });
  });
});

describe('a change to what is there already', () => {
  test('answers that nothing changed, takes no version and is not recorded', async () => {
    await createFlags(['still']);
    const { id: last, version } = await server.change({ flag: 'still', instructions: [{ kind: 'turn-on' }] });
    const { status, body } = await change({ flag: 'still', instructions: [{ kind: 'turn-on' }] });
    expect([status, body.status, body.version, body.effects]).toEqual([200, 'unchanged', version, []]);
    expect((await change({ flag: 'still', instructions: [{ kind: 'turn-on' }], dryRun: true })).body).toMatchObject({
      status: 'unchanged',
      version,
    });
    expect(await readVersion()).toBe(version);
    const { items } = (await server.api('GET', `${production}/changes?flag=still`)).body;
    expect(items[0].id).toBe(last);
    expect((await server.api('POST', `${production}/changes/${last}/revert`, {})).status).toBe(200);
    expect((await server.findServed('still')).on).toBe(false);
  });

  test('together with something else is recorded', async () => {
    await createFlags(['partly']);
    const instructions = [{ kind: 'turn-off' }, { kind: 'set-fallthrough', variation: 'off' }];
    expect(await server.change({ flag: 'partly', instructions })).toMatchObject({ status: 'applied' });
  });

  test('in all environments is recorded in none', async () => {
    await createFlags(['everywhere']);
    await server.api('PATCH', '/projects/default/flags/everywhere', { archived: true });
    const before = [await readVersion(), await readVersion('staging')];
    expect((await server.api('PATCH', '/projects/default/flags/everywhere', { archived: true })).status).toBe(200);
    expect([await readVersion(), await readVersion('staging')]).toEqual(before);
  });

  test('is answered the same when it is asked for again under its key', async () => {
    await createFlags(['repeated']);
    const ask = () =>
      server.api(
        'POST',
        `${production}/changes`,
        { flag: 'repeated', instructions: [{ kind: 'turn-off' }] },
        { 'idempotency-key': 'still-off' },
      );
    const { body } = await ask();
    await server.change({ flag: 'repeated', instructions: [{ kind: 'turn-on' }] });
    expect((await ask()).body).toEqual(body);
    expect((await server.findServed('repeated')).on).toBe(true);
  });
});

describe('a dry run', () => {
  test('answers what would be, and keeps nothing of it', async () => {
    await createFlags(['tried']);
    const before = await readVersion();
    const { status, body } = await change({ flag: 'tried', instructions: [{ kind: 'turn-on' }], dryRun: true });
    expect([status, body.status, body.version]).toEqual([200, 'planned', before + 1]);
    expect(body.effects).toMatchObject([{ text: 'turned on' }]);
    expect(await readVersion()).toBe(before);
    expect((await server.api('GET', `${production}/changes/${body.id}`)).status).toBe(404);
    expect((await server.findServed('tried')).on).toBe(false);
  });

  test('is refused for what the change would be refused for', async () => {
    await createFlags(['tried-badly']);
    const body = { flag: 'tried-badly', instructions: [{ kind: 'remove-rule', id: 'x' }], dryRun: true };
    expect((await change(body)).status).toBe(422);
  });
});

describe('expectedVersion', () => {
  test('refuses a change of what somebody else has changed since, by name', async () => {
    await createFlags(['seen', 'unseen']);
    const expectedVersion = await readVersion();
    const { version } = await server.change({ flag: 'seen', instructions: [{ kind: 'turn-on' }] });
    const { status, body } = await change({ flag: 'seen', instructions: [{ kind: 'turn-off' }], expectedVersion });
    expect(status).toBe(409);
    expect(body).toMatchObject({
      code: 'conflict',
      title: `somebody else changed flag \`seen\` in version ${version}, after version ${expectedVersion}`,
      errors: [{ path: 'expectedVersion' }],
    });
  });

  test('refuses a version that the environment has not had yet', async () => {
    await createFlags(['ahead']);
    const version = await readVersion();
    const request = { flag: 'ahead', instructions: [{ kind: 'turn-on' }] };
    const { status, body } = await change({ ...request, expectedVersion: version + 1 });
    expect(status).toBe(409);
    expect(body).toMatchObject({
      code: 'conflict',
      title: `environment \`production\` is at version ${version} and has not been at ${version + 1} yet; read it again, and take the version from there`,
      errors: [{ path: 'expectedVersion', message: `expected at most ${version}, got ${version + 1}` }],
    });
    expect((await change({ ...request, expectedVersion: version })).status).toBe(200);
  });

  test('lets a change through when only other objects have changed since', async () => {
    await createFlags(['mine', 'theirs']);
    const expectedVersion = await readVersion();
    await server.change({ flag: 'theirs', instructions: [{ kind: 'turn-on' }] });
    expect((await change({ flag: 'mine', instructions: [{ kind: 'turn-on' }], expectedVersion })).status).toBe(200);
    expect(
      (await change({ flag: 'mine', instructions: [{ kind: 'turn-off' }], expectedVersion: await readVersion() }))
        .status,
    ).toBe(200);
  });

  test('is what a flag, a segment and their lists tell, also after a change that SDKs get nothing of', async () => {
    await createFlags(['told-release']);
    await createFlags(['told-valve'], { kind: 'valve' });
    await createFlags(['told-config'], { kind: 'config', value: 1 });
    await createFlags(['told-migration'], { kind: 'migration' });
    await change({ instructions: [{ kind: 'create-segment', segment: 'told' }] });
    for (const [flag, list, definition, edit] of [
      ['told-release', 'flag-rows?search=told', { tags: ['a'] }, { kind: 'turn-on' }],
      ['told-valve', 'valves?search=told', { owner: 'ops' }, { kind: 'trip', mode: 'off', reason: 'slow' }],
      ['told-config', 'flags?kind=config', { description: 'seconds' }, { kind: 'set-value', value: 2 }],
      ['told-migration', 'migration-rows', { name: 'Orders' }, { kind: 'set-stage', stage: 'dualwrite' }],
    ] as const) {
      const at = `${production}/flags/${flag}`;
      const before = (await server.api('GET', at)).body.version;
      await server.api('PATCH', `/projects/default/flags/${flag}`, definition);
      const { version: expectedVersion } = (await server.api('GET', at)).body;
      expect([flag, expectedVersion]).toEqual([flag, await readVersion()]);
      const { items } = (await server.api('GET', `${production}/${list}`)).body;
      expect(items).toContainEqual(expect.objectContaining({ key: flag, version: expectedVersion }));
      const stale = await change({ flag, instructions: [edit], expectedVersion: before });
      expect([flag, stale.status]).toEqual([flag, 409]);
      expect((await change({ flag, instructions: [edit], expectedVersion })).status).toBe(200);
    }
    await change({ instructions: [{ kind: 'update-segment', segment: 'told', description: 'those who pay' }] });
    const { version: expectedVersion } = (await server.api('GET', `${production}/segments/told`)).body;
    const edit = { kind: 'add-members', segment: 'told', list: 'included', keys: ['ann'] };
    expect((await change({ instructions: [edit], expectedVersion })).status).toBe(200);
  });

  test('does not take the recompiling of a dependent for a change of it', async () => {
    await createFlags(['needed'], { variations: [{ value: 'a' }, { value: 'b' }] });
    await createFlags(['needing']);
    await server.change({
      flag: 'needing',
      instructions: [{ kind: 'add-prerequisite', prerequisite: { flag: 'needed', variation: 'a' } }],
    });
    const expectedVersion = await readVersion();
    await server.api('PATCH', '/projects/default/flags/needed', { variations: [{ value: 'b' }, { value: 'a' }] });
    expect((await change({ flag: 'needing', instructions: [{ kind: 'turn-on' }], expectedVersion })).status).toBe(200);
  });
});

describe('the history', () => {
  test('lists changes newest first, by flag, segment, actor and time, page by page', async () => {
    await createFlags(['listed', 'unlisted']);
    const { body: other } = await server.api('POST', '/tokens', { name: 'ann' });
    const since = Date.now();
    const [first, second] = [
      await server.change({ flag: 'listed', instructions: [{ kind: 'turn-on' }] }),
      await server.change({ segment: 'listed', instructions: [{ kind: 'create-segment' }] }),
    ];
    await server.change({ flag: 'unlisted', instructions: [{ kind: 'turn-on' }] });
    const { body: third } = await server.api(
      'POST',
      `${production}/changes`,
      { flag: 'listed', instructions: [{ kind: 'turn-off' }] },
      { authorization: `Bearer ${other.token}` },
    );
    const list = async (query: string): Promise<readonly string[]> => {
      const { status, body } = await server.api('GET', `${production}/changes?${query}`);
      expect(status).toBe(200);
      return body.items.map(({ id }: { id: string }) => id);
    };
    expect((await list('flag=listed')).slice(0, 2)).toEqual([third.id, first.id]);
    expect(await list('segment=listed')).toEqual([second.id]);
    expect(await list('actor=ann')).toEqual([third.id]);
    expect(await list(`since=${since}&flag=listed`)).toEqual([third.id, first.id]);
    expect(await list('flag=nothing')).toEqual([]);

    const page = (await server.api('GET', `${production}/changes?flag=listed&limit=1`)).body;
    expect(page.items.map(({ id }: { id: string }) => id)).toEqual([third.id]);
    const next = (await server.api('GET', `${production}/changes?flag=listed&limit=2&cursor=${page.nextCursor}`)).body;
    expect(next.items[0].id).toBe(first.id);
    expect(next.items).toHaveLength(2);
    expect(next).not.toHaveProperty('nextCursor');
  });

  test('refuses a cursor that is none of its own', async () => {
    for (const cursor of ['nonsense', Buffer.from('checkout').toString('base64url'), '%%%']) {
      const { status, body } = await server.api('GET', `${production}/changes?cursor=${encodeURIComponent(cursor)}`);
      expect([status, body.errors]).toEqual([
        400,
        [{ path: 'cursor', message: expect.stringContaining('expected the nextCursor') }],
      ]);
    }
  });
});

describe('a definition', () => {
  const variations = [{ value: 'a' }, { value: 'b' }, { value: 'c' }];

  test('changes in all environments at once, as one group', async () => {
    const [inProduction, inStaging] = [await readVersion(), await readVersion('staging')];
    await createFlags(['shared'], { variations });
    expect([await readVersion(), await readVersion('staging')]).toEqual([inProduction + 1, inStaging + 1]);
    const [here, there] = await Promise.all(
      [production, staging].map(async (at) => (await server.api('GET', `${at}/changes?flag=shared`)).body.items[0]),
    );
    expect(here.group).toEqual(expect.any(String));
    expect(there.group).toBe(here.group);
    expect([here.environment, there.environment]).toEqual(['production', 'staging']);
    expect((await server.api('GET', `${staging}/flags/shared`)).body).toMatchObject({ key: 'shared', on: false });
  });

  test('has another salt in each environment, so that shares differ', async () => {
    await createFlags(['salted']);
    const rows = await server.running.context.db
      .selectFrom('objects')
      .select('stateJson')
      .where('key', '=', 'salted')
      .execute();
    const salts = rows.map(({ stateJson }) => JSON.parse(stateJson ?? '').salt);
    expect(new Set(salts).size).toBe(2);
  });

  test('changed together with a configuration takes the configuration of one environment only', async () => {
    await createFlags(['mixed'], { variations });
    await server.change({
      flag: 'mixed',
      instructions: [
        { kind: 'turn-on' },
        { kind: 'update-definition', definition: { variations: [...variations, { value: 'd' }] } },
        { kind: 'set-fallthrough', variation: 'd' },
      ],
    });
    expect((await server.api('GET', `${production}/flags/mixed`)).body).toMatchObject({
      on: true,
      fallthrough: { variation: 'd' },
    });
    const { body } = await server.api('GET', `${staging}/flags/mixed`);
    expect(body).toMatchObject({ on: false, fallthrough: { variation: 'a' } });
    expect(body.variations).toHaveLength(4);
  });

  test('keeps a variation that another environment still uses, and says where', async () => {
    await createFlags(['kept'], { variations });
    await change({ flag: 'kept', instructions: [{ kind: 'set-fallthrough', variation: 'b' }] }, staging);
    const before = [await readVersion(), await readVersion('staging')];
    const { status, body } = await server.api('PATCH', '/projects/default/flags/kept', {
      variations: [{ value: 'a' }, { value: 'c' }],
    });
    expect(status).toBe(422);
    expect(body.title).toBe('variation `b` is still in use: the fallthrough serves it (in environment `staging`)');
    expect([await readVersion(), await readVersion('staging')]).toEqual(before);
    expect((await server.api('GET', '/projects/default/flags/kept')).body.variations).toHaveLength(3);
  });

  test('whose variations change places makes SDKs get the flags that require one of them anew', async () => {
    await createFlags(['ordered'], { variations });
    await createFlags(['dependent']);
    await server.change({
      flag: 'dependent',
      instructions: [{ kind: 'add-prerequisite', prerequisite: { flag: 'ordered', variation: 'c' } }],
    });
    const before = await server.findServed('dependent');
    expect(before.prerequisites).toEqual([{ key: 'ordered', variation: 2 }]);
    await server.api('PATCH', '/projects/default/flags/ordered', { variations: variations.toReversed() });
    const after = await server.findServed('dependent');
    expect(after.prerequisites).toEqual([{ key: 'ordered', variation: 0 }]);
    expect(after.version).toBeGreaterThan(before.version);
  });
});

describe('a segment that comes to use an operator of ours', () => {
  const ip = { contextKind: 'request', attribute: 'ip', op: 'cidr', values: ['10.0.0.0/8'] };
  const guard = { contextKind: 'sluice', attribute: 'operators', op: 'in', values: ['cidr'], negate: false };

  test('puts a guard before it in every flag that asks it, also through another segment', async () => {
    await createFlags(['asks']);
    await server.change({
      instructions: [
        { kind: 'create-segment', segment: 'inner' },
        { kind: 'create-segment', segment: 'outer' },
        {
          kind: 'add-segment-rule',
          segment: 'outer',
          rule: { id: 'r', clauses: [{ op: 'segmentMatch', values: ['inner'] }] },
        },
        {
          kind: 'add-rule',
          flag: 'asks',
          rule: { id: 'r', clauses: [{ op: 'segmentMatch', values: ['outer'] }], variation: 'on' },
        },
      ],
    });
    expect((await server.findServed('asks')).rules[0].clauses).toHaveLength(1);
    const { version } = await server.change({
      segment: 'inner',
      instructions: [{ kind: 'add-segment-rule', rule: { id: 'ip', clauses: [ip] } }],
    });
    const guarded = await server.findServed('asks');
    expect(guarded.rules[0].clauses[0]).toEqual(guard);
    expect(guarded.version).toBe(version);
    await server.change({ segment: 'inner', instructions: [{ kind: 'remove-segment-rule', id: 'ip' }] });
    expect((await server.findServed('asks')).rules[0].clauses).toHaveLength(1);
  });
});

describe('a flag that goes', () => {
  test('by archiving or deleting, stays a tombstone with a version for SDKs that had it', async () => {
    await createFlags(['archived', 'deleted']);
    const since = await readVersion();
    await server.api('PATCH', '/projects/default/flags/archived', { archived: true });
    await server.api('DELETE', '/projects/default/flags/deleted');
    expect([await server.findServed('archived'), await server.findServed('deleted')]).toEqual([undefined, undefined]);
    const { epoch } = await server.running.context.db
      .selectFrom('environments')
      .select('epoch')
      .where('key', '=', 'production')
      .executeTakeFirstOrThrow();
    const poll = await fetch(`${server.url}/sdk/poll?basis=${epoch}:${since}`, {
      headers: { authorization: server.sdkKey },
    });
    const { events } = JSON.parse(await poll.text());
    expect(events.slice(1)).toEqual([
      { event: 'delete-object', data: { kind: 'flag', key: 'archived', version: since + 1 } },
      { event: 'delete-object', data: { kind: 'flag', key: 'deleted', version: since + 2 } },
      { event: 'payload-transferred', data: { state: `${epoch}:${since + 2}`, version: since + 2, id: 'sluice' } },
    ]);
  });

  test('comes back with a version above its tombstone', async () => {
    await createFlags(['again']);
    await server.api('DELETE', '/projects/default/flags/again');
    const tombstone = await readVersion();
    await createFlags(['again']);
    expect((await server.findServed('again')).version).toBe(tombstone + 1);
  });
});

describe('a flag that is created again', () => {
  test('is refused also when other flags could not be compiled with the new one', async () => {
    await createFlags(['base'], { variations: [{ value: 'a' }, { value: 'b' }] });
    await createFlags(['upon']);
    await server.change({
      flag: 'upon',
      instructions: [{ kind: 'add-prerequisite', prerequisite: { flag: 'base', variation: 'b' } }],
    });
    const instructions = [
      { kind: 'turn-on', flag: 'upon' },
      { kind: 'create-flag', flag: 'base', definition: {} },
    ];
    expect((await change({ instructions })).body).toMatchObject({ status: 409, code: 'already-exists' });
    const again = [{ kind: 'delete', flag: 'base' }, ...instructions.toReversed()];
    expect((await change({ instructions: again })).body).toMatchObject({
      status: 422,
      title: 'flag `base` is a prerequisite of `upon` and cannot be deleted (in environment `production`)',
    });
  });
});

describe('a page of the history', () => {
  test('ends early where changes are large, and the next goes on from there', async () => {
    await createFlags(['large']);
    const keys = Array.from({ length: 50_000 }, (_, at) => `${at}-of-a-large-customer-of-ours`);
    for (let at = 0; at < 5; at++) {
      const kind = at % 2 === 0 ? 'add-targets' : 'remove-targets';
      await server.change({ flag: 'large', instructions: [{ kind, variation: 'on', keys }] });
    }
    const pages: number[][] = [];
    for (let cursor: string | undefined = ''; cursor !== undefined; ) {
      const { body } = await server.api('GET', `${production}/changes?flag=large&limit=500${cursor}`);
      pages.push(body.items.map(({ version }: { version: number }) => version));
      cursor = body.nextCursor && `&cursor=${body.nextCursor}`;
    }
    const last = await readVersion();
    expect(pages.flat()).toEqual([0, 1, 2, 3, 4, 5].map((before) => last - before));
    expect(pages.map((page) => page.length)).toEqual([2, 2, 2]);
  });
});

describe('many objects', () => {
  test('that need each other in a long chain are refused, and those of a chain that is not too long are served', async () => {
    const keys = Array.from({ length: 1000 }, (_, at) => `chain-${at}`);
    await server.change({ instructions: keys.map((flag) => ({ kind: 'create-flag', flag, definition: {} })) });
    const chain = keys.slice(1).map((flag, at) => ({
      kind: 'add-prerequisite',
      flag,
      prerequisite: { flag: `chain-${at}`, variation: 'on' },
    }));
    const { status, body } = await change({ instructions: chain });
    expect([status, body.title]).toEqual([
      422,
      'flag `chain-101` may need at most 100 prerequisites, those of its prerequisites included, got more',
    ]);
    // One after the other: each looks at what is stored of the chain by then.
    for (const instruction of chain.slice(0, 100)) await server.change({ instructions: [instruction] });
    expect((await change({ instructions: [chain[100]] })).status).toBe(422);
    await server.change({ instructions: keys.slice(0, 101).map((flag) => ({ kind: 'turn-on', flag })) });
    const explained = await server.api('POST', `${production}/evaluate`, {
      flag: 'chain-100',
      context: { kind: 'user', key: 'ann' },
    });
    expect(explained.body).toMatchObject({ value: true, reason: { kind: 'FALLTHROUGH' } });
    expect((await server.api('GET', `${production}/flags?limit=500`)).status).toBe(200);
  });

  test('are changed in one change', async () => {
    const keys = Array.from({ length: 500 }, (_, at) => `many-${at}`);
    await server.change({ instructions: keys.map((flag) => ({ kind: 'create-flag', flag, definition: {} })) });
    const { effects } = await server.change({ instructions: keys.map((flag) => ({ kind: 'turn-on', flag })) });
    expect(effects).toHaveLength(500);
    expect((await server.findServed('many-499')).on).toBe(true);
  });

  test('are more than one statement of the database can take, and all start in a new environment', async () => {
    await server.api('POST', '/projects', { key: 'large' });
    await server.api('POST', '/projects/large/environments', { key: 'one' });
    for (let part = 0; part < 5; part++) {
      const keys = Array.from({ length: 1000 }, (_, at) => `flag-${part}-${at}`);
      const instructions = keys.map((flag) => ({ kind: 'create-flag', flag, definition: {} }));
      const { body } = await server.api('POST', '/projects/large/environments/one/changes', { instructions });
      expect(body).toMatchObject({ version: part + 1 });
      if (part > 0) continue;
      const { status } = await server.api('POST', `/projects/large/environments/one/changes/${body.id}/revert`, {
        dryRun: true,
      });
      expect(status).toBe(200);
    }
    const { status } = await server.api('POST', '/projects/large/environments', { key: 'two' });
    expect(status).toBe(201);
    const last = (await server.api('GET', '/projects/large/environments/two/flags?limit=1')).body;
    expect(last.items).toMatchObject([{ key: 'flag-0-0', on: false, version: 1 }]);
  }, 120_000);
});

describe('the list of changes', () => {
  test('is of one kind of object, or of those whose comment says something', async () => {
    const own = await startTestServer();
    onTestFinished(() => own.close());
    const path = '/projects/default/environments/production/changes';
    for (const kind of ['release', 'valve']) await own.api('POST', '/projects/default/flags', { key: kind, kind });
    const off = await own.change({
      flag: 'release',
      instructions: [{ kind: 'turn-on' }],
      comment: 'To 100%_ of \\users',
    });
    const made = await own.change({
      segment: 'beta',
      instructions: [{ kind: 'create-segment' }],
      comment: 'to 1000 users',
    });
    const trip = { kind: 'trip', mode: 'off', reason: 'slow', share: { contextKind: 'account', weight: 1000 } };
    const tripped = await own.change({ flag: 'valve', instructions: [trip] });
    const list = async (query: string) =>
      (await own.api('GET', `${path}?${query}`)).body.items.map(({ version }: { version: number }) => version);
    expect(await list('kind=segment')).toEqual([made.version]);
    expect(await list('kind=valve')).toEqual([tripped.version, 2]);
    expect(await list('kind=release')).toEqual([off.version, 1]);
    expect(await list('kind=config')).toEqual([]);
    expect(await list('comment=to%20100')).toEqual([made.version, off.version]);
    for (const text of ['100%25', '%25_', '%5CUSERS']) expect(await list(`comment=${text}`)).toEqual([off.version]);
    expect((await own.api('GET', `${path}?kind=flag`)).status).toBe(400);
  });

  // PostgreSQL goes by the locale of its database.
  test('of an embedded database is searched with letters of any alphabet, upper or lower case', async () => {
    const own = await startTestServer({ embedded: true });
    onTestFinished(() => own.close());
    await own.api('POST', '/projects/default/flags', { key: 'listed' });
    await own.change({ flag: 'listed', instructions: [{ kind: 'turn-on' }], comment: 'bei Überlast' });
    const path = '/projects/default/environments/production/changes';
    const { body } = await own.api('GET', `${path}?comment=${encodeURIComponent('üBERLAST')}`);
    expect(body.items).toMatchObject([{ comment: 'bei Überlast' }]);
  });
});
