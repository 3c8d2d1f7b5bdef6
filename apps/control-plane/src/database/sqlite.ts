import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import {
  CamelCasePlugin,
  type DatabaseConnection,
  Kysely,
  SqliteAdapter,
  type SqliteDatabase,
  SqliteDriver,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';
import { ServerError } from '../errors.ts';
import type { Database, Tables } from './schema.ts';
import type { Store } from './store.ts';

export const databaseFile = 'sluice.db';

/**
 * Opens the embedded database in a folder, created when missing; no other server may open it meanwhile. Every commit is
 * on disk when it returns (WAL with `synchronous=FULL`). Throws `data-in-use` when another server has the folder,
 * `data-damaged` when it is no database.
 */
export function openSqlite(folder: string): Store {
  const unlock = lockFolder(folder);
  let sqlite: DatabaseSync;
  try {
    sqlite = openFile(join(folder, databaseFile));
  } catch (error) {
    unlock();
    throw error;
  }
  const db = createKysely(sqlite);
  let token: number | undefined;
  return {
    db,
    isShared: false,
    announce: async () => undefined,
    onAnnouncement: () => undefined,
    beat: async () => {
      token ??= await raiseToken(db);
      return token;
    },
    close: async () => {
      try {
        await db.destroy();
        // Kysely closes only what it has used.
        if (sqlite.isOpen) sqlite.close();
      } finally {
        unlock();
      }
    },
  };
}

/** The only server is the leader from its start on. */
async function raiseToken(db: Database): Promise<number> {
  const { token } = await db
    .updateTable('leadership')
    .set((expression) => ({ token: expression('token', '+', 1) }))
    .returning('token')
    .executeTakeFirstOrThrow();
  return token;
}

function openFile(path: string): DatabaseSync {
  const sqlite = new DatabaseSync(path);
  try {
    chmodSync(path, 0o600);
    sqlite.exec(`
      pragma journal_mode = wal;
      pragma synchronous = full;
      pragma foreign_keys = on;
      pragma busy_timeout = 5000;
    `);
    return sqlite;
  } catch (cause) {
    sqlite.close();
    const found = cause instanceof Error ? cause.message : String(cause);
    const message = `the database ${path} cannot be opened: ${found}; \`sluice backup restore FILE\` puts a backup in its place`;
    throw new ServerError('data-damaged', message, { cause });
  }
}

/** Kysely says no because `pragma foreign_keys` does nothing in a transaction; no migration uses it. */
class EmbeddedAdapter extends SqliteAdapter {
  /** Migrates in one transaction: whoever is killed in the middle of it leaves nothing half-made behind. */
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

class EmbeddedDriver extends SqliteDriver {
  readonly #sqlite: DatabaseSync;

  constructor(sqlite: DatabaseSync) {
    super({ database: toKyselyDatabase(sqlite) });
    this.#sqlite = sqlite;
  }

  /** When the disk is full SQLite has rolled back by itself; a second time would fail, and hide why it did. */
  override async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    if (this.#sqlite.isTransaction) await super.rollbackTransaction(connection);
  }
}

export function createKysely(sqlite: DatabaseSync): Database {
  return new Kysely<Tables>({
    dialect: {
      createAdapter: () => new EmbeddedAdapter(),
      createDriver: () => new EmbeddedDriver(sqlite),
      createIntrospector: (db) => new SqliteIntrospector(db),
      createQueryCompiler: () => new SqliteQueryCompiler(),
    },
    plugins: [new CamelCasePlugin()],
  });
}

/**
 * Takes a folder for this process; returns how to give it free. Throws `data-in-use` when another process has it.
 * The lock is an open transaction on a database of its own: the operating system gives it up when the process ends,
 * however it ends.
 */
export function lockFolder(folder: string): () => void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const lock = new DatabaseSync(join(folder, 'lock'));
  try {
    lock.exec('pragma busy_timeout = 0; begin exclusive');
    return () => lock.close();
  } catch (error) {
    lock.close();
    throw new ServerError('data-in-use', `another Sluice server has the data folder ${folder} open; stop it first`, {
      cause: error,
    });
  }
}

/** Statements are prepared once for each text; queries have few shapes. */
const statementsKept = 500;

function toKyselyDatabase(sqlite: DatabaseSync): SqliteDatabase {
  const statements = new Map<string, StatementSync>();
  function prepare(text: string): StatementSync {
    const known = statements.get(text);
    if (known !== undefined) return known;
    const statement = sqlite.prepare(text);
    if (statements.size >= statementsKept) statements.clear();
    statements.set(text, statement);
    return statement;
  }
  return {
    close: () => sqlite.close(),
    prepare: (text) => {
      const statement = prepare(text);
      // Kysely hands on what callers bind; anything that SQLite cannot hold is refused by it.
      const bind = (parameters: readonly unknown[]) => parameters as SQLInputValue[];
      return {
        reader: statement.columns().length > 0,
        all: (parameters) => statement.all(...bind(parameters)),
        run: (parameters) => statement.run(...bind(parameters)),
        iterate: (parameters) => statement.iterate(...bind(parameters)),
      };
    },
  };
}
