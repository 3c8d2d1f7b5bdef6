/** What is known of the server without starting it. The rest takes half a second to load, and most commands need none. */
export { describeDatabase, parseDatabaseUrl } from './database/database-url.ts';
export { describeError, type ErrorCode, ServerError } from './errors.ts';
export { firstStartFile, parseSettings, type Settings, serverOptions } from './settings.ts';
export { serverVersion } from './version.ts';
