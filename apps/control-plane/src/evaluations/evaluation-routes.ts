import { evaluationMinuteView, evaluationSeriesView, explanationView, pageOf } from '@sluice/api-client';
import { keySchema } from '@sluice/authoring';
import * as z from 'zod';
import type { App } from '../http/zod-routes.ts';
import { getEnvironment } from '../projects/environment-queries.ts';
import { environmentParams } from '../projects/project-schema.ts';
import type { ServerContext } from '../server-context.ts';
import { listEvaluationMinutes } from './evaluation-queries.ts';
import { readEvaluationSeries, type SeriesWindow, seriesWindows } from './evaluation-series.ts';
import { explainEvaluation } from './explain.ts';

const flagParams = environmentParams.extend({ flag: keySchema });
/** A user of the old model, which has no kind. */
const legacyUserSchema = z.looseObject({
  key: z.union([z.string(), z.number(), z.boolean()]),
  custom: z.record(z.string(), z.unknown()).nullish(),
  privateAttributeNames: z.array(z.string()).nullish(),
});
/** Contexts with a kind are checked where they are used, as SDKs do. */
const contextSchema = z.looseObject({}).check(({ value, issues }) => {
  if (value.kind !== undefined) return;
  const found = legacyUserSchema.safeParse(value).error?.issues ?? [];
  // What one schema says of a value, another may.
  for (const issue of found) issues.push({ ...issue, input: value } as z.core.$ZodRawIssue);
});
const evaluateBody = z.strictObject({ flag: keySchema, context: contextSchema });
const minutesQuery = z.strictObject({
  /** Milliseconds since the epoch; the last hour unless given. */
  since: z.coerce.number().int().min(0).optional(),
});

// The names are those of the object.
const windows = Object.keys(seriesWindows) as readonly SeriesWindow[];
const seriesQuery = z.strictObject({ window: z.enum(windows).default('24h') });

const hourMs = 3_600_000;

export function addEvaluationRoutes(app: App, context: ServerContext): void {
  const { db, channels, platform } = context;

  app.post(
    '/projects/:project/environments/:environment/evaluate',
    {
      config: { needs: 'viewer' },
      schema: {
        summary: 'Evaluate a flag for a context and say why',
        params: environmentParams,
        body: evaluateBody,
        response: { 200: explanationView },
      },
    },
    async ({ params, body }) => {
      const environment = await getEnvironment(db, params.project, params.environment);
      return explainEvaluation(db, environment, await channels.open(environment.id), { ...body, now: platform.now() });
    },
  );

  app.get(
    '/projects/:project/environments/:environment/flags/:flag/evaluations',
    {
      schema: {
        summary: 'Evaluations that SDKs reported, per minute',
        params: flagParams,
        querystring: minutesQuery,
        response: { 200: pageOf(evaluationMinuteView) },
      },
    },
    async ({ params, query: { since = platform.now() - hourMs } }) => {
      const { id } = await getEnvironment(db, params.project, params.environment);
      return { items: await listEvaluationMinutes(db, id, params.flag, since) };
    },
  );

  app.get(
    '/projects/:project/environments/:environment/flags/:flag/evaluation-series',
    {
      schema: {
        summary: 'Evaluations over time by variation, and when the flag was changed',
        params: flagParams,
        querystring: seriesQuery,
        response: { 200: evaluationSeriesView },
      },
    },
    async ({ params, query: { window } }) => {
      const environment = await getEnvironment(db, params.project, params.environment);
      return readEvaluationSeries(db, environment, params.flag, { window, now: platform.now() });
    },
  );
}
