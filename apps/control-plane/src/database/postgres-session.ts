import type { Client } from 'pg';
import type { Logger } from 'pino';
import { ServerError } from '../errors.ts';
import type { Platform } from '../platform.ts';
import { createServerClient } from './postgres-connection.ts';

/** Advisory locks have numbers for names: ours have the first in common, "sluc". */
const lockFamily = 0x736c_7563;
/** Held by every server that runs, together; alone by who restores a backup. */
export const runningLock: readonly [number, number] = [lockFamily, 1];
const leaderLock: readonly [number, number] = [lockFamily, 2];

const announcements = 'sluice';
export const announceStatement = `select pg_notify('${announcements}', '')`;

/** PostgreSQL notices within 11 s that a server's machine is gone, and gives its locks free. */
const keepalives = 'set tcp_keepalives_idle = 5; set tcp_keepalives_interval = 2; set tcp_keepalives_count = 3';

/** The lock and the token at once: who has the one has raised the other, or is no leader. */
const takeLead = `with attempt as (select pg_try_advisory_lock($1, $2) as is_taken)
  update leadership set token = token + 1 from attempt where is_taken returning token`;

/** After failures in a row, so many seconds at most pass until the next try. */
const longestPause = 8;

/**
 * The connection that a server keeps for itself. Announcements of other servers arrive on it, and the locks that say
 * that this server runs and that it leads live as long as it does: PostgreSQL gives them free when it ends, however.
 */
export class PostgresSession {
  readonly #url: string;
  readonly #platform: Pick<Platform, 'random'>;
  readonly #log: Logger;
  #client: Client | undefined;
  #token: number | undefined;
  #isClosed = false;
  #hear = (): void => undefined;
  #failures = 0;
  /** Beats to let pass until the next try to connect. */
  #pause = 0;

  constructor(url: string, platform: Pick<Platform, 'random'>, log: Logger) {
    this.#url = url;
    this.#platform = platform;
    this.#log = log;
  }

  onAnnouncement(hear: () => void): void {
    this.#hear = hear;
  }

  /** Throws `unavailable` while a backup is being restored. */
  async connect(): Promise<void> {
    const client = createServerClient(this.#url);
    for (const event of ['error', 'end'] as const) client.on(event, () => this.#lose(client));
    client.on('notification', () => this.#hear());
    try {
      await client.connect();
      await client.query(keepalives);
      const lock = 'select pg_try_advisory_lock_shared($1, $2) as "isFree"';
      const { rows } = await client.query(lock, [...runningLock]);
      if (rows[0]?.isFree !== true)
        throw new ServerError('unavailable', 'a backup is being restored into the database');
      await client.query(`listen ${announcements}`);
      if (this.#isClosed) throw new Error('the server is stopping');
    } catch (error) {
      await client.end();
      throw error;
    }
    this.#client = client;
    // What was announced while nobody listened.
    this.#hear();
  }

  /** Connects again where it was lost, and takes the lead when nobody has it; the token while this server leads. */
  async beat(): Promise<number | undefined> {
    if (this.#client === undefined) await this.#reconnect();
    const client = this.#client;
    if (client === undefined) return undefined;
    try {
      const token = await this.#keepLead(client);
      if (this.#client === client) this.#token = token;
    } catch (error) {
      // It ended meanwhile, which was said then.
      if (this.#client !== client) return undefined;
      this.#lose(client);
      await client.end();
      throw error;
    }
    return this.#token;
  }

  async close(): Promise<void> {
    // Also for a connection that is being made now.
    this.#isClosed = true;
    const client = this.#client;
    this.#client = undefined;
    this.#token = undefined;
    await client?.end();
  }

  async #keepLead(client: Client): Promise<number | undefined> {
    if (this.#token === undefined) return (await client.query(takeLead, [...leaderLock])).rows[0]?.token;
    // An answer shows that the connection lives, and the lock with it.
    await client.query('select');
    return this.#token;
  }

  async #reconnect(): Promise<void> {
    if (this.#pause > 0) {
      this.#pause--;
      return;
    }
    try {
      await this.connect();
      this.#failures = 0;
      this.#log.info('changes of other servers are heard of at once again');
    } catch (error) {
      this.#failures++;
      this.#pause = Math.floor(this.#platform.random() * Math.min(2 ** this.#failures, longestPause));
      throw error;
    }
  }

  #lose(client: Client): void {
    if (this.#client !== client) return;
    this.#client = undefined;
    this.#token = undefined;
    this.#log.warn(
      'the connection to PostgreSQL that hears of changes was lost; until it is back they take up to a second',
    );
  }
}
