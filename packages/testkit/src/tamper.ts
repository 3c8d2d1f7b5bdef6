import { sql } from 'kysely';
import { testStore } from './test-database.ts';
import type { TestServer } from './test-server.ts';

/** What somebody with access to the database may do to it, foreign keys or not. */
export async function tamper({ running }: TestServer, statement: string): Promise<void> {
  const { db } = running.context;
  if (testStore === 'sqlite') {
    await sql`pragma foreign_keys = off`.execute(db);
    await sql.raw(statement).execute(db);
    return;
  }
  await db.transaction().execute(async (writes) => {
    await sql`set local session_replication_role = replica`.execute(writes);
    await sql.raw(statement).execute(writes);
  });
}
