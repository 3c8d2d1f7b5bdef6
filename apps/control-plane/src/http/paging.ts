import type { Page } from '@sluice/api-client';
import * as z from 'zod';
import { findTextFault } from '../database/text-fault.ts';
import { ServerError } from '../errors.ts';

/** Of a page. */
const mostEntries = 500;

/** What every list takes: at most `limit` entries, after those that the cursor stands for. */
export const pageQuery = {
  // One check, so that whoever misses the range is told both of its ends.
  limit: z.coerce
    .number()
    .refine(
      (limit) => Number.isInteger(limit) && limit >= 1 && limit <= mostEntries,
      `a number from 1 to ${mostEntries}`,
    )
    .meta({ type: 'integer', minimum: 1, maximum: mostEntries })
    .default(100),
  cursor: z.string().max(1024).optional(),
};

/** Makes a page of rows of which one more than `limit` was read; `keyOf` gives what the next page starts after. */
export function toPage<Row, View>(
  rows: readonly Row[],
  limit: number,
  keyOf: (row: Row) => string,
  view: (row: Row) => View,
): Page<View> {
  return makePage({ rows: rows.slice(0, limit), hasMore: rows.length > limit }, keyOf, view);
}

/** Makes a page of rows that may be less than was asked for. */
export function makePage<Row, View>(
  { rows, hasMore }: { readonly rows: readonly Row[]; readonly hasMore: boolean },
  keyOf: (row: Row) => string,
  view: (row: Row) => View,
): Page<View> {
  const last = rows.at(-1);
  const nextCursor =
    hasMore && last !== undefined ? { nextCursor: Buffer.from(keyOf(last)).toString('base64url') } : undefined;
  return { items: rows.map(view), ...nextCursor };
}

/** What a page starts after; undefined for the first. */
export function parseCursor(cursor: string | undefined): string | undefined {
  if (cursor === undefined) return undefined;
  const text = Buffer.from(cursor, 'base64url').toString();
  const isOurs = text !== '' && Buffer.from(text).toString('base64url') === cursor;
  if (!isOurs || findTextFault(text) !== undefined) throw invalidCursor(cursor);
  return text;
}

/** The same where pages start after a number. */
export function parseNumberCursor(cursor: string | undefined): number | undefined {
  const text = parseCursor(cursor);
  if (cursor === undefined || text === undefined) return undefined;
  if (!/^\d{1,15}$/.test(text)) throw invalidCursor(cursor);
  return Number(text);
}

function invalidCursor(cursor: string): ServerError {
  const message = `expected the nextCursor of an earlier page of this list, got ${JSON.stringify(cursor.slice(0, 80))}`;
  return new ServerError('invalid-request', `cursor: ${message}`, { faults: [{ path: 'cursor', message }] });
}
