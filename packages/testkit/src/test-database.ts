import { createHash } from 'node:crypto';
import { Client } from 'pg';

/** On which kind of database the tests run: the same files run once on each. */
export const testStore: 'sqlite' | 'postgres' = process.env.SLUICE_TEST_STORE === 'postgres' ? 'postgres' : 'sqlite';

/** The PostgreSQL server that the tests share; only while they run on PostgreSQL. */
export function testPostgresUrl(): string {
  const url = process.env.SLUICE_TEST_POSTGRES_URL;
  if (url === undefined)
    throw new Error('there is no PostgreSQL server: run these tests as part of project `postgres`');
  return url;
}

/** Has the tables of this version and nothing in them: servers of tests need not make them, each of them anew. */
const prepared = 'prepared';

/** Makes the database that others are copies of, once on a PostgreSQL server; `fill` makes its tables. */
export async function prepareTestDatabases(fill: (url: string) => Promise<void>): Promise<void> {
  await askPostgres((client) => client.query(`create database ${prepared}`));
  await fill(urlOf(prepared));
}

/**
 * The database that goes with a data folder, made when missing, so that tests restart servers by their folders on both
 * kinds; undefined where it is the embedded one. `isPrepared`: with tables where it is made, else empty.
 */
export async function findTestDatabase(folder: string, isPrepared = false): Promise<string | undefined> {
  if (testStore === 'sqlite') return undefined;
  const name = nameOf(folder);
  await askPostgres(async (client) => {
    const isThere = async () =>
      (await client.query('select from pg_database where datname = $1', [name])).rowCount === 1;
    if (await isThere()) return;
    try {
      await client.query(`create database ${name}${isPrepared ? ` template ${prepared} strategy file_copy` : ''}`);
    } catch (error) {
      // Several may ask at the same time.
      if (!(await isThere())) throw error;
    }
  });
  return urlOf(name);
}

/** Drops the database that goes with a data folder. */
export async function dropTestDatabase(folder: string): Promise<void> {
  if (testStore === 'postgres')
    await askPostgres((client) => client.query(`drop database if exists ${nameOf(folder)}`));
}

function nameOf(folder: string): string {
  return `of_${createHash('sha256').update(folder).digest('hex').slice(0, 24)}`;
}

function urlOf(name: string): string {
  return Object.assign(new URL(testPostgresUrl()), { pathname: `/${name}` }).href;
}

async function askPostgres(ask: (client: Client) => Promise<unknown>): Promise<void> {
  const client = new Client({ connectionString: testPostgresUrl() });
  await client.connect();
  try {
    await ask(client);
  } finally {
    await client.end();
  }
}
