import { startTestServer, type TestServer } from '@sluice/testkit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

/** 10,485 bytes. */
const payloadLimitMb = 0.01;

let server: TestServer;

beforeEach(async () => {
  server = await startTestServer({ payloadLimitMb });
});

afterEach(() => server.close());

/** A flag whose values have so many characters. */
function createFlag(key: string, characters: number, character = 'x') {
  const variations = [{ value: character.repeat(characters) }, { value: '' }];
  return server.api('POST', '/projects/default/flags', { key, variations });
}

async function readBytes(): Promise<number> {
  const { db } = server.running.context;
  const { payloadBytes } = await db
    .selectFrom('environments')
    .select('payloadBytes')
    .where('key', '=', 'production')
    .executeTakeFirstOrThrow();
  return payloadBytes;
}

describe('the limit of what SDKs are asked to hold', () => {
  test('refuses a change that would exceed it, and stores nothing of it', async () => {
    expect((await createFlag('first', 5000)).status).toBe(201);
    const before = await readBytes();
    const { status, body } = await createFlag('second', 5000);
    expect(status).toBe(413);
    expect(body).toMatchObject({
      code: 'too-large',
      title: expect.stringMatching(
        /^the flags and segments of this environment would have .* more than the .* \(SLUICE_PAYLOAD_LIMIT_MB\)$/,
      ),
    });
    expect((await server.api('GET', '/projects/default/flags')).body.items).toHaveLength(1);
    expect((await server.api('GET', '/projects/default/environments')).body.items[0].version).toBe(1);
    expect(await readBytes()).toBe(before);
  });

  test('counts bytes, not characters', async () => {
    expect((await createFlag('ascii', 6000)).status).toBe(201);
    await server.api('DELETE', '/projects/default/flags/ascii');
    expect((await createFlag('umlauts', 6000, 'ü')).status).toBe(413);
  });

  test('counts what is there: changed and deleted objects are counted once or not at all', async () => {
    await createFlag('only', 3000);
    const size = await readBytes();
    expect(size).toBe(Buffer.byteLength(JSON.stringify(await server.findServed('only'))));
    for (let at = 0; at < 5; at++) {
      await server.change({ flag: 'only', instructions: [{ kind: at % 2 === 0 ? 'turn-on' : 'turn-off' }] });
    }
    expect(Math.abs((await readBytes()) - size)).toBeLessThan(10);
    await server.api('PATCH', '/projects/default/flags/only', { archived: true });
    expect(await readBytes()).toBe(0);
    expect((await createFlag('another', 9000)).status).toBe(201);
  });

  test('lets through what makes it smaller, also where it is exceeded already', async () => {
    await createFlag('big', 9000);
    const { db } = server.running.context;
    await db.updateTable('environments').set({ payloadBytes: 1_000_000 }).execute();
    expect((await server.api('DELETE', '/projects/default/flags/big')).status).toBe(204);
  });

  test('lets flags be turned off, also where it is exceeded already', async () => {
    await createFlag('big', 4000);
    await createFlag('base', 100);
    const addPrerequisite = { kind: 'add-prerequisite', prerequisite: { flag: 'base', variation: 'variation-1' } };
    await server.change({ flag: 'big', instructions: [{ kind: 'turn-on' }] });
    const { db } = server.running.context;
    // Versions get longer too.
    await db.updateTable('environments').set({ payloadBytes: 1_000_000, version: 999_999 }).execute();
    const turnOff = { flag: 'big', instructions: [{ kind: 'turn-off' }] };
    const before = await readBytes();
    expect(await server.change(turnOff)).toMatchObject({ effects: [{ text: 'turned off' }] });
    expect(await readBytes()).toBeGreaterThan(before);
    const more = { flag: 'big', instructions: [{ kind: 'turn-on' }, addPrerequisite] };
    const { status } = await server.api('POST', '/projects/default/environments/production/changes', more);
    expect(status).toBe(413);
  });

  test('holds in each environment', async () => {
    await createFlag('one', 4000);
    const keys = Array.from({ length: 500 }, (_, at) => `user-${at}`);
    const change = { flag: 'one', instructions: [{ kind: 'add-targets', variation: 'variation-1', keys }] };
    const at = (environment: string) => `/projects/default/environments/${environment}/changes`;
    expect((await server.api('POST', at('staging'), change)).status).toBe(200);
    // Too much for staging alone is too much for a change of all.
    expect((await createFlag('two', 1000)).status).toBe(413);
    expect(
      (await server.api('POST', at('production'), { ...change, instructions: [{ kind: 'turn-on' }] })).status,
    ).toBe(200);
  });
});
