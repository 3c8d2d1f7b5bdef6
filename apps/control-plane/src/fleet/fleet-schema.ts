import { instanceMatters } from '@sluice/api-client';
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
  matter: z.enum(['any', ...instanceMatters]).optional(),
  service: z.string().max(256).optional(),
  zone: z.string().max(256).optional(),
  sdk: z.string().max(256).optional(),
  version: z.coerce.number().int().min(0).optional(),
  /** Somewhere in the name, or in what instances say of themselves; upper and lower case are the same. */
  search: z.string().max(256).optional(),
  order: z.enum(['name', 'worst']).default('name'),
});
export type FleetFilter = Omit<z.output<typeof fleetQuery>, 'limit' | 'cursor' | 'order'>;

export const fleetParams = z.object({ project: keySchema, environment: keySchema });

export const instanceParams = fleetParams.extend({ instance: z.string().min(1).max(300) });
