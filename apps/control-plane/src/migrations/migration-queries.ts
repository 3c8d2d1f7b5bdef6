import type { EnvironmentRow, Reads } from '../database/schema.ts';
import { ServerError } from '../errors.ts';
import { getFlag, type StoredFlag } from '../flags/flag-queries.ts';

/** Throws `not-found` when the flag is none, or of another kind. */
export async function getMigration(reads: Reads, environment: EnvironmentRow, key: string): Promise<StoredFlag> {
  const flag = await getFlag(reads, environment, key);
  if (flag.definition.kind === 'migration') return flag;
  const message = `\`${key}\` is a ${flag.definition.kind}; only a migration has a barrier, mismatches and a backfill`;
  throw new ServerError('not-found', message, { faults: [{ path: 'flag', message }] });
}
