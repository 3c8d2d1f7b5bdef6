import { createTestLog, startTestServer, type TestLog, type TestServer, testStore } from '@sluice/testkit';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const production = '/projects/default/environments/production';

let server: TestServer;
let log: TestLog;

beforeAll(async () => {
  log = createTestLog();
  server = await startTestServer({ log: log.log });
});

afterAll(() => server.close());

/** Asks under an `Idempotency-Key`. */
function repeatable(key: string, method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
  return server.api(method, path, body, { 'idempotency-key': key, ...headers });
}

describe('a repeated request', () => {
  test('gets the first answer and does nothing', async () => {
    await server.api('POST', '/projects/default/flags', { key: 'once' });
    const body = { flag: 'once', instructions: [{ kind: 'turn-on' }] };
    const first = await repeatable('a', 'POST', `${production}/changes`, body);
    const second = await repeatable('a', 'POST', `${production}/changes`, body);
    expect(second.body).toEqual(first.body);
    expect([first.status, second.status]).toEqual([200, 200]);
    expect([first, second].map(({ headers }) => headers.get('idempotency-replayed'))).toEqual([null, 'true']);
    const { items } = (await server.api('GET', `${production}/changes?flag=once`)).body;
    expect(items[0].version).toBe(first.body.version);
  });

  test('gets new keys again, which are stored encrypted only', async () => {
    const first = await repeatable('b', 'POST', '/tokens', { name: 'ci' });
    const second = await repeatable('b', 'POST', '/tokens', { name: 'ci' });
    expect(second.body).toEqual(first.body);
    expect(
      (await server.api('GET', '/tokens')).body.items.filter(({ name }: { name: string }) => name === 'ci'),
    ).toHaveLength(1);
    const { db } = server.running.context;
    expect(JSON.stringify(await db.selectFrom('idempotencyKeys').selectAll().execute())).not.toContain(
      first.body.token,
    );
  });

  test('is done once also when both come at the same time', async () => {
    const answers = await Promise.all(
      [1, 2, 3, 4].map(() => repeatable('c', 'POST', '/projects', { key: 'concurrent' })),
    );
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 201]);
    expect(answers.filter(({ headers }) => headers.get('idempotency-replayed') === null)).toHaveLength(1);
  });

  test('with another body or to another place is refused', async () => {
    await repeatable('d', 'POST', '/projects', { key: 'first' });
    for (const [path, body] of [
      ['/projects', { key: 'second' }],
      ['/tokens', { name: 'first' }],
    ] as const) {
      const { status, body: problem } = await repeatable('d', 'POST', path, body);
      expect([status, problem.code, problem.title]).toEqual([
        422,
        'idempotency-key-reused',
        'this Idempotency-Key was used for a different request',
      ]);
    }
    expect((await server.api('GET', '/projects')).body.items.map(({ key }: { key: string }) => key)).not.toContain(
      'second',
    );
  });

  test('of somebody else is another request', async () => {
    const { body } = await server.api('POST', '/tokens', { name: 'other' });
    expect((await repeatable('e', 'POST', '/projects', { key: 'mine' })).status).toBe(201);
    const answer = await repeatable(
      'e',
      'POST',
      '/projects',
      { key: 'mine' },
      { authorization: `Bearer ${body.token}` },
    );
    expect(answer.status).toBe(409);
  });

  test('that was refused before, or only tried, is done now', async () => {
    await server.api('POST', '/projects/default/flags', { key: 'later' });
    const body = { flag: 'later', instructions: [{ kind: 'turn-on' }] };
    expect((await repeatable('f', 'POST', `${production}/changes`, { ...body, flag: 'absent' })).status).toBe(422);
    expect((await repeatable('f', 'POST', `${production}/changes`, { ...body, dryRun: true })).status).toBe(200);
    const answer = await repeatable('f', 'POST', `${production}/changes`, body);
    expect([answer.status, answer.body.status]).toEqual([200, 'applied']);
  });

  test('of a deletion gets the empty answer again', async () => {
    await server.api('POST', '/projects/default/flags', { key: 'leaving' });
    for (const _ of [1, 2]) {
      expect(await repeatable('g', 'DELETE', '/projects/default/flags/leaving')).toMatchObject({
        status: 204,
        body: undefined,
      });
    }
  });
});

/** Make the database refuse to record a change. */
const traps = {
  sqlite: {
    set: ["create trigger refuse before insert on changes begin select raise(abort, 'the disk said no'); end"],
    remove: 'drop trigger refuse',
  },
  postgres: {
    set: [
      "create function refuse() returns trigger language plpgsql as $$ begin raise 'the disk said no'; end $$",
      'create trigger refuse before insert on changes execute function refuse()',
    ],
    remove: 'drop function refuse cascade',
  },
} as const;

describe('a command that fails in the middle', () => {
  test('leaves nothing behind, says nothing of its cause, and the log has all of it under the id of the request', async () => {
    const { db } = server.running.context;
    const rows = async () => (await sql`select count(*) as n from objects`.execute(db)).rows;
    const before = await rows();
    const trap = traps[testStore];
    for (const statement of trap.set) await sql.raw(statement).execute(db);
    const { status, body } = await server.api('POST', '/projects/default/flags', { key: 'half' });
    await sql.raw(trap.remove).execute(db);
    expect(status).toBe(500);
    expect(body).toEqual({
      type: 'about:blank',
      status: 500,
      code: 'internal',
      title: 'something went wrong here; the log has the details under this request id',
      requestId: expect.any(String),
    });
    expect(await rows()).toEqual(before);
    expect(log.errors).toHaveLength(1);
    expect(JSON.parse(log.errors[0] ?? '')).toMatchObject({
      reqId: body.requestId,
      err: { message: expect.stringContaining('the disk said no') },
    });
    expect((await server.api('POST', '/projects/default/flags', { key: 'half' })).status).toBe(201);
  });
});
