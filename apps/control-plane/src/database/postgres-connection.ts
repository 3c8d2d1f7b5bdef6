import { CamelCasePlugin, Kysely, PostgresDialect } from 'kysely';
import { Client, type ClientConfig, Pool, type PoolConfig, types } from 'pg';
import type { Database, Tables } from './schema.ts';

/** A replica uses at most so many connections for its queries. */
const poolSize = 10;
const connectWithinMs = 5000;

/**
 * Nothing waits for long: not for a lock that others hold, not for an answer that the network lost, and others do not
 * wait for a transaction of ours that stopped in the middle.
 */
const patience: ClientConfig = {
  lock_timeout: 10_000,
  idle_in_transaction_session_timeout: 10_000,
  query_timeout: 15_000,
};

/** What every connection has. */
function connectionConfig(url: string): ClientConfig {
  return {
    connectionString: url,
    application_name: 'sluice',
    connectionTimeoutMillis: connectWithinMs,
    keepAlive: true,
    types: {
      // Counts, times and versions are integers that a number holds.
      getTypeParser: (type, format) => (type === types.builtins.INT8 ? Number : types.getTypeParser(type, format)),
    },
  };
}

/** Queries of a running server; `onLost` hears in words when a connection broke. */
export function createServerDatabase(url: string, onLost: (reason: string) => void): Database {
  return createKysely(createPool({ ...connectionConfig(url), ...patience, max: poolSize }, onLost));
}

/** A connection for whoever asks one thing after the other and wants to keep it. */
export function createServerClient(url: string): Client {
  return new OneAnswerClient({ ...connectionConfig(url), ...patience });
}

/** One connection that takes the time that it needs: for migrations and backups. */
export function createPatientDatabase(url: string): Database {
  return createKysely(createPool({ ...connectionConfig(url), max: 1 }, () => undefined));
}

/** Connections may break while nobody asks anything on them; unheard, that would end the process. */
function createPool(config: PoolConfig, onLost: (reason: string) => void): Pool {
  const pool = new Pool({ ...config, Client: OneAnswerClient, onConnect: makeDurable });
  // In the pool. Only the message: the error has the connection with it, and that the password.
  pool.on('error', ({ message }) => onLost(message));
  // Between two queries of a transaction, where the next one fails.
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}

/** A commit is on disk when it returns, whatever the database's default is; what is stricter than that stays. */
async function makeDurable(client: Pick<Client, 'query'>): Promise<void> {
  await client.query(
    "select set_config('synchronous_commit', 'on', false) where current_setting('synchronous_commit') = 'off'",
  );
}

function createKysely(pool: Pool): Database {
  return new Kysely<Tables>({ dialect: new PostgresDialect({ pool }), plugins: [new CamelCasePlugin()] });
}

/** A connection is given up when an answer does not come: whatever is asked next would wait behind it. */
class OneAnswerClient extends Client {
  // The base class has an overload for every way of asking; Kysely uses the one that returns a promise.
  // biome-ignore lint/suspicious/noExplicitAny: see above.
  override query(...question: any[]): any {
    const answer = Reflect.apply(super.query, this, question);
    if (answer instanceof Promise) {
      answer.catch((error: unknown) => {
        if (error instanceof Error && error.message === 'Query read timeout') void this.end();
      });
    }
    return answer;
  }
}
