import { sql } from 'kysely';
import type { Reads, Tables, Writes } from '../database/schema.ts';

/** The tables of a backup with their keys, in an order in which every row comes after those that it refers to. */
const keysOfTables = {
  meta: ['name'],
  projects: ['key'],
  environments: ['id'],
  definitions: ['projectKey', 'key'],
  objects: ['environmentId', 'kind', 'key'],
  objectReferences: ['environmentId', 'fromKind', 'fromKey', 'toKind', 'toKey'],
  listings: ['environmentId', 'kind', 'key'],
  changes: ['id'],
  changeObjects: ['changeId', 'kind', 'key'],
  convergences: ['environmentId', 'version'],
  credentials: ['id'],
  apiTokens: ['id'],
  edges: ['id'],
  idempotencyKeys: ['tokenId', 'key'],
  evaluationMinutes: ['environmentId', 'flagKey', 'minute', 'variation', 'flagVersion'],
  evaluationHours: ['environmentId', 'flagKey', 'hour', 'variation'],
  eventPayloads: ['environmentId', 'payloadId'],
  telemetry: ['environmentId', 'kind', 'key', 'periodMs', 'start', 'part'],
  telemetrySenders: ['environmentId', 'session'],
  mismatches: ['environmentId', 'flagKey', 'at', 'id'],
  backfillRanges: ['environmentId', 'flagKey', 'position'],
  seenContexts: ['environmentId', 'hash'],
  people: ['id'],
  accounts: ['id'],
  twoFactors: ['id'],
  invitations: ['id'],
} as const satisfies { readonly [Table in keyof Tables]?: readonly (keyof Tables[Table])[] };

type CopiedTable = keyof typeof keysOfTables;
type Row = Readonly<Record<string, unknown>>;

// The keys are those of the object.
export const copiedTables = Object.keys(keysOfTables) as readonly CopiedTable[];

/** A row may have megabytes, so that not many are held at a time. */
const pageSize = 100;

/**
 * Copies everything that a backup holds from one database into another one, which is empty and has the same form: that
 * may be one of an earlier release, which has fewer tables.
 */
export async function copyTables(from: Reads, to: Writes): Promise<void> {
  const there = new Set((await from.introspection.getTables()).map(({ name }) => name));
  for (const table of copiedTables) {
    if (!there.has(table.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`))) continue;
    for await (const rows of readPages(from, table)) {
      // The columns are the same on both sides.
      await to
        .insertInto(table)
        .values(rows as never)
        .execute();
    }
  }
}

async function* readPages(reads: Reads, table: CopiedTable): AsyncGenerator<readonly Row[]> {
  const key: readonly string[] = keysOfTables[table];
  const columns = sql.join(key.map((name) => sql.ref(name)));
  for (let last: Row | undefined; ; ) {
    const after = last === undefined ? sql`` : sql`where (${columns}) > (${sql.join(key.map((name) => last?.[name]))})`;
    const page = sql<Row>`select * from ${sql.table(table)} ${after} order by ${columns} limit ${pageSize}`;
    const { rows } = await page.execute(reads);
    last = rows.at(-1);
    if (last === undefined) return;
    yield rows;
  }
}
