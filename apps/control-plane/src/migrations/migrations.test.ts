import { createMigration, LDMigrationStage, LDMigrationSuccess } from '@launchdarkly/node-server-sdk';
import type { ChangeView, InstanceView } from '@sluice/api-client';
import type { InstructionInput } from '@sluice/authoring';
import type { Running } from '@sluice/protocol';
import { createClient, type Store } from '@sluice/sdk-node';
import {
  type ApiAnswer,
  createFakeLog,
  createLaunchDarklyClient,
  openTestSocket,
  startTestServer,
  type TestServer,
  type TestSocket,
  tellBackfill,
  tellComparisons,
  until,
} from '@sluice/testkit';
import { afterEach, describe, expect, onTestFinished, test } from 'vitest';

const production = '/projects/default/environments/production';
const barrier = `${production}/flags/orders/barrier`;

let server: TestServer;
/** How much later it is for the server. */
let laterMs = 0;
const sockets: TestSocket[] = [];

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.cut();
  await server.close();
});

/** A server with the migration `orders`, whose records have gone so far. */
async function start(stages: readonly string[] = [], workers = 0): Promise<void> {
  laterMs = 0;
  server = await startTestServer({ workers, platform: { now: () => Date.now() + laterMs } });
  await server.api('POST', '/projects/default/flags', { key: 'orders', kind: 'migration' });
  for (const stage of stages) await move({ stage });
}

type Stages = Omit<Extract<InstructionInput, { kind: 'set-stage' }>, 'kind' | 'flag'>;

/** After enough comparisons for any stage. */
async function ask(stages: Stages, more: object = {}): Promise<ApiAnswer> {
  await prove();
  return askBare(stages, more);
}

async function prove(): Promise<void> {
  await tellBackfill(server, 'orders');
  await tellComparisons(server, 'orders', { equal: 3000 });
}

function askBare(stages: Stages, more: object = {}): Promise<ApiAnswer> {
  const instructions = [{ kind: 'set-stage', ...stages }];
  return server.api('POST', `${production}/changes`, { flag: 'orders', instructions, ...more });
}

async function move(stages: object): Promise<ChangeView> {
  await prove();
  return server.change({ flag: 'orders', instructions: [{ kind: 'set-stage', ...stages }] });
}

/** A process with our SDK, as far as it tells what it runs. */
interface Instance {
  readonly epoch: string;
  runs(version: number, more?: object): Promise<void>;
  readonly socket: TestSocket;
}

async function startInstance(key: string): Promise<Instance> {
  const socket = await openTestSocket(server.url, server.sdkKey);
  sockets.push(socket);
  const { state } = JSON.parse((await socket.until('payload-transferred')).at(-1)?.data ?? '');
  const epoch = String(state).split(':')[0] ?? '';
  socket.send({ kind: 'hello', key, session: `of ${key}`, connection: 1, via: 'socket', running: { state } });
  await until(async () => (await listFleet()).some((instance) => instance.instance === key));
  return {
    epoch,
    socket,
    runs: async (version, more = {}) => {
      socket.send({ kind: 'acknowledgement', state: `${epoch}:${version}`, ...more });
      await until(async () => {
        const found = (await listFleet()).find((instance) => instance.instance === key);
        const { oldestVersion, repairs } = more as Pick<Running, 'oldestVersion' | 'repairs'>;
        if (JSON.stringify(found?.repairs ?? []) !== JSON.stringify(repairs ?? found?.repairs ?? [])) return false;
        return found?.version === version && found.oldestVersion === oldestVersion;
      });
    },
  };
}

async function listFleet(): Promise<readonly InstanceView[]> {
  return (await server.api('GET', `${production}/fleet`)).body.items;
}

/** The version that everybody has to have. */
async function versionNeeded(): Promise<number> {
  return (await server.api('GET', barrier)).body.version;
}

describe.each([0, 1])('the barrier before `live`, with %i workers', (workers) => {
  test('opens when every instance has the version, and no operation of an earlier one', async () => {
    await start(['dualwrite'], workers);
    const [one, two] = [await startInstance('web-1'), await startInstance('web-2')];
    const { version } = await move({ stage: 'shadow' });

    await one.runs(version);
    const refused = await ask({ stage: 'live' });
    expect(refused).toMatchObject({
      status: 409,
      body: {
        code: 'barrier-closed',
        title: expect.stringMatching(
          `no record of \`orders\` may go to \`live\` before every instance has version ${version}, .*: 1 instance is waited for`,
        ),
        errors: [{ path: 'instructions[0].overrule', message: `web-2: runs version ${version - 1}` }],
      },
    });

    await two.runs(version, { oldestVersion: version - 1 });
    expect((await ask({ stage: 'live' })).body.errors).toEqual([
      {
        path: 'instructions[0].overrule',
        message: `web-2: has an operation that began under version ${version - 1}`,
      },
    ]);
    expect((await server.api('GET', barrier)).body).toMatchObject({
      isOpen: false,
      version,
      ready: 1,
      waitsFor: [{ instance: 'web-2', version, oldestVersion: version - 1, isForeign: false }],
    });

    await two.runs(version);
    expect((await server.api('GET', barrier)).body).toMatchObject({ isOpen: true, ready: 2, waitsFor: [] });
    expect(await ask({ stage: 'live' })).toMatchObject({ status: 200 });
  });
});

describe('a barrier', () => {
  test('is open where nobody is connected', async () => {
    await start(['dualwrite', 'shadow', 'live', 'rampdown']);
    expect((await server.api('GET', barrier)).body).toMatchObject({ isOpen: true, ready: 0 });
    expect(await ask({ stage: 'complete', confirm: 'orders' })).toMatchObject({ status: 200 });
  });

  test('stands before the first record, wherever it is; others follow at once', async () => {
    await start(['dualwrite', 'shadow']);
    const instance = await startInstance('web-1');
    await move({
      stage: 'shadow',
      when: [{ contextKind: 'tenant', attribute: 'key', op: 'in', values: ['1'] }],
      id: 'a',
    });
    const share = (weight: number): Stages => ({
      rollout: [
        { stage: 'shadow', weight: 100_000 - weight },
        { stage: 'live', weight },
      ],
    });
    expect(await ask({ stage: 'live', cohort: 'a' })).toMatchObject({ body: { code: 'barrier-closed' } });
    expect(await ask(share(1))).toMatchObject({ body: { code: 'barrier-closed' } });
    await instance.runs(await versionNeeded());
    expect(await ask(share(1))).toMatchObject({ status: 200 });
    // Nobody has that version yet.
    expect(await ask(share(50_000))).toMatchObject({ status: 200 });
  });

  test('is passed by nobody who could not use the migration as it is', async () => {
    await start(['dualwrite', 'shadow']);
    const instance = await startInstance('web-1');
    const { version } = await move({ stage: 'dualwrite' });
    const refused = [{ kind: 'flag', key: 'orders', version, reason: 'no such stage' }];
    await instance.runs(version, { refused });
    expect((await ask({ stage: 'live' })).body.errors).toMatchObject([
      { message: 'web-1: could not use it: flag orders: no such stage' },
    ]);
    await instance.runs(version, { refused: [{ ...refused[0], key: 'other' }] });
    expect(await ask({ stage: 'live' })).toMatchObject({ status: 200 });
  });

  test('waits for who is out of contact, until it is gone', async () => {
    await start(['dualwrite']);
    const instance = await startInstance('web-1');
    await move({ stage: 'shadow' });
    instance.socket.cut();
    await until(async () => (await server.api('GET', `${production}/fleet`)).body.offline === 1);
    expect((await ask({ stage: 'live' })).body.errors).toMatchObject([
      { message: expect.stringMatching(/^web-1: runs version \d+; it is out of contact/) },
    ]);
    const again = await startInstance('web-1');
    again.socket.send({ kind: 'goodbye' });
    await until(async () => (await server.api('GET', `${production}/fleet`)).body.gone === 1);
    expect(await ask({ stage: 'live' })).toMatchObject({ status: 200 });
  });

  test('is no matter of changes that nobody waits for: a return is made at once', async () => {
    await start(['dualwrite', 'shadow']);
    const instance = await startInstance('web-1');
    await instance.runs(await versionNeeded());
    await move({ stage: 'live' });
    for (const stage of ['shadow', 'dualwrite'] as const) {
      expect(await ask({ stage })).toMatchObject({ status: 200 });
    }
    // To go on again is to go on.
    expect(await ask({ stage: 'live' })).toMatchObject({ body: { code: 'barrier-closed' } });
  });

  test('stands before `off` once anything has been live, and not before that', async () => {
    await start(['dualwrite']);
    const instance = await startInstance('web-1');
    await move({ stage: 'shadow' });
    expect(await ask({ stage: 'off' })).toMatchObject({ status: 200 });
    for (const stage of ['dualwrite', 'shadow']) await move({ stage });
    await instance.runs(await versionNeeded());
    await move({ stage: 'live' });
    const { version } = await move({ stage: 'shadow' });
    expect(await ask({ stage: 'off' })).toMatchObject({ body: { code: 'barrier-closed' } });
    await instance.runs(version);
    expect(await ask({ stage: 'off' })).toMatchObject({ status: 200 });
  });

  test('stands before `complete`, whatever share it is', async () => {
    await start(['dualwrite', 'shadow', 'live']);
    const instance = await startInstance('web-1');
    const { version } = await move({ stage: 'rampdown' });
    const rollout = [
      { stage: 'rampdown' as const, weight: 99_000 },
      { stage: 'complete' as const, weight: 1000 },
    ];
    expect(await ask({ rollout, confirm: 'orders' })).toMatchObject({
      body: { code: 'barrier-closed', title: expect.stringContaining('`complete`') },
    });
    await instance.runs(version);
    expect(await ask({ rollout, confirm: 'orders' })).toMatchObject({ status: 200 });
  });

  test('is not waited for by those who are named, and the history says who and why', async () => {
    await start(['dualwrite']);
    for (const key of ['web-1', 'web-2']) await startInstance(key);
    await move({ stage: 'shadow' });
    const overrule = { reason: 'it hangs, and is out of the balancer', instances: ['web-2'] };
    expect((await ask({ stage: 'live', overrule })).body.errors).toMatchObject([
      { message: expect.stringContaining('web-1') },
    ]);
    const passed = await ask({ stage: 'live', overrule: { ...overrule, instances: ['web-1', 'web-2'] } });
    expect(passed).toMatchObject({ status: 200 });
    const { effects, instructions } = (await server.api('GET', `${production}/changes/${passed.body.id}`)).body;
    expect(instructions[0].overrule.reason).toBe(overrule.reason);
    expect(effects.at(-1).text).toMatch(
      /^did not wait before `live` for web-1 \(runs version \d+\), web-2 \(runs version \d+\): it hangs, and is out of the balancer$/,
    );
  });

  test('says in a dry run what it would say, and changes nothing', async () => {
    await start(['dualwrite']);
    await startInstance('web-1');
    const { version } = await move({ stage: 'shadow' });
    const tried = await ask({ stage: 'live' }, { dryRun: true });
    expect(tried).toMatchObject({
      status: 200,
      body: {
        status: 'planned',
        barriers: [
          { flag: 'orders', into: 'live', isOpen: false, version, ready: 0, waitsFor: [{ instance: 'web-1' }] },
        ],
      },
    });
    expect(tried.body.effects[0].text).toBe('all records in `live` instead of `shadow`');
    expect((await server.api('GET', `${production}/flags/orders`)).body.fallthrough).toEqual({ variation: 'shadow' });
    expect((await ask({ stage: 'dualwrite' }, { dryRun: true })).body).not.toHaveProperty('barriers');
  });

  test('stands before a revert as before any other change', async () => {
    await start(['dualwrite', 'shadow', 'live']);
    const instance = await startInstance('web-1');
    const back = await move({ stage: 'shadow' });
    await prove();
    const revert = () => server.api('POST', `${production}/changes/${back.id}/revert`, {});
    expect(await revert()).toMatchObject({ status: 409, body: { code: 'barrier-closed' } });
    await instance.runs(back.version);
    expect(await revert()).toMatchObject({ status: 200 });
  });

  test('is one of migrations alone', async () => {
    await start();
    await server.api('POST', '/projects/default/flags', { key: 'checkout' });
    expect(await server.api('GET', `${production}/flags/checkout/barrier`)).toMatchObject({
      status: 404,
      body: { title: '`checkout` is a release; only a migration has a barrier, mismatches and a backfill' },
    });
  });
});

describe('records that wait to be repaired', () => {
  const orders = (depth: number) => [{ migration: 'orders', depth, oldestMs: 12_300 }];

  test.each([
    ['live', ['dualwrite', 'shadow']],
    ['rampdown', ['dualwrite', 'shadow', 'live']],
    ['complete', ['dualwrite', 'shadow', 'live', 'rampdown']],
  ] as const)('stand before `%s`, in whichever instance they are', async (stage, before) => {
    await start(before);
    const [one, two] = [await startInstance('web-1'), await startInstance('web-2')];
    const version = await versionNeeded();
    await one.runs(version, { repairs: orders(3) });
    await two.runs(version, { repairs: [...orders(2), { migration: 'carts', depth: 9, oldestMs: 99_000 }] });
    expect((await server.api('GET', barrier)).body).toMatchObject({
      isOpen: true,
      repairs: {
        ...{ depth: 5, oldestMs: 12_300, instances: ['web-1', 'web-2'] },
        queues: [
          { instance: 'web-1', depth: 3, oldestMs: 12_300 },
          { instance: 'web-2', depth: 2, oldestMs: 12_300 },
        ],
      },
    });
    expect(await ask({ stage, confirm: 'orders' })).toMatchObject({
      status: 409,
      body: {
        errors: [{ message: 'repairs: 5 records wait to be repaired in web-1, web-2, the first for 12 s' }],
      },
    });
    await one.runs(version, { repairs: [] });
    two.socket.send({ kind: 'goodbye' });
    await until(async () => (await server.api('GET', `${production}/fleet`)).body.gone === 1);
    // Whoever starts in its place takes them up.
    expect(await ask({ stage, confirm: 'orders' })).toMatchObject({
      body: { errors: [{ message: 'repairs: 2 records wait to be repaired in web-2, the first for 12 s' }] },
    });
    const again = await startInstance('web-2');
    await again.runs(version);
    expect(await ask({ stage, confirm: 'orders' })).toMatchObject({ status: 409 });
    await again.runs(version, { repairs: [] });
    expect(await ask({ stage, confirm: 'orders' })).toMatchObject({ status: 200 });
  });

  test('stand before it too when they are more than an instance keeps, until it says that they are no more', async () => {
    await start(['dualwrite', 'shadow', 'live']);
    const instance = await startInstance('web-1');
    const version = await versionNeeded();
    await instance.runs(version, { repairs: [{ migration: 'orders', depth: 0, oldestMs: 0, isDirty: true }] });
    const problem =
      'web-1 could not keep all records that are to be repaired: compare all of both stores, then call `markClean()` there';
    expect(await ask({ stage: 'rampdown' })).toMatchObject({
      status: 409,
      body: { errors: [{ message: `repairs: ${problem}` }] },
    });
    expect((await server.api('GET', barrier)).body.repairs).toEqual({
      ...{ depth: 0, oldestMs: 0, instances: [], queues: [], dirty: ['web-1'] },
    });
    await instance.runs(version, { repairs: [{ ...orders(1)[0], isDirty: true }] });
    expect(await ask({ stage: 'rampdown' })).toMatchObject({
      body: {
        errors: [{ message: `repairs: 1 record waits to be repaired in web-1, the first for 12 s; ${problem}` }],
      },
    });
    await instance.runs(version, { repairs: [] });
    expect(await ask({ stage: 'rampdown' })).toMatchObject({ status: 200 });
  });

  test('are nothing that a return waits for', async () => {
    await start(['dualwrite', 'shadow', 'live']);
    const instance = await startInstance('web-1');
    await instance.runs(await versionNeeded(), { repairs: orders(3) });
    for (const stage of ['shadow', 'dualwrite'] as const) expect(await ask({ stage })).toMatchObject({ status: 200 });
  });

  test('are not waited for where somebody says so by name', async () => {
    await start(['dualwrite', 'shadow']);
    const instance = await startInstance('web-1');
    await instance.runs(await versionNeeded(), { repairs: orders(1) });
    const passed = await ask({ stage: 'live', overrule: { reason: 'a test record', checks: ['repairs'] } });
    expect(passed.body.effects.at(-1).text).toBe(
      'did not wait before `live` for repairs (1 record waits to be repaired in web-1, the first for 12 s): a test record',
    );
  });
});

describe('the SDK of LaunchDarkly', () => {
  async function startTheirs() {
    const client = createLaunchDarklyClient(server, 'FDv1 streaming');
    onTestFinished(() => client.close());
    await client.waitForInitialization({ timeout: 20 });
    return client;
  }

  test('asks a migration for its stage, and has the earliest for a context without `record`', async () => {
    await start(['dualwrite', 'shadow']);
    await move({
      rollout: [
        { stage: 'live', weight: 50_000 },
        { stage: 'dualwrite', weight: 50_000 },
      ],
    });
    const client = await startTheirs();
    const stageOf = async (context: object) =>
      (await client.migrationVariation('orders', context as { kind: 'record'; key: string }, LDMigrationStage.Off))
        .value;
    const records = Array.from({ length: 50 }, (_, at) => ({ kind: 'record', key: `order-${at}` }));
    const served = await Promise.all(records.map(stageOf));
    expect([...new Set(served)].sort()).toEqual(['dualwrite', 'live']);
    for (const context of [
      { kind: 'user', key: 'ann' },
      { kind: 'multi', user: { key: 'ann' }, tenant: { key: '1' } },
    ]) {
      expect(await stageOf(context)).toBe('dualwrite');
    }
    // The same record, whoever asks.
    expect(
      await Promise.all(records.map(({ key }) => stageOf({ kind: 'multi', record: { key }, user: { key: 'ann' } }))),
    ).toEqual(served);
  });

  test('may tell each operation of its own helper: batches with such events are taken', async () => {
    await start(['dualwrite']);
    const client = await startTheirs();
    const answer = async () => LDMigrationSuccess('found');
    const orders = createMigration(client, { readOld: answer, readNew: answer, writeOld: answer, writeNew: answer });
    const record = { kind: 'record', key: 'order-1' };
    expect(await orders.write('orders', record, LDMigrationStage.Off)).toMatchObject({
      authoritative: { origin: 'old', success: true },
      nonAuthoritative: { origin: 'new', success: true },
    });
    await client.flush();
    await server.running.context.evaluations.flush();
    // The evaluation comes in the same batch.
    expect((await server.api('GET', `${production}/flags/orders/evaluations`)).body).toMatchObject({
      items: [{ count: 1 }],
    });
  });

  test('keeps barriers closed until a person names it, as it cannot tell what it runs', async () => {
    await start(['dualwrite', 'shadow']);
    await startTheirs();
    await until(async () => (await server.api('GET', `${production}/fleet`)).body.foreign.live === 1);
    const { body } = await ask({ stage: 'live' });
    expect(body).toMatchObject({
      code: 'barrier-closed',
      errors: [{ message: expect.stringMatching(/its SDK \(NodeJSClient\/[\d.]+\) cannot tell what it runs/) }],
    });
    const { waitsFor } = (await server.api('GET', barrier)).body;
    expect(waitsFor).toMatchObject([{ isForeign: true }]);
    const overrule = { reason: 'they only read', instances: [waitsFor[0].sdk] };
    expect(await ask({ stage: 'live', overrule })).toMatchObject({ status: 200 });
  });
});

describe('the archive', () => {
  const toComplete = ['dualwrite', 'shadow', 'live', 'rampdown'];
  const archive = { flag: 'orders', instructions: [{ kind: 'archive' }] };

  /** A process asks for a record, by our SDK. */
  async function evaluate(): Promise<void> {
    const client = createClient({ url: server.url, sdkKey: server.sdkKey, cacheFolder: false, log: createFakeLog() });
    onTestFinished(() => client.close());
    await client.ready();
    const store: Store<object> = {
      read: async () => undefined,
      write: async () => 'applied',
      remove: async () => 'applied',
    };
    await client.migration('orders', { old: store, new: store, journal: false }).read('1');
    await client.flush();
    await server.running.context.evaluations.flush();
  }

  test('takes no migration in `complete` while code asks for it, which would get `off`, unless its key confirms it', async () => {
    await start(toComplete);
    await ask({ stage: 'complete', confirm: 'orders' });
    await evaluate();
    const refused = {
      status: 422,
      body: {
        title: expect.stringMatching(
          /^migration `orders` is in `complete`, and code asked for it at 20\d\d-.*Z: .* its default value, `off`/,
        ),
        errors: [{ path: 'instructions[0].confirm' }],
      },
    };
    expect(await server.api('POST', `${production}/changes`, archive)).toMatchObject(refused);
    expect(await server.api('POST', `${production}/changes`, { ...archive, dryRun: true })).toMatchObject(refused);
    // Nor among others.
    await server.api('POST', '/projects/default/flags', { key: 'banner' });
    const several = { instructions: ['banner', 'orders'].map((flag) => ({ kind: 'archive', flag })) };
    expect(await server.api('POST', `${production}/changes`, several)).toMatchObject({
      status: 422,
      body: { errors: [{ path: 'instructions[1].confirm' }] },
    });
    for (const body of [{ archived: true }, { archived: true, confirm: 'carts' }]) {
      expect(await server.api('PATCH', '/projects/default/flags/orders', body)).toMatchObject({
        status: 422,
        body: { errors: [{ path: 'confirm' }] },
      });
    }
    laterMs = 24 * 3_600_000 - 60_000;
    expect(await server.api('POST', `${production}/changes`, archive)).toMatchObject(refused);
    const confirmed = { archived: true, confirm: 'orders' };
    expect(await server.api('PATCH', '/projects/default/flags/orders', confirmed)).toMatchObject({
      status: 200,
      body: { archived: true },
    });
  });

  test('takes one that nobody asked for within a day', async () => {
    await start(toComplete);
    await ask({ stage: 'complete', confirm: 'orders' });
    await evaluate();
    laterMs = 24 * 3_600_000 + 60_000;
    expect(await server.api('POST', `${production}/changes`, archive)).toMatchObject({ status: 200 });
  });

  test('takes one in `off`, which code gets of it all the same', async () => {
    await start();
    await evaluate();
    expect(await server.api('POST', `${production}/changes`, archive)).toMatchObject({ status: 200 });
  });
});

test('a new environment begins with every migration in `off`', async () => {
  await start(['dualwrite']);
  expect(await server.api('POST', '/projects/default/environments', { key: 'test' })).toMatchObject({ status: 201 });
  const { body } = await server.api('GET', '/projects/default/environments/test/flags/orders');
  expect(body).toMatchObject({ kind: 'migration', on: true, fallthrough: { variation: 'off' } });
});

test('a context without `record` is explained', async () => {
  await start(['dualwrite']);
  const when = [{ contextKind: 'tenant', attribute: 'key', op: 'in', values: ['1'] }];
  await move({ stage: 'shadow', when, id: 'first' });
  const explain = async (context: object) =>
    (await server.api('POST', `${production}/evaluate`, { flag: 'orders', context })).body.because;
  expect(await explain({ kind: 'tenant', key: '1' })).toBe(
    'the context names no `record`, so it is in the earliest stage that is in force: `dualwrite`',
  );
  expect(await explain({ kind: 'multi', tenant: { key: '1' }, record: { key: 'o' } })).toBe(
    'cohort `first` matches, if tenant key is "1": all records in `shadow`',
  );
  expect(await explain({ kind: 'record', key: 'o' })).toBe('no cohort matches: all records in `dualwrite`');
});
