import { arbitraryChanges, buildVariations, startTestServer, type TestServer } from '@sluice/testkit';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const production = '/projects/default/environments/production';
const staging = '/projects/default/environments/staging';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});

afterAll(() => server.close());

async function createFlag(key: string): Promise<void> {
  const body = { key, variations: buildVariations('on', 'blue', 'off') };
  expect((await server.api('POST', '/projects/default/flags', body)).status).toBe(201);
}

function revert(id: string, body: object = {}, at = production) {
  return server.api('POST', `${at}/changes/${id}/revert`, body);
}

/** What SDKs get of a flag, but for its version. */
async function readServed(flag: string): Promise<unknown> {
  const { version: _, ...served } = await server.findServed(flag);
  return served;
}

describe('reverting a change', () => {
  test('brings a configuration back, which nobody can ask for otherwise', async () => {
    await createFlag('brought-back');
    const { id } = await server.change({ flag: 'brought-back', instructions: [{ kind: 'turn-on' }] });
    const { instructions } = (await revert(id)).body;
    expect(instructions).toMatchObject([{ kind: 'replace-configuration', flag: 'brought-back' }]);
    const { status, body } = await server.api('POST', `${production}/changes`, { instructions });
    expect([status, body.errors]).toEqual([
      400,
      [{ path: 'instructions[0].kind', message: expect.stringContaining('got "replace-configuration"') }],
    ]);
    expect(body.errors[0].message).toContain('expected one of "create-flag"');
  });

  test('is a change of its own, that says what it reverts', async () => {
    await createFlag('simple');
    const { id, version } = await server.change({ flag: 'simple', instructions: [{ kind: 'turn-on' }] });
    const { status, body } = await revert(id);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      status: 'applied',
      version: version + 1,
      effects: [{ kind: 'flag', key: 'simple', text: 'turned off' }],
      comment: `reverts version ${version}`,
    });
    expect((await revert(body.id, { comment: 'after all' })).body).toMatchObject({
      comment: 'after all',
      effects: [{ text: 'turned on' }],
    });
  });

  test('can be tried before', async () => {
    await createFlag('tried');
    const { id } = await server.change({ flag: 'tried', instructions: [{ kind: 'turn-on' }] });
    expect((await revert(id, { dryRun: true })).body).toMatchObject({
      status: 'planned',
      effects: [{ text: 'turned off' }],
    });
    expect((await server.findServed('tried')).on).toBe(true);
  });

  test('is refused when everything is as it was already', async () => {
    await createFlag('twice');
    const { id } = await server.change({ flag: 'twice', instructions: [{ kind: 'turn-on' }] });
    await revert(id);
    const { status, body } = await revert(id, { discardLater: true });
    expect([status, body.code, body.title]).toEqual([
      409,
      'conflict',
      'everything already is as it was before that change',
    ]);
  });

  test('lists later changes that would be lost, and does nothing until they may be', async () => {
    await createFlag('contested');
    const first = await server.change({ flag: 'contested', instructions: [{ kind: 'turn-on' }] });
    const second = await server.change({
      flag: 'contested',
      instructions: [{ kind: 'set-fallthrough', variation: 'blue' }],
    });
    await createFlag('uninvolved');
    const refused = await revert(first.id);
    expect(refused.status).toBe(409);
    expect(refused.body).toMatchObject({
      code: 'conflict',
      title: 'later changes would be lost; look at them and ask again with discardLater',
      errors: [
        {
          path: 'discardLater',
          message: `version ${second.version} of production, by first-start: everyone gets \`blue\` instead of \`on\``,
        },
      ],
    });
    expect(await readServed('contested')).toMatchObject({ on: true, fallthrough: { variation: 1 } });
    expect((await revert(first.id, { discardLater: true })).status).toBe(200);
    expect(await readServed('contested')).toMatchObject({ on: false, fallthrough: { variation: 0 } });
  });

  test('lists the newest of many later changes', async () => {
    await createFlag('busy');
    const first = await server.change({ flag: 'busy', instructions: [{ kind: 'turn-on' }] });
    for (let at = 0; at < 51; at++) {
      await server.change({ flag: 'busy', instructions: [{ kind: at % 2 === 0 ? 'turn-off' : 'turn-on' }] });
    }
    const { errors } = (await revert(first.id)).body;
    expect(errors).toHaveLength(51);
    expect(errors[0].message).toContain(`version ${first.version + 51} of production`);
    expect(errors[50].message).toBe('and earlier ones of production');
  });

  test('leaves objects alone that the change did not touch', async () => {
    await createFlag('target');
    await createFlag('bystander');
    const { id } = await server.change({ flag: 'target', instructions: [{ kind: 'turn-on' }] });
    await server.change({ flag: 'bystander', instructions: [{ kind: 'turn-on' }] });
    expect((await revert(id)).status).toBe(200);
    expect((await server.findServed('bystander')).on).toBe(true);
  });

  test('of a deletion brings the flag back in every environment, as it was in each', async () => {
    await createFlag('deleted');
    await server.change({
      flag: 'deleted',
      instructions: [{ kind: 'turn-on' }, { kind: 'add-targets', variation: 'blue', keys: ['ann'] }],
    });
    await server.api('POST', `${staging}/changes`, {
      flag: 'deleted',
      instructions: [{ kind: 'set-off-variation', variation: 'blue' }],
    });
    const before = [await readServed('deleted'), (await server.api('GET', `${staging}/flags/deleted`)).body];
    await server.api('DELETE', '/projects/default/flags/deleted');
    expect(await server.findServed('deleted')).toBeUndefined();
    const { items } = (await server.api('GET', `${production}/changes?flag=deleted&limit=1`)).body;
    expect((await revert(items[0].id)).status).toBe(200);
    // The salt is part of what is served: everybody is in the same bucket again.
    expect(await readServed('deleted')).toEqual(before[0]);
    const { version: _, lastChange, ...here } = (await server.api('GET', `${staging}/flags/deleted`)).body;
    expect(lastChange.comment).toMatch(/^reverts version \d+$/);
    expect(before[1]).toMatchObject(here);
  });

  test('of a definition is one group in all environments again, also in one that was added since', async () => {
    await createFlag('grouped');
    await server.api('PATCH', '/projects/default/flags/grouped', { variations: buildVariations('off', 'on', 'blue') });
    const { items } = (await server.api('GET', `${staging}/changes?flag=grouped&limit=1`)).body;
    await server.api('POST', '/projects/default/environments', { key: 'added' });
    const { body } = await revert(items[0].id, {}, staging);
    expect(body).toMatchObject({ environment: 'staging', group: expect.any(String) });
    for (const environment of ['production', 'staging', 'added']) {
      const at = `/projects/default/environments/${environment}`;
      const [last] = (await server.api('GET', `${at}/changes?flag=grouped&limit=1`)).body.items;
      expect(last.group).toBe(body.group);
    }
    expect((await server.findServed('grouped')).variations).toEqual(['on', 'blue', 'off']);
  });

  test('is refused when what was before needs something that is gone', async () => {
    await createFlag('needs');
    await server.change({
      instructions: [
        { kind: 'create-segment', segment: 'gone' },
        {
          kind: 'add-rule',
          flag: 'needs',
          rule: { id: 'r', clauses: [{ op: 'segmentMatch', values: ['gone'] }], variation: 'on' },
        },
      ],
    });
    const { id } = await server.change({ flag: 'needs', instructions: [{ kind: 'remove-rule', id: 'r' }] });
    await server.change({ segment: 'gone', instructions: [{ kind: 'delete-segment' }] });
    const { status, body } = await revert(id);
    expect([status, body.title]).toEqual([422, 'there is no segment `gone` in this environment']);
  });
});

interface Stored {
  readonly name: string;
  readonly json: string;
}

/** What SDKs of all environments of a project get, but for versions. */
async function readPayloads(project: string): Promise<readonly Stored[]> {
  const rows = await server.running.context.db
    .selectFrom('objects')
    .innerJoin('environments', 'environments.id', 'objects.environmentId')
    .select(['environments.key as environment', 'kind', 'objects.key', 'compiledJson', 'objects.version'])
    .where('projectKey', '=', project)
    .where('compiledJson', 'is not', null)
    .orderBy('environment')
    .orderBy('kind')
    .orderBy('objects.key')
    .execute();
  return rows.map(({ environment, kind, key, compiledJson, version }) => ({
    name: `${environment} ${kind} ${key}`,
    json: compiledJson?.replace(`"version":${version}`, '"version":0') ?? '',
  }));
}

describe('random changes', () => {
  test('and their reverts bring back exactly what SDKs got, in every environment', async () => {
    let projects = 0;
    let reverted = 0;
    await fc.assert(
      fc.asyncProperty(arbitraryChanges, async (changes) => {
        const project = `random-${++projects}`;
        const at = `/projects/${project}/environments/one`;
        await server.api('POST', '/projects', { key: project });
        await server.api('POST', `/projects/${project}/environments`, { key: 'one' });
        await server.api('POST', `/projects/${project}/environments`, { key: 'two' });
        const create = ['a', 'b', 'c'].map((flag) => ({
          kind: 'create-flag',
          flag,
          definition: { variations: buildVariations('on', 'off', 'blue') },
        }));
        const instructions = [
          ...create,
          { kind: 'create-segment', segment: 's' },
          { kind: 'create-segment', segment: 't' },
        ];
        expect((await server.api('POST', `${at}/changes`, { instructions })).status).toBe(200);
        for (const inputs of changes) {
          const before = await readPayloads(project);
          const made = await server.api('POST', `${at}/changes`, { instructions: inputs });
          expect([200, 409, 422]).toContain(made.status);
          if (made.status !== 200 || made.body.status === 'unchanged') continue;
          const after = await readPayloads(project);
          const undone = await revert(made.body.id, {}, at);
          if (undone.status === 409) continue;
          expect(undone.body).toMatchObject({ status: 'applied' });
          expect(await readPayloads(project)).toEqual(before);
          expect((await revert(undone.body.id, {}, at)).body).toMatchObject({ status: 'applied' });
          expect(await readPayloads(project)).toEqual(after);
          reverted++;
        }
        for (const environment of ['one', 'two']) {
          const { body } = await server.api('GET', `/projects/${project}/environments/${environment}/changes/chain`);
          expect(body.intact).toBe(true);
        }
      }),
      { numRuns: 25 },
    );
    expect(reverted).toBeGreaterThan(20);
  });
});
