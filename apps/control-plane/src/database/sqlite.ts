import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { FolderInUseError, lockFolder } from '@sluice/delivery';
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
import { describeError, ServerError } from '../errors.ts';
import type { Database, Tables } from './schema.ts';
import type { Store } from './store.ts';

export const databaseFile = 'sluice.db';

/**
 * Opens the embedded database in a folder, created when missing; no other server may open it meanwhile. Every commit is
 * on disk when it returns (WAL with `synchronous=FULL`). Throws `data-in-use` when another server has the folder,
 * `data-damaged` when it is no database, `invalid-settings` when it cannot be written.
 */
export function openSqlite(folder: string): Store {
  const unlock = lockDataFolder(folder);
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
  let sqlite: DatabaseSync | undefined;
  try {
    sqlite = new DatabaseSync(path);
    chmodSync(path, 0o600);
    sqlite.exec(`
      pragma journal_mode = wal;
      pragma synchronous = full;
      pragma foreign_keys = on;
      pragma busy_timeout = 5000;
    `);
    // Its own knows only the letters of ASCII.
    sqlite.function('lower', { deterministic: true }, (text) => (typeof text === 'string' ? text.toLowerCase() : text));
    return sqlite;
  } catch (cause) {
    sqlite?.close();
    if (!isDamage(cause)) throw unusable(path, cause);
    const message = `the database ${path} cannot be opened: ${describeError(cause)}; \`sluice backup restore FILE\` puts a backup in its place`;
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

/** SQLite's primary result codes: https://sqlite.org/rescode.html */
const resultCodes = { corrupt: 11, notADatabase: 26 } as const;

function resultCodeOf(error: unknown): number | undefined {
  return error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : undefined;
}

function isDamage(error: unknown): boolean {
  const code = resultCodeOf(error);
  return code === resultCodes.corrupt || code === resultCodes.notADatabase;
}

/** What the operating system does not let this process do. */
function unusable(path: string, cause: unknown): ServerError {
  const message = `${path} cannot be used: ${describeError(cause)}; whoever runs the server must be able to write it and its folder, or set --data to another folder`;
  return new ServerError('invalid-settings', message, { cause });
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
 * Takes a data folder for this process; returns how to give it free. Throws `data-in-use` when another process has it,
 * `invalid-settings` when it cannot be written.
 */
export function lockDataFolder(folder: string): () => void {
  try {
    return lockFolder(folder);
  } catch (cause) {
    if (!(cause instanceof FolderInUseError)) throw unusable(folder, cause);
    const message = `another Sluice server has the data folder ${folder} open; stop it first`;
    throw new ServerError('data-in-use', message, { cause });
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
