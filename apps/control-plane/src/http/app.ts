import Fastify, { LogController } from 'fastify';
import { addBackfillRoutes, addBackfillWorkRoutes } from '../backfill/backfill-routes.ts';
import { addChangeRoutes } from '../changes/change-routes.ts';
import { addContextRoutes } from '../contexts/context-routes.ts';
import { addCredentialRoutes } from '../credentials/credential-routes.ts';
import { addEdgeRoutes } from '../edges/edge-routes.ts';
import { addEvaluationRoutes } from '../evaluations/evaluation-routes.ts';
import { addFeedRoutes } from '../feed/feed-routes.ts';
import { addFlagRoutes } from '../flags/flag-routes.ts';
import { addFlagRowRoutes } from '../flags/flag-row-routes.ts';
import { addFleetRoutes } from '../fleet/fleet-routes.ts';
import { createId } from '../ids.ts';
import { addMigrationRoutes } from '../migrations/migration-routes.ts';
import { addNowRoutes } from '../now/now-routes.ts';
import { createTrust } from '../people/find-person.ts';
import { addOwnRoutes } from '../people/own-routes.ts';
import { addPersonRoutes } from '../people/person-routes.ts';
import { addSessionRoutes } from '../people/session-routes.ts';
import { addSignOnRoutes } from '../people/sign-on-routes.ts';
import { addPreviewRoutes } from '../preview/preview-routes.ts';
import { addProjectRoutes } from '../projects/project-routes.ts';
import { addSegmentRoutes } from '../segments/segment-routes.ts';
import type { ServerContext } from '../server-context.ts';
import { addTelemetryRoutes } from '../telemetry/telemetry-routes.ts';
import { addTokenRoutes } from '../tokens/token-routes.ts';
import { addValveRoutes } from '../valves/valve-routes.ts';
import { requireActor, requireSdkKey } from './authentication.ts';
import { addDashboard } from './dashboard.ts';
import { addEtags } from './etags.ts';
import { takeJsonBodies } from './json-bodies.ts';
import { serveOpenapi } from './openapi.ts';
import { answerProblems, bodyLimitBytes, createErrorAnswer, longestParam } from './problems.ts';
import { addStatusPage } from './status-page.ts';
import { type App, useZodSchemas } from './zod-routes.ts';

/**
 * The management API, and the dashboard where it was built (`dashboard`: into which folder), else a page that says what is
 * running. Requests come in through `routing`, as the app opens no port of its own.
 */
export function createApp(context: ServerContext, dashboard?: string): App {
  const { metrics, errors } = context;
  const answerError = createErrorAnswer(errors);
  const app: App = Fastify({
    loggerInstance: context.log,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: bodyLimitBytes,
    routerOptions: { maxParamLength: longestParam },
    frameworkErrors: answerError,
    genReqId: () => createId(context.platform),
    trustProxy: createTrust(context.people.trustedProxies),
    return503OnClosing: false,
  });
  takeJsonBodies(app);
  useZodSchemas(app);
  answerProblems(app, answerError);
  addEtags(app);
  serveOpenapi(app);
  if (dashboard === undefined) addStatusPage(app, context);
  else addDashboard(app, dashboard, context.platform);
  app.get('/metrics', async (_request, reply) =>
    reply
      .type(metrics.registry.contentType)
      .serializer(String)
      .send(await metrics.registry.metrics()),
  );
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'none';
    const { method, url } = request;
    const { statusCode: status, elapsedTime } = reply;
    metrics.requests.observe({ method, route, status }, elapsedTime / 1000);
    request.log.debug({ method, url, status, ms: Math.round(elapsedTime), actor: request.actor?.name }, 'answered');
  });
  app.register(
    (open: App, _options, done) => {
      addSessionRoutes(open, context);
      addSignOnRoutes(open, context);
      done();
    },
    { prefix: '/api/v1' },
  );
  app.register(
    (api: App, _options, done) => {
      requireActor(api, context);
      addProjectRoutes(api, context);
      addFlagRoutes(api, context);
      addFlagRowRoutes(api, context);
      addSegmentRoutes(api, context);
      addChangeRoutes(api, context);
      addCredentialRoutes(api, context);
      addTokenRoutes(api, context);
      addOwnRoutes(api, context);
      addPersonRoutes(api, context);
      addEvaluationRoutes(api, context);
      addTelemetryRoutes(api, context);
      addContextRoutes(api, context);
      addPreviewRoutes(api, context);
      addFleetRoutes(api, context);
      addFeedRoutes(api, context);
      addNowRoutes(api, context);
      addMigrationRoutes(api, context);
      addBackfillRoutes(api, context);
      addEdgeRoutes(api, context);
      addValveRoutes(api, context);
      done();
    },
    { prefix: '/api/v1' },
  );
  app.register(
    (sdk: App, _options, done) => {
      requireSdkKey(sdk, context);
      addBackfillWorkRoutes(sdk, context);
      done();
    },
    { prefix: '/sdk/v1' },
  );
  return app;
}
