import { keySchema } from '@sluice/authoring';
import * as z from 'zod';
import { pageQuery } from '../http/paging.ts';

const flag = z.enum(['true', 'false']).transform((text) => text === 'true');

export const longestWaitMs = 60_000;

export const convergenceQuery = z.strictObject({
  /** Absent: answer at once. */
  wait: z.enum(['all', '99']).optional(),
  timeoutMs: z.coerce.number().int().min(0).max(longestWaitMs).default(5000),
  includeDelivered: flag.default(false),
});

export const fleetQuery = z.strictObject({
  ...pageQuery,
  state: z.enum(['current', 'behind', 'partial', 'refused', 'offline', 'gone', 'foreign']).optional(),
});

export const fleetParams = z.object({ project: keySchema, environment: keySchema });
