export { createBackup, type DataPlace, type RestoreOptions, restoreBackup } from './backup/backups.ts';
export type { CreatedBackup } from './backup/create-backup.ts';
export type { RestoredBackup } from './backup/restore-backup.ts';
export * from './basics.ts';
export type { FirstStart } from './first-start.ts';
export { schemas } from './json-schema.ts';
export { nodePlatform, type Platform, regex } from './platform.ts';
export { type RunningServer, type ServerSurroundings, startServer } from './server.ts';
export { createOfflineToken } from './tokens/offline-token.ts';
