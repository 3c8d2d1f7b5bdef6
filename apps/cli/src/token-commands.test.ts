import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dropTestDatabase, startTestServer, type TestServer, testStore } from '@sluice/testkit';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runCommandLine } from './command-line.ts';
import { nodeCommandPlatform } from './platform.ts';

let folder: string;
let server: TestServer;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-token-'));
  server = await startTestServer({ folder });
});

afterEach(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
  await dropTestDatabase(folder);
});

async function sluice(line: string, data = folder) {
  const printed: string[] = [];
  const complained: string[] = [];
  const exitCode = await runCommandLine(line.split(' '), {
    ...nodeCommandPlatform,
    variables: { SLUICE_DATA: data, SLUICE_DATABASE_URL: data === folder ? server.databaseUrl : undefined },
    print: (text) => printed.push(text),
    printError: (text) => complained.push(text),
  });
  return { exitCode, printed, complained: complained.join('\n') };
}

test('a token that is made without the server lets its holder in when every other is lost', async () => {
  const { db } = server.running.context;
  await db.deleteFrom('apiTokens').execute();
  expect((await server.api('GET', '/tokens')).status).toBe(401);
  if (testStore === 'sqlite') {
    expect(await sluice('token create --name ann')).toMatchObject({
      exitCode: 1,
      complained: `sluice: another Sluice server has the data folder ${folder} open; stop it first`,
    });
    await server.close();
  }
  const { exitCode, printed } = await sluice('token create --name ann');
  expect([exitCode, printed]).toEqual([
    0,
    ['Made an API token for ann. It may do everything, and is shown only now:', expect.stringMatching(/^slt_\w{40}$/)],
  ]);
  if (testStore === 'sqlite') server = await startTestServer({ folder });
  const { status, body } = await server.api('GET', '/tokens', undefined, { authorization: `Bearer ${printed[1]}` });
  expect([status, body.items]).toMatchObject([200, [{ name: 'ann' }]]);
});

test('a token is made where there is a database, and for somebody', async () => {
  expect(await sluice('token create --name ann', join(folder, 'elsewhere'))).toMatchObject({
    exitCode: 1,
    complained: `sluice: there is no database in ${join(folder, 'elsewhere')}`,
  });
  expect(await sluice('token create')).toMatchObject({
    exitCode: 2,
    complained: expect.stringContaining('--name is missing'),
  });
});
