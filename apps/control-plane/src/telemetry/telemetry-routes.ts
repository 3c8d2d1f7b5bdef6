import {
  type FlagTelemetryView,
  flagTelemetryView,
  type RoutesTelemetryView,
  routesTelemetryView,
} from '@sluice/api-client';
import { listEvaluationMinutes } from '../evaluations/evaluation-queries.ts';
import { getFlag } from '../flags/flag-queries.ts';
import { environmentFlagParams } from '../flags/flag-schema.ts';
import type { App } from '../http/zod-routes.ts';
import { getEnvironment } from '../projects/environment-queries.ts';
import { environmentParams } from '../projects/project-schema.ts';
import type { ServerContext } from '../server-context.ts';
import { countOverdue } from '../valves/valve-queries.ts';
import { addUpRoutes, isWithin, listCounted, spanOf } from './telemetry-queries.ts';
import { telemetryQuery } from './telemetry-schema.ts';
import { toConfigView, toMigrationView, toProvidersView, toRouteViews, toValveView } from './telemetry-view.ts';

/** So many points make a curve: two days by the minute. */
const mostPointsOfFlag = 2880;
/** There are many routes, of which nobody sees a curve: what is added up already is enough. */
const mostPeriodsOfRoutes = 60;

/** What SDKs counted. */
export function addTelemetryRoutes(app: App, { db, platform }: ServerContext): void {
  app.get(
    '/projects/:project/environments/:environment/flags/:flag/telemetry',
    {
      schema: {
        summary: 'What SDKs counted of a flag: evaluations, calls, sends, refusals',
        params: environmentFlagParams,
        querystring: telemetryQuery,
        response: { 200: flagTelemetryView },
      },
    },
    async ({ params, query }): Promise<FlagTelemetryView> => {
      const environment = await getEnvironment(db, params.project, params.environment);
      const { definition, configuration } = await getFlag(db, environment, params.flag);
      const { key, kind } = definition;
      const span = spanOf(platform.now(), query.window, mostPointsOfFlag);
      const asked = {
        environmentId: environment.id,
        kinds: ['valve', 'providers', 'config', 'migration'] as const,
        key,
      };
      const counted = await listCounted(db, asked, span);
      const minutes = await listEvaluationMinutes(db, environment.id, key, span.from);
      const [valve, providers, config] = [toValveView(counted), toProvidersView(counted), toConfigView(counted)];
      const migration = toMigrationView(counted);
      return {
        flag: key,
        from: span.from,
        to: span.to,
        stepMs: span.level.periodMs,
        ...(kind === 'valve' && { overdue: countOverdue(configuration.rules, span.to) }),
        evaluations: sumByVariation(minutes),
        ...(valve !== undefined && { valve }),
        ...(providers !== undefined && { providers }),
        ...(config !== undefined && { config }),
        ...(migration !== undefined && { migration }),
      };
    },
  );

  app.get(
    '/projects/:project/environments/:environment/routes/telemetry',
    {
      schema: {
        summary: 'How requests fared that applications answered, by route',
        params: environmentParams,
        querystring: telemetryQuery,
        response: { 200: routesTelemetryView },
      },
    },
    async ({ params, query }): Promise<RoutesTelemetryView> => {
      const { id } = await getEnvironment(db, params.project, params.environment);
      const span = spanOf(platform.now(), query.window, mostPeriodsOfRoutes);
      const routes = await addUpRoutes(db, id, isWithin(span), platform);
      return { from: span.from, to: span.to, items: toRouteViews(routes) };
    },
  );
}

function sumByVariation(minutes: Awaited<ReturnType<typeof listEvaluationMinutes>>): FlagTelemetryView['evaluations'] {
  const byVariation = [...Map.groupBy(minutes, ({ variation }) => variation)];
  return byVariation
    .sort(([one = -1], [other = -1]) => one - other)
    .map(([variation, ofVariation]) => ({
      ...(variation !== undefined && { variation }),
      count: ofVariation.reduce((sum, { count }) => Math.min(sum + count, Number.MAX_SAFE_INTEGER), 0),
    }));
}
