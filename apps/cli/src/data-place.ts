import type { DataPlace } from '@sluice/control-plane';
import { parseDatabaseUrl } from '@sluice/control-plane/basics';
import { parseOptions } from './errors.ts';
import type { CommandPlatform } from './platform.ts';

/** Options of commands that work on a server's data without asking the server. */
export const placeOptions = {
  data: { type: 'string', value: 'FOLDER', help: 'data folder of the server (SLUICE_DATA, ./data)' },
  'database-url': { type: 'string', value: 'URL', help: 'of PostgreSQL, where servers use it (SLUICE_DATABASE_URL)' },
} as const;

export function findPlace(
  options: { readonly data?: string | undefined; readonly 'database-url'?: string | undefined },
  { variables }: CommandPlatform,
): DataPlace {
  const databaseUrl = options['database-url'] || variables.SLUICE_DATABASE_URL || undefined;
  return {
    folder: options.data ?? variables.SLUICE_DATA ?? './data',
    databaseUrl: databaseUrl === undefined ? undefined : parseOptions(() => parseDatabaseUrl(databaseUrl)),
  };
}
