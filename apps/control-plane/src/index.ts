export { type CreatedBackup, createBackup } from './backup/create-backup.ts';
export { type RestoredBackup, restoreBackup } from './backup/restore-backup.ts';
export { type ErrorCode, ServerError } from './errors.ts';
export { type FirstStart, firstStartFile } from './first-start.ts';
export { nodePlatform, type Platform, regex } from './platform.ts';
export { type RunningServer, type ServerSurroundings, serverVersion, startServer } from './server.ts';
export { parseSettings, type Settings, serverOptions } from './settings.ts';
