import type { Logger } from 'pino';
import type { Platform } from '../platform.ts';
import type { Database } from './schema.ts';

/** An opened database, in the form that this release needs; `sqlite.ts` and `postgres.ts` are the two kinds. */
export interface Store {
  readonly db: Database;
  /** Closes the database and gives it free. */
  close(): Promise<void>;
}

/** What opening a database takes from the server. */
export interface StoreSurroundings {
  readonly platform: Platform;
  readonly log: Logger;
}
