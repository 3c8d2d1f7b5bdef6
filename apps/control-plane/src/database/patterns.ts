import { type RawBuilder, sql } from 'kysely';

/** A pattern for `like`: what has this text in it, as it stands there. */
export function containing(text: string): RawBuilder<string> {
  return sql`${`%${text.replaceAll(/[!%_]/g, '!$&')}%`} escape '!'`;
}
