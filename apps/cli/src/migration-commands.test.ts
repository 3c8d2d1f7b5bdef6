import type { EnvironmentFlagView } from '@sluice/api-client';
import { type EncodedMismatch, TelemetryWindow } from '@sluice/protocol';
import {
  type CommandOutcome,
  openTestSocket,
  runSluice,
  startTestServer,
  type TestServer,
  type TestSocket,
  tellBackfill,
  tellComparisons,
  until,
} from '@sluice/testkit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { CommandPlatform } from './platform.ts';

const production = '/projects/default/environments/production';

let server: TestServer;
const sockets: TestSocket[] = [];

beforeEach(async () => {
  server = await startTestServer();
  await server.api('POST', '/projects/default/flags', { key: 'orders', kind: 'migration' });
});

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.cut();
  await server.close();
});

/** There is no terminal to ask at unless `ask` is given. */
function sluice(line: string, platform: Partial<CommandPlatform> = {}): Promise<CommandOutcome> {
  const variables = { SLUICE_DATA: server.folder };
  return runSluice(line, { variables, home: server.folder, ...platform });
}

function answering(answer: string, asked: string[] = []): Pick<CommandPlatform, 'ask'> {
  return {
    ask: (question) => {
      asked.push(question);
      return Promise.resolve(answer);
    },
  };
}

/** As if enough had been copied and compared for any stage. */
async function prove(): Promise<void> {
  await tellBackfill(server, 'orders');
  await tellComparisons(server, 'orders', { equal: 3000 });
}

async function advanceTo(...stages: readonly string[]): Promise<void> {
  for (const stage of stages) {
    const { exitCode, complained } = await sluice(`migration advance orders --to ${stage} --confirm orders --now`);
    expect([exitCode, complained]).toEqual([0, '']);
    await prove();
  }
}

async function readMigration(): Promise<EnvironmentFlagView> {
  return (await server.api('GET', `${production}/flags/orders`)).body;
}

/** An instance that tells what it has when it comes, and then nothing more. */
async function startInstance(key: string, running: object = {}): Promise<void> {
  const socket = await openTestSocket(server.url, server.sdkKey);
  sockets.push(socket);
  const { state } = JSON.parse((await socket.until('payload-transferred')).at(-1)?.data ?? '');
  socket.send({
    kind: 'hello',
    key,
    session: `of ${key}`,
    connection: 1,
    via: 'socket',
    sdk: 'sluice-node/0.1.0',
    running: { state, ...running },
  });
  await until(async () => JSON.stringify((await server.api('GET', `${production}/fleet`)).body.items).includes(key));
}

/** As if an instance had seen that in the last seconds, each call in 10 ms. */
async function count(events: readonly string[], mismatches: readonly EncodedMismatch[] = []): Promise<void> {
  const window = new TelemetryWindow();
  const tally = window.find('migration', 'orders');
  for (const event of events) tally?.count('default', 'shadow', event, event.includes(' ') ? 10 : 0);
  for (const mismatch of mismatches) tally?.noteMismatch(mismatch);
  const { db, telemetry } = server.running.context;
  const environments = db.selectFrom('environments').select('id').where('key', '=', 'production');
  const { id } = await environments.executeTakeFirstOrThrow();
  const told = telemetry.record(id, { session: 's-1', sequence: 1, agoMs: -20_000, window: window.encode() });
  await telemetry.flush();
  await told;
}

describe('sluice migration create', () => {
  test('makes a migration, and says how to go on', async () => {
    const { printed } = await sluice('migration create users --owner shop -e staging');
    expect(printed).toBe(
      'Created users: off in every environment. Its stages: off → dualwrite → shadow → live → rampdown → complete.\n' +
        'Go on with: sluice migration advance users -e staging',
    );
  });
});

describe('sluice migration list', () => {
  test('says how to create one where there is none', async () => {
    await server.api('DELETE', '/projects/default/flags/orders');
    const none = 'There are no migrations in project default yet. Create one with: sluice migration create MIGRATION';
    expect(await sluice('migration list')).toMatchObject({ exitCode: 0, printed: none });
    expect((await sluice('migration list --json')).printed).toBe('[]');
  });

  test('has a line for every migration and every cohort, and says which store is true', async () => {
    await advanceTo('dualwrite', 'shadow');
    const when = [{ contextKind: 'tenant', attribute: 'key', op: 'in', values: ['42'] }];
    await server.change({ flag: 'orders', instructions: [{ kind: 'set-stage', stage: 'live', when, id: 'first' }] });
    await server.api('POST', '/projects/default/flags', { key: 'users', kind: 'migration' });
    expect((await sluice('migration list')).printed.split('\n')).toEqual([
      'MIGRATION  STAGE   RECORDS                TRUE IS',
      'orders     shadow  all other records      either store, by record',
      '           live    if tenant key is "42"',
      'users      off     all records            the old store',
    ]);
  });
});

describe('sluice migration show', () => {
  test('says where the records are, which store is true, who is waited for, and what to type', async () => {
    await advanceTo('dualwrite', 'shadow');
    await startInstance('web-1');
    await startInstance('web-2', { repairs: [{ migration: 'orders', depth: 2, oldestMs: 12_000 }] });
    await sluice('migration advance orders --percent 25 --overrule x --check repairs --now');
    await count(['read old ok', 'read old ok', 'read new failed', 'equal', 'equal', 'persistent', 'dropped']);
    const { version } = await readMigration();
    const { exitCode, printed } = await sluice('migration show orders');
    expect(exitCode).toBe(0);
    expect(printed.split('\n')).toEqual([
      'orders',
      '  stage    75% shadow, 25% live in production',
      '  true is  either store, by record',
      `  version  ${version}`,
      '',
      'LAST HOUR  STORE  CALLS  FAILED  P50    P95    P99',
      'read       old    2      0       10 ms  10 ms  10 ms',
      'read       new    1      1       10 ms  10 ms  10 ms',
      '',
      expect.stringMatching(
        /^ {2}compared {4}\d+ in the last hour, 0 transient, 1 persistent, 0 ignored, 1 dropped, 0 failed$/,
      ),
      expect.stringMatching(
        /^ {2}mismatches {2}1 of \d+ since the last change: [\d.]+%, at most [\d.]+% with 95% confidence$/,
      ),
      '  repairs     2 records in web-2, the first for 12 s',
      '',
      `  [ ] before live, complete or off: 0 of 2 instances have version ${version}, and no operation of an earlier one`,
      '      WAITS FOR  SDK                WHY',
      `      web-1      sluice-node/0.1.0  runs version ${version - 1}`,
      `      web-2      sluice-node/0.1.0  runs version ${version - 1}`,
      '  [x] backfill, before live: 1 of 1 ranges of the backfill are verified',
      '  [ ] repairs, before live, rampdown, complete: 2 records wait to be repaired in web-2, the first for 12 s',
      expect.stringMatching(/^ {2}\[.\] comparisons, before live: 1 of \d+ comparisons since the last change/),
      '',
      'On:   sluice migration advance orders',
      'Back: sluice migration return orders --reason TEXT',
    ]);
    expect(JSON.parse((await sluice('migration show orders --json')).printed)).toMatchObject({
      kind: 'migration',
      barrier: { isOpen: false, ready: 0, repairs: { depth: 2 } },
      telemetry: { compared: { persistent: 1 } },
    });
  });

  test('shows migrations only', async () => {
    await server.api('POST', '/projects/default/flags', { key: 'checkout' });
    expect(await sluice('migration show checkout')).toMatchObject({
      exitCode: 1,
      complained: expect.stringContaining('checkout is a release, not a migration'),
    });
  });
});

describe('sluice migration mismatches', () => {
  test('says that there are none, and of how many comparisons', async () => {
    const none = 'No record of orders was found that is not the same in both stores of production; ';
    const nothing = { exitCode: 0, printed: `${none}nothing was compared since the last change.` };
    expect(await sluice('migration mismatches orders')).toMatchObject(nothing);
    await tellComparisons(server, 'orders', { equal: 12 });
    expect((await sluice('migration mismatches orders')).printed).toBe(
      `${none}12 reads were compared since the last change.`,
    );
    expect(await sluice('migration mismatches carts')).toMatchObject({ exitCode: 1 });
  });

  test('has a line for every path, with an example', async () => {
    const mismatch = { stage: 'shadow', cohort: 'default', versions: { old: '1' } } as const;
    await count(
      ['persistent', 'persistent'],
      [
        { ...mismatch, record: 'a', differences: [{ path: 'total', old: '9.99', new: '10' }] },
        {
          ...mismatch,
          record: 'b',
          differences: [
            { path: 'total', old: '1.5' },
            { path: '', new: '{}' },
          ],
        },
      ],
    );
    const lines = (await sluice('migration mismatches orders')).printed.split('\n');
    expect(lines.map((line) => line.replaceAll(/\d+ s ago/g, 'now').split(/ {2,}/))).toEqual([
      ['What differs in the last 2 records that were not the same in both stores:'],
      ['PATH', 'RECORDS', 'FIRST', 'LAST', 'EXAMPLE', 'OLD', 'NEW'],
      ['total', '2', 'now', 'now', expect.stringMatching(/^[ab]$/), expect.anything(), expect.anything()],
      ['(all of it)', '1', 'now', 'now', 'b', '(nothing)', '{}'],
    ]);
    expect(JSON.parse((await sluice('migration mismatches orders --json')).printed)).toMatchObject({
      kept: 2,
      items: [{ path: 'total', count: 2 }, { path: '' }],
    });
  });
});

describe('sluice migration backfill', () => {
  const sum = { count: 2, sum: '00000000000000ff' };

  async function tell(what: string, told: object): Promise<void> {
    const response = await fetch(`${server.url}/sdk/v1/migrations/orders/backfill/${what}`, {
      method: 'POST',
      headers: { authorization: server.sdkKey, 'content-type': 'application/json' },
      body: JSON.stringify(told),
    });
    expect(response.status).toBe(200);
  }

  test('says how to begin where there is none', async () => {
    expect((await sluice('migration backfill orders')).printed).toContain('orders has no backfill in production');
  });

  test('shows a map of the ranges, totals, who works on it, how fast and why not faster, and what differs', async () => {
    await sluice('migration advance orders --to dualwrite --now');
    await tell('ranges', { upperBounds: ['c', 'f', 'm'] });
    for (const worker of ['web-1', 'web-1', 'web-2']) await tell('claim', { worker });
    const tally = { rows: 10, inserted: 7, equal: 2, skippedNewer: 1, failed: 0 };
    const pace = { rowsPerSecond: 120.4, reason: 'the rate is 0' };
    for (const position of [0, 1, 2])
      await tell('progress', { position, fence: 1, isCopied: position < 2, tally, pace });
    const equal = { old: sum, new: sum, repaired: 1, reported: [] };
    await tell('verification', { position: 0, fence: 1, verification: equal });
    const reported = [{ key: 'e', reason: 'only the new store has it' }];
    await tell('verification', { position: 1, fence: 1, verification: { ...equal, reported } });
    const { printed, exitCode } = await sluice('migration backfill orders');
    expect(exitCode).toBe(0);
    expect(printed.split('\n')).toEqual([
      'orders in production',
      '  ranges    4: 1 todo, 1 running, 1 verified, 1 dirty',
      '  rows      30: 21 inserted, 6 equal, 3 newer already, 0 failed',
      '  repaired  2',
      '  workers   web-2',
      '  rows/s    120',
      '  slow, as  the rate is 0',
      '',
      '  #!>.',
      '  . todo   > running   = done   # verified   ! dirty',
      '',
      'RANGE  UP TO  STATE    ROWS  ROWS/S  WORKER',
      '1      f      dirty    10',
      '2      m      running  10    120     web-2',
      '',
      'RECORD  DIFFERS',
      'e       only the new store has it',
    ]);
    const json = JSON.parse((await sluice('migration backfill orders --json')).printed);
    expect(json).toMatchObject({ flag: 'orders', rows: 30, ranges: [{ state: 'verified' }, {}, {}, {}] });
  });
});

describe('sluice migration advance', () => {
  test('shows a check that is not passed, asks nothing then, and goes on when it is named', async () => {
    for (const to of ['dualwrite', 'shadow']) await sluice(`migration advance orders --to ${to} --now`);
    const asked: string[] = [];
    expect(await sluice('migration advance orders', answering('y', asked))).toMatchObject({
      exitCode: 1,
      printed: expect.stringMatching(
        /\[ \] backfill, before live: the new store lacks.*\[x\] repairs, before live: no record waits.*\[ \] comparisons, before live: nothing was compared/s,
      ),
      complained: expect.stringMatching(
        /a check is not passed.*--overrule REASON --check backfill --check comparisons$/s,
      ),
    });
    expect(asked).toEqual([]);
    expect(await sluice('migration advance orders --now')).toMatchObject({
      exitCode: 1,
      printed: expect.stringMatching(/\[ \] comparisons, before live: nothing was compared.*it would be refused/s),
      complained: expect.stringMatching(
        /a check is not passed.*--overrule REASON --check backfill --check comparisons$/s,
      ),
    });
    const oneNamed = '--overrule tests --check comparisons';
    expect(await sluice(`migration advance orders --now ${oneNamed}`)).toMatchObject({
      exitCode: 1,
      complained: expect.stringMatching(/--overrule REASON --check backfill --check comparisons$/),
    });
    expect((await sluice('migration advance orders --dry-run')).printed).toMatch(/it would be refused\.$/);
    const overrule = '--overrule tests --check comparisons --check backfill';
    expect((await sluice(`migration advance orders --dry-run ${overrule}`)).printed).toContain(
      '[-] comparisons, before',
    );
    expect(await sluice(`migration advance orders --now ${overrule}`)).toMatchObject({
      exitCode: 0,
      printed: expect.stringContaining('did not wait before `live` for comparisons (nothing was compared'),
    });
  });

  test('goes to the next stage, once somebody has said yes', async () => {
    const asked: string[] = [];
    const { printed } = await sluice('migration advance orders', answering('y', asked));
    expect(asked).toEqual(['Advance orders to dualwrite in production? [y/N] ']);
    expect(printed).toMatch(/flag orders: all records in `dualwrite` instead of `off`/);
    expect((await readMigration()).fallthrough).toEqual({ variation: 'dualwrite' });
    expect(await sluice('migration advance orders', answering('n'))).toMatchObject({ exitCode: 1 });
    expect((await readMigration()).fallthrough).toEqual({ variation: 'dualwrite' });
  });

  test('takes a share of the records along, then more of them, then all', async () => {
    await advanceTo('dualwrite', 'shadow');
    expect((await sluice('migration advance orders --percent 5 --now')).printed).toContain(
      '0% → 5% of records in `live`',
    );
    expect((await sluice('migration advance orders --percent 50% --now')).printed).toContain(
      '5% → 50% of records in `live`',
    );
    expect(await sluice('migration advance orders --percent 20 --now')).toMatchObject({
      exitCode: 2,
      complained: expect.stringContaining('to go back, use: sluice migration return'),
    });
    await sluice('migration advance orders --now');
    expect((await readMigration()).fallthrough).toEqual({ variation: 'live' });
  });

  test('takes a cohort along', async () => {
    await advanceTo('dualwrite');
    const when = [{ contextKind: 'tenant', attribute: 'key', op: 'in', values: ['42'] }];
    await server.change({
      flag: 'orders',
      instructions: [{ kind: 'set-stage', stage: 'dualwrite', when, id: 'first' }],
    });
    await sluice('migration advance orders --cohort first --now');
    expect(await readMigration()).toMatchObject({
      fallthrough: { variation: 'dualwrite' },
      rules: [{ variation: 'shadow' }],
    });
    expect(await sluice('migration advance orders --cohort second --now')).toMatchObject({
      exitCode: 1,
      complained: expect.stringContaining('orders has no cohort second'),
    });
  });

  test('passes on why a move is not safe', async () => {
    expect(await sluice('migration advance orders --to live --now')).toMatchObject({
      exitCode: 1,
      complained: expect.stringContaining('Go by way of `dualwrite` and `shadow`'),
    });
  });

  test('goes to complete when the key is typed again', async () => {
    await advanceTo('dualwrite', 'shadow', 'live', 'rampdown');
    expect(await sluice('migration advance orders --now')).toMatchObject({
      exitCode: 1,
      complained: expect.stringContaining('confirm: "orders"'),
    });
    expect(await sluice('migration advance orders --confirm orders --now')).toMatchObject({ exitCode: 0 });
    expect(await sluice('migration advance orders --now')).toMatchObject({
      exitCode: 2,
      complained: expect.stringContaining('nothing after it'),
    });
  });

  test('shows a barrier that is closed, asks nothing then, and goes through it when those are named who hold it', async () => {
    await advanceTo('dualwrite');
    await startInstance('web-1');
    await advanceTo('shadow');
    const asked: string[] = [];
    const held = await sluice('migration advance orders', answering('y', asked));
    expect(held).toMatchObject({
      exitCode: 1,
      printed: expect.stringMatching(/\[ \] before live: 0 of 1 instance has version \d+.*web-1 {2,}sluice-node/s),
      complained: expect.stringContaining('not every instance can follow yet'),
    });
    expect(asked).toEqual([]);
    expect((await sluice('migration advance orders --dry-run')).printed).toMatch(/\[ \] before live/);
    expect(await sluice('migration advance orders --now')).toMatchObject({
      exitCode: 1,
      printed: expect.stringMatching(/web-1 {2,}sluice-node\S+ +runs version/),
      complained: expect.stringContaining('--overrule REASON --instance web-1'),
    });
    const passed = await sluice('migration advance orders --overrule hangs --instance web-1 --now');
    expect(passed).toMatchObject({
      exitCode: 0,
      printed: expect.stringMatching(/did not wait before `live` for web-1 \(runs version \d+\): hangs/),
    });
  });

  test('proposes no name to be typed that a shell would take for a command', async () => {
    await advanceTo('dualwrite');
    await startInstance('web-1; halt');
    await advanceTo('shadow');
    const { complained } = await sluice('migration advance orders --now');
    expect(complained).toMatch(/--overrule REASON --instance NAME of each$/);
    expect(complained).not.toContain('halt');
  });

  test.each([
    ['--overrule hangs', '--overrule needs --instance NAME or --check NAME'],
    ['--check repairs', '--check goes with --overrule'],
    ['--overrule x --check weather', '--check must be one of backfill, repairs, comparisons, got "weather"'],
    ['--instance web-1', '--instance goes with --overrule'],
    ['--to done', '--to must be one of off, dualwrite'],
    ['--percent 101', '--percent must be a number from 0 to 100'],
  ])('refuses %s', async (options, sentence) => {
    expect(await sluice(`migration advance orders --now ${options}`)).toMatchObject({
      exitCode: 2,
      complained: expect.stringContaining(sentence),
    });
  });

  test('waits until instances have it', async () => {
    await startInstance('web-1');
    const { exitCode, printed } = await sluice('migration advance orders --now --wait --timeout 50ms');
    expect([exitCode, printed]).toEqual([3, expect.stringContaining('0 of 1 instance')]);
  });
});

describe('sluice migration return', () => {
  test('takes everything that is past shadow back there at once, whoever has which version', async () => {
    await advanceTo('dualwrite', 'shadow', 'live');
    await startInstance('web-1');
    const when = [{ contextKind: 'tenant', attribute: 'key', op: 'in', values: ['42'] }];
    await server.change({
      flag: 'orders',
      instructions: [{ kind: 'set-stage', stage: 'rampdown', when, id: 'first' }],
    });
    const { exitCode, printed } = await sluice('migration return orders --reason "wrong totals" --now');
    expect(exitCode).toBe(0);
    expect(printed).toMatch(/^Returned orders to shadow in production \(version \d+\)\./);
    expect(printed).toContain('true is the old store instead of the new store');
    expect(await readMigration()).toMatchObject({
      fallthrough: { variation: 'shadow' },
      rules: [{ variation: 'shadow' }],
    });
    const [last] = (await server.api('GET', `${production}/changes?flag=orders&limit=1`)).body.items;
    expect(last.comment).toBe('wrong totals');
  });

  test('leaves where they are the records that have not come so far', async () => {
    await advanceTo('dualwrite');
    await server.change({
      flag: 'orders',
      instructions: [
        {
          kind: 'set-stage',
          rollout: [
            { stage: 'dualwrite', weight: 60_000 },
            { stage: 'live', weight: 40_000 },
          ],
        },
      ],
    });
    await sluice('migration return orders -m x --now');
    const halves = (await readMigration()).fallthrough;
    expect(halves).toMatchObject({
      rollout: {
        variations: [
          { variation: 'dualwrite', weight: 60_000 },
          { variation: 'shadow', weight: 40_000 },
        ],
      },
    });
    await sluice('migration return orders --to dualwrite -m x --now');
    expect((await readMigration()).fallthrough).toEqual({ variation: 'dualwrite' });
    expect(await sluice('migration return orders -m x --now')).toMatchObject({
      exitCode: 1,
      complained: expect.stringContaining('no record of orders is past shadow in production'),
    });
  });

  test('is made by an operator, who does not advance', async () => {
    await advanceTo('dualwrite', 'shadow', 'live');
    const grants = [{ role: 'operator', project: 'default', environment: 'production' }];
    const { token } = (await server.api('POST', '/tokens', { name: 'on call', grants })).body;
    const variables = { SLUICE_URL: server.url, SLUICE_TOKEN: token };
    for (const to of ['shadow', 'dualwrite']) {
      const { exitCode } = await sluice(`migration return orders --to ${to} -m x --now`, { variables });
      expect([exitCode, (await readMigration()).fallthrough]).toEqual([0, { variation: to }]);
    }
    expect(await sluice('migration advance orders --to shadow --now', { variables })).toMatchObject({
      exitCode: 1,
      complained: expect.stringContaining('this needs the role editor'),
    });
  });

  test('is refused from complete, with what to do instead', async () => {
    await advanceTo('dualwrite', 'shadow', 'live', 'rampdown', 'complete');
    expect(await sluice('migration return orders -m x --now')).toMatchObject({
      exitCode: 1,
      complained: expect.stringContaining('a new migration with old and new swapped'),
    });
  });

  test.each([
    ['', '--reason is missing'],
    ['--reason x --to off', '--to must be shadow or dualwrite'],
  ])('is not made with "%s"', async (options, sentence) => {
    expect(await sluice(`migration return orders --now ${options}`)).toMatchObject({
      exitCode: 2,
      complained: expect.stringContaining(sentence),
    });
  });
});
