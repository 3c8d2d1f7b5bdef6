import { keySchema } from '@sluice/authoring';
import * as z from 'zod';
import { reservedKeys } from './reserved-keys.ts';

export const projectParams = z.object({ project: keySchema });
export const environmentParams = z.object({ project: keySchema, environment: keySchema });
const name = z.string().min(1).max(256);
const projectKey = keySchema.refine((key) => !reservedKeys.includes(key), {
  message: `a key other than ${reservedKeys.join(', ')}, which are addresses of the server`,
});
export const projectBody = z.strictObject({ key: projectKey, name: name.optional() });
export const newEnvironmentBody = z.strictObject({
  key: keySchema,
  name: name.optional(),
  isProduction: z.boolean().optional(),
});
export const environmentBody = z.strictObject({ name: name.optional(), isProduction: z.boolean().optional() });
