import { startTestServer, type TestServer, tamper } from '@sluice/testkit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { getEnvironment } from '../projects/environment-queries.ts';
import { verifyChain } from './chain.ts';

const changes = '/projects/default/environments/production/changes';

let server: TestServer;

/** Four changes of production: versions 1 to 4. */
beforeEach(async () => {
  server = await startTestServer();
  await server.api('POST', '/projects/default/flags', { key: 'checkout' });
  await server.change({ flag: 'checkout', instructions: [{ kind: 'turn-on' }], comment: 'first' });
  await server.change({ segment: 'beta', instructions: [{ kind: 'create-segment' }] });
  await server.change({ flag: 'checkout', instructions: [{ kind: 'turn-off' }] });
});

afterEach(() => server.close());

async function verify(): Promise<unknown> {
  return (await server.api('GET', `${changes}/chain`)).body;
}

/** Tampers with the changes of production. */
async function tamperWith(statement: string): Promise<void> {
  const { db } = server.running.context;
  const production = await db
    .selectFrom('environments')
    .select('id')
    .where('key', '=', 'production')
    .executeTakeFirstOrThrow();
  await tamper(server, statement.replaceAll('$production', `'${production.id}'`));
}

const third = '(select id from changes where environment_id = $production and version = 3)';

describe('the chain of changes', () => {
  test('is intact when nobody touched it', async () => {
    expect(await verify()).toEqual({ intact: true, changes: 4 });
  });

  test('of an environment without changes is intact', async () => {
    const { body } = await server.api('POST', '/projects', { key: 'empty' });
    await server.api('POST', `/projects/${body.key}/environments`, { key: 'dev' });
    expect((await server.api('GET', '/projects/empty/environments/dev/changes/chain')).body).toEqual({
      intact: true,
      changes: 0,
    });
  });

  test.each([
    ['instructions', `update changes set instructions_json = '[]' where id = ${third}`],
    ['effects', `update changes set effects_json = '[]' where id = ${third}`],
    ['comment', `update changes set comment = 'another' where id = ${third}`],
    ['actor', `update changes set actor = 'somebody' where id = ${third}`],
    ['time', `update changes set created_at = created_at + 1 where id = ${third}`],
    ['group', `update changes set group_id = 'x' where id = ${third}`],
    ['hash', `update changes set hash = 'x' where id = ${third}`],
    ['previous hash', `update changes set previous_hash = 'x' where id = ${third}`],
    ['state after it', `update change_objects set after_json = '{}' where change_id = ${third}`],
    ['state before it', `update change_objects set before_json = '{}' where change_id = ${third}`],
    ['object', `update change_objects set key = 'gamma' where change_id = ${third}`],
    ['list of objects', `delete from change_objects where change_id = ${third}`],
    [
      'place in the history of its objects',
      `update change_objects set environment_id = 'x' where change_id = ${third}`,
    ],
  ])('tells at which version the %s of a change was altered', async (_, statement) => {
    await tamperWith(statement);
    expect(await verify()).toMatchObject({ intact: false, changes: 2, broken: { version: 3 } });
  });

  test('tells where a change was removed', async () => {
    await tamperWith('delete from changes where environment_id = $production and version = 2');
    expect(await verify()).toEqual({
      intact: false,
      changes: 1,
      broken: { version: 3, reason: 'it does not follow the change before it' },
    });
  });

  test('tells when the last changes were cut off', async () => {
    await tamperWith('delete from changes where environment_id = $production and version = 4');
    expect(await verify()).toEqual({
      intact: false,
      changes: 3,
      broken: { version: 4, reason: 'the last changes are missing' },
    });
  });

  test('tells when all changes were removed', async () => {
    await tamperWith('delete from changes where environment_id = $production');
    expect(await verify()).toMatchObject({ intact: false, changes: 0 });
  });

  test('is followed in parts where changes are large, and others have their turn in between', async () => {
    const { db, platform } = server.running.context;
    const countTurns = async (): Promise<number> => {
      let turns = 0;
      const later = (callback: () => void) => {
        turns++;
        platform.later(callback);
      };
      const { id } = await getEnvironment(db, 'default', 'production');
      expect(await verifyChain(db, id, { later })).toMatchObject({ intact: true });
      return turns;
    };
    expect(await countTurns()).toBe(1);
    const keys = Array.from({ length: 50_000 }, (_, at) => `${at}-of-a-large-customer-of-ours`);
    for (const kind of ['add-targets', 'turn-on', 'turn-off', 'turn-on', 'turn-off', 'turn-on']) {
      const isTargeting = kind === 'add-targets';
      await server.change({
        flag: 'checkout',
        instructions: [{ kind, ...(isTargeting && { variation: 'on', keys }) }],
      });
    }
    expect(await countTurns()).toBeGreaterThanOrEqual(5);
  });

  test('is intact whatever characters a comment has', async () => {
    const comment = 'é 漢 \u{1F600} "quotes" \\ \n \u2028 \u0001';
    await server.change({ flag: 'checkout', instructions: [{ kind: 'turn-on' }], comment });
    expect(await verify()).toMatchObject({ intact: true });
    expect((await server.api('GET', changes)).body.items[0].comment).toBe(comment);
  });
});
