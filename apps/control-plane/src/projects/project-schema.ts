import { keySchema } from '@sluice/authoring';
import * as z from 'zod';

export const projectParams = z.object({ project: keySchema });
export const environmentParams = z.object({ project: keySchema, environment: keySchema });
const name = z.string().min(1).max(256);
export const namedBody = z.strictObject({ key: keySchema, name: name.optional() });
export const newEnvironmentBody = namedBody.extend({ isProduction: z.boolean().optional() });
export const environmentBody = z.strictObject({ name: name.optional(), isProduction: z.boolean().optional() });
