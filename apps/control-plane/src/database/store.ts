import type { Logger } from 'pino';
import type { Platform } from '../platform.ts';
import type { Database, Writes } from './schema.ts';

/** An opened database, in the form that this release needs; `sqlite.ts` and `postgres.ts` are the two kinds. */
export interface Store {
  readonly db: Database;
  /** Whether other servers may work on it at the same time. */
  readonly isShared: boolean;
  /** Tells the other servers, when the transaction commits, that something changed. */
  announce(writes: Writes): Promise<void>;
  /** Whom to call when another server announced something, or may have. */
  onAnnouncement(hear: () => void): void;
  /**
   * Asked once a second: gets back what was lost of the means to hear of others, and takes the lead when nobody has it.
   * Resolves with the fencing token while this server leads, undefined while another does.
   */
  beat(): Promise<number | undefined>;
  /** Closes the database and gives it free. */
  close(): Promise<void>;
}

/** What opening a database takes from the server. */
export interface StoreSurroundings {
  readonly platform: Platform;
  readonly log: Logger;
}
