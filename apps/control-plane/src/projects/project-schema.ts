import { keySchema } from '@sluice/authoring';
import * as z from 'zod';

export const projectParams = z.object({ project: keySchema });
export const environmentParams = z.object({ project: keySchema, environment: keySchema });
export const namedBody = z.strictObject({ key: keySchema, name: z.string().min(1).max(256).optional() });
