export { createBackup, type DataPlace, type RestoreOptions, restoreBackup } from './backup/backups.ts';
export type { CreatedBackup } from './backup/create-backup.ts';
export type { RestoredBackup } from './backup/restore-backup.ts';
export { describeDatabase, parseDatabaseUrl } from './database/database-url.ts';
export { describeError, type ErrorCode, ServerError } from './errors.ts';
export { type FirstStart, firstStartFile } from './first-start.ts';
export { nodePlatform, type Platform, regex } from './platform.ts';
export { type RunningServer, type ServerSurroundings, serverVersion, startServer } from './server.ts';
export { parseSettings, type Settings, serverOptions } from './settings.ts';
