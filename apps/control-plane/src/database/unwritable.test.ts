import { startTestServer, type TestServer } from '@sluice/testkit';
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openStore } from './open-store.ts';

let server: TestServer;

beforeEach(async () => {
  server = await startTestServer({ embedded: true });
  await server.api('POST', '/projects/default/flags', { key: 'stays' });
});

afterEach(() => server.close());

const setPragma = (text: string) => sql.raw(`pragma ${text}`).execute(server.running.context.db);

/** Lets the database grow by no page more. */
async function fillDisk(): Promise<void> {
  const { rows } = await sql<{ pageCount: number }>`pragma page_count`.execute(server.running.context.db);
  await setPragma(`max_page_count = ${rows[0]?.pageCount}`);
}

const createFlag = (key: string) =>
  server.api('POST', '/projects/default/flags', { key, description: 'x'.repeat(4000) });

describe('an embedded database that cannot be written', () => {
  test('because the disk is full refuses changes with a sentence that says so, and takes them again afterwards', async () => {
    await fillDisk();
    for (let at = 0; at < 20; at++) {
      const { status, headers, body } = await createFlag('refused');
      expect(headers.get('content-type')).toContain('application/problem+json');
      expect({ status, body }).toMatchObject({
        status: 503,
        body: { code: 'unavailable', title: 'the disk of the database is full; make room there, then try again' },
      });
    }
    expect((await server.api('GET', '/projects/default/flags')).body.items).toMatchObject([{ key: 'stays' }]);
    expect(await server.findServed('stays')).toMatchObject({ on: false });
    await setPragma('max_page_count = 1000000');
    expect((await createFlag('taken')).status).toBe(201);
  });

  test('lets no server start, and says why', async () => {
    const attempt = startTestServer({
      embedded: true,
      open: async (settings, surroundings) => {
        const store = await openStore(settings, surroundings);
        await sql`pragma query_only = on`.execute(store.db);
        return store;
      },
    });
    await expect(attempt).rejects.toMatchObject({
      code: 'unavailable',
      message: 'the database takes no writes; make it writable, then try again',
    });
  });

  test('because it may only be read says so', async () => {
    await setPragma('query_only = on');
    expect(await createFlag('refused')).toMatchObject({
      status: 503,
      body: { code: 'unavailable', title: 'the database takes no writes; make it writable, then try again' },
    });
    expect(await server.findServed('stays')).toMatchObject({ on: false });
    await setPragma('query_only = off');
    expect((await createFlag('taken')).status).toBe(201);
  });
});
