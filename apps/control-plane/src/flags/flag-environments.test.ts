import { startTestServer, type TestServer } from '@sluice/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const production = '/projects/default/environments/production';
const staging = '/projects/default/environments/staging';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
  const flags = [
    { key: 'checkout' },
    { key: 'ttl', kind: 'config', value: 60, config: { schema: { type: 'integer' }, unit: 's' } },
    { key: 'search', kind: 'valve' },
    { key: 'orders', kind: 'migration' },
  ];
  for (const flag of flags) await server.api('POST', '/projects/default/flags', flag);
  await server.change({
    instructions: [
      { kind: 'turn-on', flag: 'checkout' },
      { kind: 'add-targets', flag: 'checkout', variation: 'off', keys: ['tom'] },
      { kind: 'set-value', flag: 'ttl', value: 30 },
      { kind: 'trip', flag: 'search', mode: 'off', reason: 'slow' },
      { kind: 'set-stage', flag: 'orders', stage: 'dualwrite' },
    ],
  });
});

afterAll(() => server.close());

async function compare(flag: string) {
  return (await server.api('GET', `/projects/default/flags/${flag}/environments`)).body;
}

describe('a flag in all environments', () => {
  test('is shown side by side, with what would be different after copying, both ways', async () => {
    const body = await compare('checkout');
    expect(body).toMatchObject({
      key: 'checkout',
      kind: 'release',
      items: [
        { environment: 'production', state: { word: 'on' }, flag: { on: true, targets: [{ keys: ['tom'] }] } },
        { environment: 'staging', state: { word: 'off' }, flag: { on: false, targets: [] } },
      ],
    });
    expect(body.differences).toEqual([
      {
        from: 'production',
        to: 'staging',
        same: false,
        lines: ['turned on', 'user "tom" now always get `off`'],
        more: 0,
      },
      {
        from: 'staging',
        to: 'production',
        same: false,
        lines: ['turned off', 'user "tom" no longer always get `off`'],
        more: 0,
      },
    ]);
  });

  test.each([
    ['ttl', ['value: 60 s → 30 s']],
    ['search', [expect.stringMatching(/^tripped: `off` for everyone until .*: slow$/)]],
    ['orders', ['all records in `dualwrite` instead of `off`']],
  ])('of the kind of %s is compared in the words of that kind', async (flag, lines) => {
    expect((await compare(flag)).differences[0]).toMatchObject({ from: 'production', same: false, lines });
  });

  test('that does the same everywhere has no differences', async () => {
    await server.api('POST', '/projects/default/flags', { key: 'alike' });
    const rule = { clauses: [{ attribute: 'country', op: 'in', values: ['NL'] }], variation: 'on' };
    for (const at of [production, staging])
      await server.api('POST', `${at}/changes`, { flag: 'alike', instructions: [{ kind: 'add-rule', rule }] });
    expect((await compare('alike')).differences).toEqual([
      { from: 'production', to: 'staging', same: true, lines: [], more: 0 },
      { from: 'staging', to: 'production', same: true, lines: [], more: 0 },
    ]);
  });

  test('that is not there is not found', async () => {
    expect((await server.api('GET', '/projects/default/flags/typo/environments')).status).toBe(404);
  });

  test.each(['checkout', 'ttl'])('%s: a dry run of copying says the same lines, and changes nothing', async (flag) => {
    const [difference] = (await compare(flag)).differences;
    const instructions = [{ kind: 'copy-configuration', from: 'production' }];
    const { body } = await server.api('POST', `${staging}/changes`, { flag, instructions, dryRun: true });
    expect(body.status).toBe('planned');
    expect(body.effects.map(({ text }: { text: string }) => text)).toEqual(difference.lines);
    expect((await compare(flag)).differences[0].same).toBe(false);
  });

  test.each([
    ['search', 'valve', '`trip` and `restore`'],
    ['orders', 'migration', '`set-stage` and `remove-cohort`'],
  ])('%s: a %s is not copied, and is told what it follows', async (flag, kind, follows) => {
    const instructions = [{ kind: 'copy-configuration', from: 'production' }];
    const { status, body } = await server.api('POST', `${staging}/changes`, { flag, instructions, dryRun: true });
    expect(status).toBe(422);
    expect(body.errors).toEqual([
      {
        path: 'instructions[0].kind',
        message: `flag \`${flag}\` is a ${kind} and follows ${follows}, got \`copy-configuration\``,
      },
    ]);
  });
});

describe('one change of many flags', () => {
  const keys = Array.from({ length: 200 }, (_, at) => `many-${String(at).padStart(3, '0')}`);

  beforeAll(async () => {
    await server.change({ instructions: keys.map((flag) => ({ kind: 'create-flag', flag, definition: {} })) });
    await server.change({ instructions: keys.map((flag) => ({ kind: 'turn-on', flag })) });
  });

  test('says in a dry run one line for each, in their order, and turns off all or none', async () => {
    const instructions = keys.map((flag) => ({ kind: 'turn-off', flag }));
    const planned = await server.change({ instructions, dryRun: true });
    expect(planned.effects).toEqual(keys.map((key) => ({ kind: 'flag', key, text: 'turned off' })));
    const wrong = [...instructions, { kind: 'turn-off', flag: 'typo' }];
    expect((await server.api('POST', `${production}/changes`, { instructions: wrong })).status).not.toBe(200);
    expect(await server.findServed('many-199')).toMatchObject({ on: true });
    const applied = await server.change({ instructions });
    expect(applied.version).toBe(planned.version);
    expect(await server.findServed('many-000')).toMatchObject({ on: false });
  });

  test('tags and archives in every environment, and turns on in the one that was asked', async () => {
    const instructions = keys.flatMap((flag) => [
      { kind: 'turn-on', flag },
      { kind: 'update-definition', flag, definition: { tags: ['cleanup'] } },
      { kind: 'archive', flag },
    ]);
    const planned = await server.change({ instructions, dryRun: true });
    expect(planned.effects.filter(({ key }) => key === 'many-007').map(({ text }) => text)).toEqual([
      'tags: "" → "cleanup"',
      'archived',
      'turned on',
    ]);
    const applied = await server.change({ instructions });
    expect(applied.group).toBeDefined();
    const { body } = await server.api('GET', `${staging}/changes?limit=1`);
    expect(body.items[0]).toMatchObject({ group: applied.group });
    expect(body.items[0].instructions).toHaveLength(400);
    const rows = await server.api('GET', `${staging}/flag-rows?search=tag:cleanup%20state:archived&limit=1`);
    expect(rows.body.total).toBe(200);
    expect((await server.api('GET', `${staging}/flags/many-007`)).body).toMatchObject({ on: false, archived: true });
    expect((await server.api('GET', `${production}/flags/many-007`)).body).toMatchObject({ on: true, archived: true });
  });
});
