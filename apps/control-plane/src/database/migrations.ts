import { type Kysely, PostgresAdapter, type RawBuilder, sql } from 'kysely';
import { type Migration, type MigrationResultSet, Migrator } from 'kysely/migration';
import { ServerError } from '../errors.ts';
import { isDatabaseGone } from './database-gone.ts';
import type { Database, Reads } from './schema.ts';

// Migrations run on a database of any earlier form, so they know no table types.
// biome-ignore lint/suspicious/noExplicitAny: see above.
type AnyDatabase = Kysely<any>;

/** Forward only; each must leave the previous release of the server able to work. */
const migrations: Readonly<Record<string, Migration>> = {
  '001-flags': { up: createFlagTables },
  '002-access': { up: createAccessTables },
  '003-evaluations': { up: createEvaluationTables },
  '004-leadership': { up: createLeadershipTable },
  '005-edges': { up: createEdgeTables },
  '006-fleet': { up: createFleetTables },
  '007-kinds': { up: addKinds },
  '008-telemetry': { up: createTelemetryTables },
  '009-backfill': { up: createBackfillTable },
  '010-mismatches': { up: createMismatchTable },
  '011-seen-contexts': { up: createSeenContextTable },
  '012-people': { up: createPeopleTables },
  '013-production': { up: addProduction },
  '014-listings': { up: createListingTable },
  '015-evaluation-hours': { up: createEvaluationHourTable },
  '016-recoveries': { up: createRecoveryTable },
};

/** Brings the database to the form that this release needs. */
export async function migrateToLatest(db: Database): Promise<void> {
  await migrate(db, (migrator) => migrator.migrateToLatest());
}

/** Brings an empty database to the form that another one has; throws `data-damaged` when that is of a newer release. */
export async function migrateLike(db: Database, other: Reads): Promise<void> {
  const { rows } = await sql<{ name: string }>`select name from kysely_migration order by name`.execute(other);
  const last = rows.at(-1)?.name ?? '';
  if (!Object.hasOwn(migrations, last)) {
    throw new ServerError(
      'data-damaged',
      `the database is of a newer release: it knows \`${last}\`, which this one does not`,
    );
  }
  await migrate(db, (migrator) => migrator.migrateTo(last));
}

async function migrate(db: Database, run: (migrator: Migrator) => Promise<MigrationResultSet>): Promise<void> {
  const { error } = await run(new Migrator({ db, provider: { getMigrations: async () => migrations } }));
  if (error === undefined) return;
  if (isDatabaseGone(error) || isForbidden(error)) throw error;
  const message = `the database could not be brought up to date: ${error instanceof Error ? error.message : error}`;
  throw new ServerError('data-damaged', message, { cause: error });
}

/** Whether the user of the database may not do this: nothing is wrong with what is in it (SQLSTATE 42501). */
function isForbidden(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === '42501';
}

/** Text that sorts by code point on both databases; PostgreSQL would sort as its operator's language does. */
function textOf(db: AnyDatabase): 'text' | RawBuilder<string> {
  return db.getExecutor().adapter instanceof PostgresAdapter ? sql<string>`text collate "C"` : 'text';
}

async function createFlagTables(db: AnyDatabase): Promise<void> {
  const text = textOf(db);
  await db.schema
    .createTable('meta')
    .addColumn('name', text, (column) => column.primaryKey())
    .addColumn('value', text, (column) => column.notNull())
    .execute();
  await db.schema
    .createTable('projects')
    .addColumn('key', text, (column) => column.primaryKey())
    .addColumn('name', text, (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .execute();
  await db.schema
    .createTable('environments')
    .addColumn('id', text, (column) => column.primaryKey())
    .addColumn('project_key', text, (column) => column.notNull().references('projects.key'))
    .addColumn('key', text, (column) => column.notNull())
    .addColumn('name', text, (column) => column.notNull())
    .addColumn('epoch', text, (column) => column.notNull())
    .addColumn('version', 'bigint', (column) => column.notNull())
    .addColumn('chain_head', text, (column) => column.notNull())
    .addColumn('payload_bytes', 'bigint', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addUniqueConstraint('environments_key', ['project_key', 'key'])
    .execute();
  await db.schema
    .createTable('definitions')
    .addColumn('project_key', text, (column) => column.notNull().references('projects.key'))
    .addColumn('key', text, (column) => column.notNull())
    .addColumn('definition_json', text, (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('definitions_key', ['project_key', 'key'])
    .execute();
  await createObjectTables(db);
  await createChangeTables(db);
}

async function createObjectTables(db: AnyDatabase): Promise<void> {
  const text = textOf(db);
  await db.schema
    .createTable('objects')
    .addColumn('environment_id', text, (column) => column.notNull().references('environments.id'))
    .addColumn('kind', text, (column) => column.notNull())
    .addColumn('key', text, (column) => column.notNull())
    .addColumn('state_json', text)
    .addColumn('compiled_json', text)
    .addColumn('version', 'bigint', (column) => column.notNull())
    .addColumn('touched_version', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('objects_key', ['environment_id', 'kind', 'key'])
    .execute();
  await db.schema.createIndex('objects_version').on('objects').columns(['environment_id', 'version']).execute();
  await db.schema
    .createTable('object_references')
    .addColumn('environment_id', text, (column) => column.notNull().references('environments.id'))
    .addColumn('from_kind', text, (column) => column.notNull())
    .addColumn('from_key', text, (column) => column.notNull())
    .addColumn('to_kind', text, (column) => column.notNull())
    .addColumn('to_key', text, (column) => column.notNull())
    .addPrimaryKeyConstraint('object_references_key', ['environment_id', 'from_kind', 'from_key', 'to_kind', 'to_key'])
    .execute();
  await db.schema
    .createIndex('object_references_to')
    .on('object_references')
    .columns(['environment_id', 'to_kind', 'to_key'])
    .execute();
}

async function createChangeTables(db: AnyDatabase): Promise<void> {
  const text = textOf(db);
  await db.schema
    .createTable('changes')
    .addColumn('id', text, (column) => column.primaryKey())
    .addColumn('environment_id', text, (column) => column.notNull().references('environments.id'))
    .addColumn('version', 'bigint', (column) => column.notNull())
    .addColumn('group_id', text)
    .addColumn('instructions_json', text, (column) => column.notNull())
    .addColumn('effects_json', text, (column) => column.notNull())
    .addColumn('comment', text, (column) => column.notNull())
    .addColumn('actor', text, (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('previous_hash', text, (column) => column.notNull())
    .addColumn('hash', text, (column) => column.notNull())
    .addUniqueConstraint('changes_version', ['environment_id', 'version'])
    .execute();
  await db.schema.createIndex('changes_group').on('changes').column('group_id').execute();
  await db.schema
    .createTable('change_objects')
    .addColumn('change_id', text, (column) => column.notNull().references('changes.id'))
    .addColumn('environment_id', text, (column) => column.notNull())
    .addColumn('kind', text, (column) => column.notNull())
    .addColumn('key', text, (column) => column.notNull())
    .addColumn('version', 'bigint', (column) => column.notNull())
    .addColumn('before_json', text)
    .addColumn('after_json', text)
    .addPrimaryKeyConstraint('change_objects_key', ['change_id', 'kind', 'key'])
    .execute();
  await db.schema
    .createIndex('change_objects_history')
    .on('change_objects')
    .columns(['environment_id', 'kind', 'key', 'version'])
    .execute();
}

/** Flags of before were all of one kind. */
async function addKinds(db: AnyDatabase): Promise<void> {
  await db.schema
    .alterTable('definitions')
    .addColumn('kind', textOf(db), (column) => column.notNull().defaultTo('release'))
    .execute();
}

/** What an earlier release makes from now on counts as no production until somebody says so. */
async function addProduction(db: AnyDatabase): Promise<void> {
  await db.schema
    .alterTable('environments')
    .addColumn('is_production', 'bigint', (column) => column.notNull().defaultTo(0))
    .execute();
  await db.updateTable('environments').set({ isProduction: 1 }).where('key', '=', 'production').execute();
}

async function createAccessTables(db: AnyDatabase): Promise<void> {
  const text = textOf(db);
  await db.schema
    .createTable('credentials')
    .addColumn('id', text, (column) => column.primaryKey())
    .addColumn('environment_id', text, (column) => column.notNull().references('environments.id'))
    .addColumn('kind', text, (column) => column.notNull())
    .addColumn('name', text, (column) => column.notNull())
    .addColumn('hash', text, (column) => column.notNull().unique())
    .addColumn('sealed', text, (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('last_used_at', 'bigint')
    .addColumn('revoked_at', 'bigint')
    .execute();
  await db.schema
    .createTable('api_tokens')
    .addColumn('id', text, (column) => column.primaryKey())
    .addColumn('name', text, (column) => column.notNull())
    .addColumn('hash', text, (column) => column.notNull().unique())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('last_used_at', 'bigint')
    .execute();
  await db.schema
    .createTable('idempotency_keys')
    .addColumn('token_id', text, (column) => column.notNull())
    .addColumn('key', text, (column) => column.notNull())
    .addColumn('request_hash', text, (column) => column.notNull())
    .addColumn('status', 'integer', (column) => column.notNull())
    .addColumn('sealed_body', text, (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('idempotency_keys_key', ['token_id', 'key'])
    .execute();
  await db.schema.createIndex('idempotency_keys_age').on('idempotency_keys').column('created_at').execute();
}

async function createEvaluationTables(db: AnyDatabase): Promise<void> {
  const text = textOf(db);
  await db.schema
    .createTable('evaluation_minutes')
    .addColumn('environment_id', text, (column) => column.notNull())
    .addColumn('flag_key', text, (column) => column.notNull())
    .addColumn('variation', 'bigint', (column) => column.notNull())
    .addColumn('flag_version', 'bigint', (column) => column.notNull())
    .addColumn('minute', 'bigint', (column) => column.notNull())
    .addColumn('count', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('evaluation_minutes_key', [
      'environment_id',
      'flag_key',
      'minute',
      'variation',
      'flag_version',
    ])
    .execute();
  await db.schema.createIndex('evaluation_minutes_age').on('evaluation_minutes').column('minute').execute();
  await db.schema
    .createTable('event_payloads')
    .addColumn('environment_id', text, (column) => column.notNull())
    .addColumn('payload_id', text, (column) => column.notNull())
    .addColumn('seen_at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('event_payloads_key', ['environment_id', 'payload_id'])
    .execute();
  await db.schema.createIndex('event_payloads_age').on('event_payloads').column('seen_at').execute();
}

async function createLeadershipTable(db: AnyDatabase): Promise<void> {
  await db.schema
    .createTable('leadership')
    .addColumn('token', 'bigint', (column) => column.notNull())
    .execute();
  await db.insertInto('leadership').values({ token: 0 }).execute();
}

async function createEdgeTables(db: AnyDatabase): Promise<void> {
  const text = textOf(db);
  await db.schema
    .createTable('edges')
    .addColumn('id', text, (column) => column.primaryKey())
    .addColumn('name', text, (column) => column.notNull())
    .addColumn('hash', text, (column) => column.notNull().unique())
    .addColumn('environment_ids_json', text, (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('last_used_at', 'bigint')
    .addColumn('revoked_at', 'bigint')
    .execute();
}

async function createFleetTables(db: AnyDatabase): Promise<void> {
  const text = textOf(db);
  await db.schema
    .createTable('fleet_snapshots')
    .addColumn('replica_id', text, (column) => column.notNull())
    .addColumn('environment_id', text, (column) => column.notNull())
    .addColumn('roster_json', text, (column) => column.notNull())
    .addColumn('roster_at', 'bigint', (column) => column.notNull())
    .addColumn('progress_json', text, (column) => column.notNull())
    .addColumn('progress_at', 'bigint', (column) => column.notNull())
    .addColumn('alive_at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('fleet_snapshots_key', ['environment_id', 'replica_id'])
    .execute();
  await db.schema
    .createTable('convergences')
    .addColumn('environment_id', text, (column) => column.notNull().references('environments.id'))
    .addColumn('version', 'bigint', (column) => column.notNull())
    .addColumn('summary_json', text, (column) => column.notNull())
    .addPrimaryKeyConstraint('convergences_key', ['environment_id', 'version'])
    .execute();
}

async function createTelemetryTables(db: AnyDatabase): Promise<void> {
  const text = textOf(db);
  await db.schema
    .createTable('telemetry')
    .addColumn('environment_id', text, (column) => column.notNull())
    .addColumn('kind', text, (column) => column.notNull())
    .addColumn('key', text, (column) => column.notNull())
    .addColumn('period_ms', 'bigint', (column) => column.notNull())
    .addColumn('start', 'bigint', (column) => column.notNull())
    .addColumn('part', text, (column) => column.notNull())
    .addColumn('rolled_up', 'bigint', (column) => column.notNull())
    .addColumn('tally_json', text, (column) => column.notNull())
    .addPrimaryKeyConstraint('telemetry_key', ['environment_id', 'kind', 'key', 'period_ms', 'start', 'part'])
    .execute();
  await db.schema.createIndex('telemetry_age').on('telemetry').columns(['period_ms', 'rolled_up', 'start']).execute();
  await db.schema
    .createTable('telemetry_senders')
    .addColumn('environment_id', text, (column) => column.notNull())
    .addColumn('session', text, (column) => column.notNull())
    .addColumn('sequence', 'bigint', (column) => column.notNull())
    .addColumn('seen_at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('telemetry_senders_key', ['environment_id', 'session'])
    .execute();
  await db.schema.createIndex('telemetry_senders_age').on('telemetry_senders').column('seen_at').execute();
}

async function createMismatchTable(db: AnyDatabase): Promise<void> {
  const text = textOf(db);
  await db.schema
    .createTable('mismatches')
    .addColumn('environment_id', text, (column) => column.notNull())
    .addColumn('flag_key', text, (column) => column.notNull())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addColumn('id', text, (column) => column.notNull())
    .addColumn('mismatch_json', text, (column) => column.notNull())
    .addPrimaryKeyConstraint('mismatches_key', ['environment_id', 'flag_key', 'at', 'id'])
    .execute();
}

async function createBackfillTable(db: AnyDatabase): Promise<void> {
  const text = textOf(db);
  await db.schema
    .createTable('backfill_ranges')
    .addColumn('environment_id', text, (column) => column.notNull())
    .addColumn('flag_key', text, (column) => column.notNull())
    .addColumn('position', 'bigint', (column) => column.notNull())
    .addColumn('after', text)
    .addColumn('up_to', text)
    .addColumn('state', text, (column) => column.notNull())
    .addColumn('cursor', text)
    .addColumn('tally_json', text, (column) => column.notNull())
    .addColumn('verification_json', text)
    .addColumn('worker', text)
    .addColumn('fence', 'bigint', (column) => column.notNull())
    .addColumn('leased_until', 'bigint')
    .addColumn('pace_json', text)
    .addColumn('proposed_version', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('backfill_ranges_key', ['environment_id', 'flag_key', 'position'])
    .execute();
}

async function createSeenContextTable(db: AnyDatabase): Promise<void> {
  const text = textOf(db);
  await db.schema
    .createTable('seen_contexts')
    .addColumn('environment_id', text, (column) => column.notNull())
    .addColumn('hash', text, (column) => column.notNull())
    .addColumn('key', text, (column) => column.notNull())
    .addColumn('kinds', text, (column) => column.notNull())
    .addColumn('search_text', text, (column) => column.notNull())
    .addColumn('context_json', text, (column) => column.notNull())
    .addColumn('last_seen_at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('seen_contexts_key', ['environment_id', 'hash'])
    .execute();
  await db.schema.createIndex('seen_contexts_age').on('seen_contexts').column('last_seen_at').execute();
  // How large a sample is and how old, without a look at the contexts.
  await db.schema
    .createIndex('seen_contexts_sample')
    .on('seen_contexts')
    .columns(['environment_id', 'hash', 'last_seen_at'])
    .execute();
}

/**
 * Those that better-auth writes are as it does on SQLite, on both databases: times are texts in ISO 8601, and booleans
 * are 0 or 1.
 */
async function createPeopleTables(db: AnyDatabase): Promise<void> {
  const text = textOf(db);
  await db.schema
    .createTable('people')
    .addColumn('id', text, (column) => column.primaryKey())
    .addColumn('email', text, (column) => column.notNull().unique())
    .addColumn('email_verified', 'bigint', (column) => column.notNull())
    .addColumn('name', text, (column) => column.notNull())
    .addColumn('image', text)
    .addColumn('two_factor_enabled', 'bigint')
    .addColumn('grants_json', text, (column) => column.notNull().defaultTo('[]'))
    .addColumn('created_at', text, (column) => column.notNull())
    .addColumn('updated_at', text, (column) => column.notNull())
    .execute();
  await db.schema
    .createTable('sessions')
    .addColumn('id', text, (column) => column.primaryKey())
    .addColumn('person_id', text, (column) => column.notNull().references('people.id').onDelete('cascade'))
    .addColumn('token', text, (column) => column.notNull().unique())
    .addColumn('ip_address', text)
    .addColumn('user_agent', text)
    .addColumn('expires_at', text, (column) => column.notNull())
    .addColumn('created_at', text, (column) => column.notNull())
    .addColumn('updated_at', text, (column) => column.notNull())
    .execute();
  await db.schema.createIndex('sessions_person').on('sessions').column('person_id').execute();
  await db.schema
    .createTable('accounts')
    .addColumn('id', text, (column) => column.primaryKey())
    .addColumn('person_id', text, (column) => column.notNull().references('people.id').onDelete('cascade'))
    .addColumn('provider_id', text, (column) => column.notNull())
    .addColumn('account_id', text, (column) => column.notNull())
    .addColumn('password', text)
    .addColumn('access_token', text)
    .addColumn('refresh_token', text)
    .addColumn('id_token', text)
    .addColumn('access_token_expires_at', text)
    .addColumn('refresh_token_expires_at', text)
    .addColumn('scope', text)
    .addColumn('created_at', text, (column) => column.notNull())
    .addColumn('updated_at', text, (column) => column.notNull())
    .addUniqueConstraint('accounts_key', ['provider_id', 'account_id'])
    .execute();
  await db.schema.createIndex('accounts_person').on('accounts').column('person_id').execute();
  await db.schema
    .createTable('two_factors')
    .addColumn('id', text, (column) => column.primaryKey())
    .addColumn('person_id', text, (column) => column.notNull().unique().references('people.id').onDelete('cascade'))
    .addColumn('secret', text, (column) => column.notNull())
    .addColumn('backup_codes', text, (column) => column.notNull())
    .addColumn('verified', 'bigint')
    .addColumn('failed_verification_count', 'bigint')
    .addColumn('locked_until', text)
    .execute();
  await db.schema
    .createTable('verifications')
    .addColumn('id', text, (column) => column.primaryKey())
    .addColumn('identifier', text, (column) => column.notNull())
    .addColumn('value', text, (column) => column.notNull())
    .addColumn('expires_at', text, (column) => column.notNull())
    .addColumn('created_at', text, (column) => column.notNull())
    .addColumn('updated_at', text, (column) => column.notNull())
    .execute();
  await db.schema.createIndex('verifications_identifier').on('verifications').column('identifier').execute();
  await db.schema
    .createTable('invitations')
    .addColumn('id', text, (column) => column.primaryKey())
    .addColumn('hash', text, (column) => column.notNull().unique())
    .addColumn('email', text)
    .addColumn('grants_json', text, (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('expires_at', 'bigint')
    .execute();
  // Tokens from before may do everything.
  await db.schema
    .alterTable('api_tokens')
    .addColumn('grants_json', text, (column) => column.notNull().defaultTo('[{"role":"admin"}]'))
    .execute();
  await db.schema.alterTable('api_tokens').addColumn('expires_at', 'bigint').execute();
}

/** Filled when the server starts, as after any release that writes none. */
async function createListingTable(db: AnyDatabase): Promise<void> {
  const text = textOf(db);
  await db.schema
    .createTable('listings')
    .addColumn('environment_id', text, (column) => column.notNull())
    .addColumn('kind', text, (column) => column.notNull())
    .addColumn('key', text, (column) => column.notNull())
    .addColumn('flag_kind', text)
    .addColumn('state', text)
    .addColumn('owner', text, (column) => column.notNull())
    .addColumn('tags', text, (column) => column.notNull())
    .addColumn('words', text, (column) => column.notNull())
    .addColumn('behaviour_hash', text)
    .addColumn('shown_json', text, (column) => column.notNull())
    .addColumn('version', 'bigint', (column) => column.notNull())
    .addColumn('changed_at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('listings_key', ['environment_id', 'kind', 'key'])
    .execute();
  // All that is needed to count what filters find: a fifth of the time that reading the rows takes.
  await db.schema
    .createIndex('listings_filters')
    .on('listings')
    .columns(['environment_id', 'kind', 'state', 'flag_kind', 'owner', 'behaviour_hash', 'key'])
    .execute();
  await db.schema
    .alterTable('environments')
    .addColumn('listed_version', 'bigint', (column) => column.notNull().defaultTo(0))
    .execute();
}

async function createEvaluationHourTable(db: AnyDatabase): Promise<void> {
  const text = textOf(db);
  await db.schema
    .createTable('evaluation_hours')
    .addColumn('environment_id', text, (column) => column.notNull())
    .addColumn('flag_key', text, (column) => column.notNull())
    .addColumn('variation', 'bigint', (column) => column.notNull())
    .addColumn('hour', 'bigint', (column) => column.notNull())
    .addColumn('count', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('evaluation_hours_key', ['environment_id', 'flag_key', 'hour', 'variation'])
    .execute();
  await db.schema.createIndex('evaluation_hours_age').on('evaluation_hours').column('hour').execute();
  // Made-up counts must not grow beyond what the column holds; each of them may be as large as that.
  await sql`
    insert into evaluation_hours (environment_id, flag_key, variation, hour, count)
    select m.environment_id, m.flag_key, m.variation, m.minute - m.minute % 3600000, cast(case when sum(m.count * 1.0) > 9e15 then 9e15 else sum(m.count * 1.0) end as bigint)
    from evaluation_minutes m
    join objects o on o.environment_id = m.environment_id and o.kind = 'flag' and o.key = m.flag_key
    where m.variation < 1000
    group by 1, 2, 3, 4
  `.execute(db);
}

async function createRecoveryTable(db: AnyDatabase): Promise<void> {
  const text = textOf(db);
  await db.schema
    .createTable('recoveries')
    .addColumn('person_id', text, (column) => column.primaryKey().references('people.id').onDelete('cascade'))
    .addColumn('hash', text, (column) => column.notNull().unique())
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .execute();
}
