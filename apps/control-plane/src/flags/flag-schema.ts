import { definitionFields, definitionInput, keySchema } from '@sluice/authoring';
import * as z from 'zod';

const comment = z.string().max(4096).optional();

export const flagParams = z.object({ project: keySchema, flag: keySchema });
export const environmentFlagParams = z.object({ project: keySchema, environment: keySchema, flag: keySchema });
export const newFlagBody = definitionInput.extend({ comment });
export const flagPatchBody = z.strictObject({
  ...definitionFields,
  archived: z.boolean().optional(),
  /** The key of a migration in `complete`, to archive it although code asked for it within the last day. */
  confirm: keySchema.optional(),
  comment,
});
export const flagDeleteQuery = z.strictObject({ comment });
