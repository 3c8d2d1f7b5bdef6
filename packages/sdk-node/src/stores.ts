/** The door `@sluice/sdk-node/stores`: databases as stores of a migration. Imports no driver. */
export type { Applied, Page, ReadOptions, ScannedStore, Store, Stored, WriteOptions } from './migrations/store.ts';
export { type DynamoDocument, type DynamoLayout, dynamoStore } from './migrations/stores/dynamo.ts';
export {
  type MariadbConnection,
  type MariadbLayout,
  mariadbColumnsSql,
  mariadbStore,
} from './migrations/stores/mariadb.ts';
export { type PostgresConnection, postgresColumnsSql, postgresStore } from './migrations/stores/postgres.ts';
export { type RedisClient, type RedisLayout, type RedisStore, redisStore } from './migrations/stores/redis.ts';
export { serialised, type UnguardedStore } from './migrations/stores/serialised.ts';
export { type SqliteDatabase, sqliteColumnsSql, sqliteStore } from './migrations/stores/sqlite.ts';
export type { TableLayout, ValueColumn } from './migrations/stores/table.ts';
