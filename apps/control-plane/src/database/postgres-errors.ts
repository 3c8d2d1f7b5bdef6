import { describeError, ServerError } from '../errors.ts';
import { isDatabaseGone } from './database-gone.ts';
import { describeDatabase } from './database-url.ts';

const setting = '--database-url (SLUICE_DATABASE_URL)';

/**
 * What is wrong with a database, for whoever chose it; never with the password. `unavailable` is what may be different
 * later, `invalid-settings` what will not.
 */
export function toSentence(error: unknown, url: string): ServerError {
  if (error instanceof ServerError) return error;
  const database = `the database ${describeDatabase(url)}`;
  const found = describeError(error);
  const { code } = error as { readonly code?: unknown };
  if (typeof code === 'string' && /^(28|3D)/.test(code)) {
    const message = `${database} refuses the login: ${found}; check user, password and database in ${setting}`;
    return new ServerError('invalid-settings', message, { cause: error });
  }
  if (isDatabaseGone(error)) {
    const message = `${database} cannot be reached: ${found}; check that it runs, and ${setting}`;
    return new ServerError('unavailable', message, { cause: error });
  }
  return new ServerError('invalid-settings', `${database} cannot be used: ${found}`, { cause: error });
}
