import { ServerError } from '../errors.ts';

const expected =
  '--database-url (SLUICE_DATABASE_URL) must be like postgres://user:password@host:5432/database, with %-escapes for the characters @ : / ? # in user and password';

/** Checks the address of a PostgreSQL database. What is wrong is said without repeating it: it may hold a password. */
export function parseDatabaseUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isOurs = url?.protocol === 'postgres:' || url?.protocol === 'postgresql:';
  // An unescaped # in a password makes the rest of the address a fragment.
  if (!isOurs || url.hash !== '') throw new ServerError('invalid-settings', expected);
  return text;
}

/** The address as people may see it: without password and parameters. */
export function describeDatabase(text: string): string {
  const { protocol, username, host, pathname } = new URL(text);
  return `${protocol}//${username === '' ? '' : `${username}@`}${host}${pathname}`;
}
