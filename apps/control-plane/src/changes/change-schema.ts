import { changeRequestSchema, flagKinds, keySchema } from '@sluice/authoring';
import * as z from 'zod';
import { pageQuery } from '../http/paging.ts';

export const changeBody = changeRequestSchema.extend({
  expectedVersion: z.int().min(0).optional(),
  dryRun: z.boolean().optional(),
});

export const changeParams = z.object({ project: keySchema, environment: keySchema, change: z.string().max(64) });

export const changesQuery = z.strictObject({
  ...pageQuery,
  flag: keySchema.optional(),
  segment: keySchema.optional(),
  actor: z.string().max(256).optional(),
  /** Milliseconds since the epoch. */
  since: z.coerce.number().int().min(0).optional(),
  /** Of what was touched. */
  kind: z.enum([...flagKinds, 'segment']).optional(),
  /** Somewhere in the comment, in letters of either case. */
  comment: z.string().min(1).max(256).optional(),
});

export const revertBody = z.strictObject({
  comment: z.string().max(4096).optional(),
  /** Later changes to what is reverted are lost; without this they are listed and nothing is done. */
  discardLater: z.boolean().optional(),
  dryRun: z.boolean().optional(),
});

const objectName = z.string().max(300);

export const revertSinceBody = z.strictObject({
  /** Milliseconds since the epoch, as `until`. */
  since: z.int().min(0),
  until: z.int().min(0).optional(),
  /** Objects that stay as they are: `flag:KEY`, `segment:KEY`. */
  deselect: z.array(objectName).max(500).optional(),
  /** Migrations that are set back too. */
  include: z.array(objectName).max(500).optional(),
  /** Changes after `until` to what is set back are lost; without this they are listed and nothing is done. */
  discardLater: z.boolean().optional(),
  comment: z.string().max(4096).optional(),
  /** The `version` of the dry run. */
  expectedVersion: z.int().min(0).optional(),
  dryRun: z.boolean().optional(),
});
