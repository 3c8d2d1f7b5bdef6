import { buildVariations, startTestServer, type TestServer } from '@sluice/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const production = '/projects/default/environments/production';
const minuteMs = 60_000;

let server: TestServer;
/** The server's clock: it only moves when a test says so, so that "since" is what the test means. */
let now = Date.now();

beforeAll(async () => {
  server = await startTestServer({ platform: { now: () => now } });
});

afterAll(() => server.close());

async function createFlag(key: string, body: object = {}): Promise<void> {
  const definition = { key, variations: buildVariations('on', 'blue', 'off'), ...body };
  expect((await server.api('POST', '/projects/default/flags', definition)).status).toBe(201);
}

function revertSince(body: object) {
  return server.api('POST', `${production}/revert-since`, body);
}

/** A minute passes; what is done from now on is since then. */
function passMinute(): number {
  now += minuteMs;
  return now;
}

async function turnOn(flag: string) {
  return server.change({ flag, instructions: [{ kind: 'turn-on' }] });
}

describe('everything since a time', () => {
  test('is set back by one change, after a look at what that does', async () => {
    for (const key of ['since-a', 'since-b', 'since-still']) await createFlag(key);
    await server.change({ instructions: [{ kind: 'create-segment', segment: 'since-s' }] });
    const since = passMinute();
    const first = await turnOn('since-a');
    passMinute();
    await server.change({ flag: 'since-a', instructions: [{ kind: 'set-fallthrough', variation: 'blue' }] });
    await turnOn('since-b');
    const last = await server.change({
      segment: 'since-s',
      instructions: [{ kind: 'add-members', keys: ['ann'] }],
      comment: 'for ann',
    });
    const planned = await revertSince({ since, dryRun: true });
    expect(planned.status).toBe(200);
    expect(planned.body).toMatchObject({ status: 'planned', since, version: last.version, untouched: [] });
    expect(planned.body.objects.map(({ kind, key, effects }: never) => ({ kind, key, effects }))).toEqual([
      {
        kind: 'flag',
        key: 'since-a',
        effects: ['turned off', 'everyone gets `on` instead of `blue`'],
      },
      { kind: 'flag', key: 'since-b', effects: ['turned off'] },
      { kind: 'segment', key: 'since-s', effects: [expect.stringContaining('ann')] },
    ]);
    expect(planned.body.objects[0]).toMatchObject({
      isSelected: true,
      flagKind: 'release',
      changeCount: 2,
      changes: [{ createdAt: since + minuteMs }, { id: first.id, createdAt: since, actor: 'first-start' }],
      others: [],
      later: [],
    });
    expect(planned.body.objects[2].changes).toMatchObject([{ id: last.id, comment: 'for ann' }]);
    expect((await server.findServed('since-a')).on).toBe(true);

    const { body } = await revertSince({ since, expectedVersion: planned.body.version });
    expect(body).toMatchObject({ status: 'applied', version: last.version + 1, change: { version: last.version + 1 } });
    expect(body.change.comment).toBe(`sets 3 objects back to ${new Date(since).toISOString()}`);
    expect(await server.findServed('since-a')).toMatchObject({ on: false, fallthrough: { variation: 0 } });
    expect((await server.findServed('since-b')).on).toBe(false);
    expect((await server.api('GET', `${production}/segments/since-s`)).body.included).toEqual([]);
  });

  test('is nothing to do when nothing was changed, and when all is as it was again', async () => {
    await createFlag('quiet');
    const since = passMinute();
    expect((await revertSince({ since })).body).toMatchObject({
      status: 'unchanged',
      because: 'nothing was changed since',
      objects: [],
    });
    await turnOn('quiet');
    const { version } = await server.change({ flag: 'quiet', instructions: [{ kind: 'turn-off' }] });
    expect((await revertSince({ since })).body).toMatchObject({
      status: 'unchanged',
      because: 'nothing of what was changed since is to be set back',
      version,
      untouched: [{ key: 'quiet', reason: 'it is as it was then already' }],
    });
  });

  test('but what is deselected; a name that nothing has is refused', async () => {
    for (const key of ['kept', 'not-kept']) await createFlag(key);
    const since = passMinute();
    for (const key of ['kept', 'not-kept']) await turnOn(key);
    expect((await revertSince({ since, deselect: ['flag:kep'] })).body).toMatchObject({
      code: 'invalid-request',
      errors: [{ path: 'deselect[0]', message: 'expected what was changed since, got `flag:kep`' }],
    });
    const { body } = await revertSince({ since, deselect: ['flag:kept'] });
    expect(body.objects).toMatchObject([
      { key: 'kept', isSelected: false },
      { key: 'not-kept', isSelected: true },
    ]);
    expect([(await server.findServed('kept')).on, (await server.findServed('not-kept')).on]).toEqual([true, false]);
    const both = ['flag:kept', 'flag:not-kept'];
    expect((await revertSince({ since, deselect: both })).body).toMatchObject({
      status: 'unchanged',
      because: 'nothing is selected',
    });
  });

  test('names everybody else who changed an object', async () => {
    await createFlag('shared');
    const since = passMinute();
    await turnOn('shared');
    const { body } = await server.api('POST', '/tokens', { name: 'lena' });
    const asLena = { authorization: `Bearer ${body.token}` };
    const request = { flag: 'shared', instructions: [{ kind: 'set-fallthrough', variation: 'blue' }] };
    expect((await server.api('POST', `${production}/changes`, request, asLena)).status).toBe(200);
    expect((await revertSince({ since, dryRun: true })).body.objects[0].others).toEqual(['lena']);
  });

  test('conflicts where somebody changed something after the look, and does not take in what else came', async () => {
    for (const key of ['looked-at', 'afterwards']) await createFlag(key);
    const since = passMinute();
    const { version } = await turnOn('looked-at');
    await turnOn('afterwards');
    const { body } = await revertSince({ since, expectedVersion: version });
    expect(body.objects.map(({ key }: never) => key)).toEqual(['looked-at']);
    expect((await server.findServed('afterwards')).on).toBe(true);

    const again = passMinute();
    const seen = await turnOn('looked-at');
    await server.change({ flag: 'looked-at', instructions: [{ kind: 'set-fallthrough', variation: 'blue' }] });
    const late = await revertSince({ since: again, expectedVersion: seen.version });
    expect([late.status, late.body.title]).toEqual([
      409,
      `somebody else changed flag \`looked-at\` in version ${seen.version + 1}, after version ${seen.version}`,
    ]);
  });

  test('up to a later time lists what came after it, and loses that only when told to', async () => {
    await createFlag('bounded');
    const since = passMinute();
    await turnOn('bounded');
    const until = now;
    passMinute();
    const later = await server.change({
      flag: 'bounded',
      instructions: [{ kind: 'set-fallthrough', variation: 'blue' }],
    });
    const planned = await revertSince({ since, until, dryRun: true });
    expect(planned.body.objects).toMatchObject([{ key: 'bounded', later: [{ id: later.id }] }]);
    const refused = await revertSince({ since, until });
    expect(refused.body).toMatchObject({
      code: 'conflict',
      errors: [{ path: 'discardLater', message: `version ${later.version} of flag \`bounded\`, by first-start` }],
    });
    expect((await server.findServed('bounded')).on).toBe(true);
    expect((await revertSince({ since, until, discardLater: true })).body.status).toBe('applied');
    expect((await server.findServed('bounded')).on).toBe(false);
  });

  test('turns off what was created since, and says what stays and why', async () => {
    for (const key of ['archived', 'deleted', 'redefined', 'needed']) await createFlag(key);
    const since = passMinute();
    await createFlag('new-on');
    await turnOn('new-on');
    await createFlag('new-off');
    await createFlag('new-valve', { kind: 'valve', variations: buildVariations('normal', 'off') });
    await server.change({ instructions: [{ kind: 'create-segment', segment: 'new-segment' }] });
    await server.change({ flag: 'archived', instructions: [{ kind: 'archive' }] });
    const { id } = await server.change({ flag: 'deleted', instructions: [{ kind: 'delete' }] });
    await turnOn('redefined');
    await server.change({
      flag: 'redefined',
      instructions: [{ kind: 'update-definition', definition: { name: 'Other' } }],
    });
    const { body } = await revertSince({ since });
    expect(body.status).toBe('applied');
    expect(body.objects.map(({ key, effects }: never) => [key, effects])).toEqual([
      ['new-on', ['turned off']],
      ['redefined', ['turned off']],
    ]);
    expect(body.untouched).toEqual([
      { kind: 'flag', key: 'new-off', reason: 'it was created since, and is off' },
      { kind: 'flag', key: 'new-valve', reason: 'it was created since, and a valve is not turned off' },
      { kind: 'segment', key: 'new-segment', reason: 'it was created since, and stays' },
      { kind: 'flag', key: 'archived', reason: 'it is archived, in every environment' },
      {
        kind: 'flag',
        key: 'deleted',
        reason: `it was deleted since, in every environment; revert change ${id} to bring it back`,
      },
      {
        kind: 'flag',
        key: 'redefined',
        reason: 'its definition was changed since, for every environment: that stays',
      },
    ]);
    expect((await server.api('GET', `${production}/flags/redefined`)).body).toMatchObject({ name: 'Other', on: false });
  });

  test('leaves out what cannot be followed any more, with the reason, and sets back the rest', async () => {
    for (const key of ['dependent', 'gone', 'rest']) await createFlag(key);
    const requirement = { flag: 'gone', variation: 'on' };
    await server.change({
      flag: 'dependent',
      instructions: [{ kind: 'add-prerequisite', prerequisite: requirement }],
    });
    const since = passMinute();
    await turnOn('rest');
    await server.change({
      flag: 'dependent',
      instructions: [{ kind: 'remove-prerequisite', prerequisite: { flag: 'gone' } }],
    });
    await server.change({ flag: 'gone', instructions: [{ kind: 'delete' }] });
    const { body } = await revertSince({ since });
    expect(body.objects.map(({ key }: never) => key)).toEqual(['rest']);
    expect(body.untouched.map(({ key }: never) => key)).toEqual(['gone', 'dependent']);
    expect(body.untouched[1].reason).toContain('`gone`');
    expect((await server.findServed('rest')).on).toBe(false);
  });

  test('brings back a segment that was deleted, and the rule that asked it', async () => {
    await createFlag('asks');
    await server.change({ instructions: [{ kind: 'create-segment', segment: 'asked' }] });
    const rule = { clauses: [{ op: 'segmentMatch', values: ['asked'] }], variation: 'blue' };
    const { instructions } = await server.change({ flag: 'asks', instructions: [{ kind: 'add-rule', rule }] });
    const since = passMinute();
    // The id was made when the rule was.
    const { id } = (instructions[0] as { rule: { id: string } }).rule;
    await server.change({ flag: 'asks', instructions: [{ kind: 'remove-rule', id }] });
    await server.change({ segment: 'asked', instructions: [{ kind: 'delete-segment' }] });
    expect((await revertSince({ since })).body).toMatchObject({ status: 'applied', untouched: [] });
    expect((await server.findServed('asks')).rules).toMatchObject([{ id, clauses: [{ values: ['asked'] }] }]);
  });
});

describe('a migration', () => {
  const toStage = (stage: string, more: object = {}) =>
    server.change({ flag: 'orders', instructions: [{ kind: 'set-stage', stage, ...more }] });

  test('goes back only by name, and by the rules of stages', async () => {
    await createFlag('orders', { kind: 'migration', variations: undefined });
    await createFlag('beside');
    const since = passMinute();
    await toStage('dualwrite');
    await turnOn('beside');
    const planned = await revertSince({ since, dryRun: true });
    expect(planned.body.objects).toMatchObject([
      { key: 'orders', isSelected: false, reason: expect.stringContaining('never returned silently') },
      { key: 'beside', isSelected: true },
    ]);
    await revertSince({ since });
    expect((await server.findServed('beside')).on).toBe(false);
    expect((await server.api('GET', `${production}/flags/orders`)).body.fallthrough).toEqual({
      variation: 'dualwrite',
    });

    expect((await revertSince({ since, include: ['flag:orders'] })).body).toMatchObject({ status: 'applied' });
    expect((await server.api('GET', `${production}/flags/orders`)).body.fallthrough).toEqual({ variation: 'off' });
  });

  test('that may not go to where it was stays, and by name the whole is refused', async () => {
    const since = passMinute();
    await toStage('dualwrite');
    await toStage('shadow');
    await toStage('live', { overrule: { reason: 'a test', checks: ['backfill', 'repairs', 'comparisons'] } });
    passMinute();
    await turnOn('beside');
    const include = ['flag:orders'];
    const { body } = await revertSince({ since, include, dryRun: true });
    expect(body.objects.map(({ key }: never) => key)).toEqual(['beside']);
    expect(body.untouched).toMatchObject([{ key: 'orders', reason: expect.stringContaining('at once') }]);
    const refused = await revertSince({ since, include });
    expect([refused.status, refused.body.code]).toEqual([422, 'invalid-change']);
    expect((await server.findServed('beside')).on).toBe(true);
  });
});
