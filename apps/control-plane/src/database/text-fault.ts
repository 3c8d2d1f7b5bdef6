/**
 * What is wrong with a text, whatever it means; undefined: nothing. Half characters come back from a database as
 * something else, and PostgreSQL takes no NUL.
 */
export function findTextFault(text: string): string | undefined {
  if (!text.isWellFormed()) return 'expected whole characters, got half of a surrogate pair';
  if (text.includes('\0')) return 'expected text without the character NUL (\\u0000)';
  return undefined;
}
