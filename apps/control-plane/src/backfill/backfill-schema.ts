import { keySchema } from '@sluice/authoring';
import * as z from 'zod';
import { pageQuery } from '../http/paging.ts';

const count = z.int().min(0);
const recordKey = z.string().max(4096);
const position = count;
const fence = z.int().min(1);

export const backfillQuery = z.strictObject({
  ...pageQuery,
  /** Only ranges that somebody works on, or that differ. */
  noted: z.enum(['true', 'false']).default('false'),
});

export const migrationParams = z.object({ migration: keySchema });

export const claimBody = z.strictObject({
  /** Names the worker to people. */
  worker: z.string().min(1).max(256),
  /** Positions of dirty ranges that this worker has looked at, and is not to have again. */
  except: z.array(position).max(100_000).default([]),
});

const mostRanges = 100_000;

/** The last range goes on to the end. */
export const rangesBody = z.strictObject({
  upperBounds: z
    .array(recordKey)
    .max(mostRanges)
    .refine(isAscending, 'keys that ascend by the bytes of their UTF-8, each once'),
});

export const progressBody = z.strictObject({
  position,
  fence,
  cursor: recordKey.exactOptional(),
  isCopied: z.boolean(),
  /** Of the whole range, not since the last time: it may be told twice. */
  tally: z.strictObject({ rows: count, inserted: count, equal: count, skippedNewer: count, failed: count }),
  pace: z
    .strictObject({ rowsPerSecond: z.number().min(0), reason: z.string().max(1000).exactOptional() })
    .exactOptional(),
  /** The worker leaves the range to others. */
  isReleased: z.boolean().default(false),
});

const sum = z.strictObject({
  count,
  sum: z.string().regex(/^[0-9a-f]{16}$/, '16 hexadecimal digits'),
  maxVersion: z.string().max(256).exactOptional(),
});

export const verificationBody = z.strictObject({
  position,
  fence,
  verification: z.strictObject({
    old: sum,
    new: sum,
    repaired: count,
    reported: z.array(z.strictObject({ key: recordKey, reason: z.string().max(1000) })).max(100),
  }),
});

function isAscending(keys: readonly string[]): boolean {
  return keys.every((key, at) => at === 0 || Buffer.compare(Buffer.from(keys[at - 1] ?? ''), Buffer.from(key)) < 0);
}
