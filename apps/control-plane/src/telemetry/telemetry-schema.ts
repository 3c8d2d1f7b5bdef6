import * as z from 'zod';
import { levels } from './telemetry-levels.ts';

const unitsMs: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const shortestMs = 10_000;
const longestMs = levels.at(-1)?.keptMs ?? 0;
const grammar = 'a whole number and a unit, s, m, h or d, such as 30s, 5m, 1h or 7d, from 10s to 90d';

/** How far to look back, in milliseconds. */
export const telemetryQuery = z.strictObject({
  window: z
    .string()
    .default('1h')
    .transform((text, context) => {
      const [, number = '', unit = ''] = /^(\d{1,9})([smhd])$/.exec(text) ?? [];
      const windowMs = Number(number) * (unitsMs[unit] ?? 0);
      if (windowMs >= shortestMs && windowMs <= longestMs) return windowMs;
      context.issues.push({ code: 'custom', message: grammar, input: text });
      return z.NEVER;
    }),
});
