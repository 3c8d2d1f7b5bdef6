import { backfillView } from '@sluice/api-client';
import type { EnvironmentRow } from '../database/schema.ts';
import { environmentFlagParams } from '../flags/flag-schema.ts';
import type { App } from '../http/zod-routes.ts';
import { getEnvironment } from '../projects/environment-queries.ts';
import type { ServerContext } from '../server-context.ts';
import { claimRange, noteProgress, noteVerification, proposeRanges } from './backfill-commands.ts';
import { getMigration, listRanges, type Subject } from './backfill-queries.ts';
import { claimBody, migrationParams, progressBody, rangesBody, verificationBody } from './backfill-schema.ts';
import { toBackfillView } from './backfill-view.ts';

/** How far a backfill is. */
export function addBackfillRoutes(app: App, { db, platform }: ServerContext): void {
  app.get(
    '/projects/:project/environments/:environment/flags/:flag/backfill',
    {
      schema: {
        summary: "How far a migration's backfill is: its ranges and their sums",
        params: environmentFlagParams,
        response: { 200: backfillView },
      },
    },
    async ({ params }) => {
      const environment = await getEnvironment(db, params.project, params.environment);
      const subject: Subject = { environment, key: params.flag };
      await getMigration(db, subject);
      return toBackfillView(params.flag, await listRanges(db, subject), platform.now());
    },
  );
}

/** For the workers of a backfill, which run in applications: behind an SDK key. */
export function addBackfillWorkRoutes(app: App, context: ServerContext): void {
  const { db } = context;
  const find = async (environmentId: string, key: string): Promise<Subject> => ({
    environment: await readEnvironment(environmentId),
    key,
  });
  // Whoever has an SDK key has an environment.
  const readEnvironment = (id: string): Promise<EnvironmentRow> =>
    db.selectFrom('environments').selectAll().where('id', '=', id).executeTakeFirstOrThrow();

  app.post(
    '/migrations/:migration/backfill/claim',
    { schema: { params: migrationParams, body: claimBody } },
    async ({ params, body, environmentId }) => claimRange(context, await find(environmentId, params.migration), body),
  );
  app.post(
    '/migrations/:migration/backfill/ranges',
    { schema: { params: migrationParams, body: rangesBody } },
    async ({ params, body, environmentId }) => {
      await proposeRanges(context, await find(environmentId, params.migration), body.upperBounds);
      return {};
    },
  );
  app.post(
    '/migrations/:migration/backfill/progress',
    { schema: { params: migrationParams, body: progressBody } },
    async ({ params, body, environmentId }) => noteProgress(context, await find(environmentId, params.migration), body),
  );
  app.post(
    '/migrations/:migration/backfill/verification',
    { schema: { params: migrationParams, body: verificationBody } },
    async ({ params, body, environmentId }) =>
      noteVerification(context, await find(environmentId, params.migration), body),
  );
}
