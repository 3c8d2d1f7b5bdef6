import { type BackfillView, backfillView } from '@sluice/api-client';
import type { EnvironmentRow, Reads } from '../database/schema.ts';
import { environmentFlagParams } from '../flags/flag-schema.ts';
import { parseNumberCursor, toPage } from '../http/paging.ts';
import type { App } from '../http/zod-routes.ts';
import { getMigration } from '../migrations/migration-queries.ts';
import { getEnvironment } from '../projects/environment-queries.ts';
import type { ServerContext } from '../server-context.ts';
import { claimRange, noteProgress, noteVerification, proposeRanges } from './backfill-commands.ts';
import { hasRanges, listRanges, readStanding, type Subject } from './backfill-queries.ts';
import {
  backfillQuery,
  claimBody,
  migrationParams,
  progressBody,
  rangesBody,
  verificationBody,
} from './backfill-schema.ts';
import { summarise } from './backfill-summary.ts';
import { toRangeView } from './backfill-view.ts';

/** How far a backfill is. */
export function addBackfillRoutes(app: App, { db, platform }: ServerContext): void {
  app.get(
    '/projects/:project/environments/:environment/flags/:flag/backfill',
    {
      schema: {
        summary: "How far a migration's backfill is: all of it, and a page of its ranges with their sums",
        params: environmentFlagParams,
        querystring: backfillQuery,
        response: { 200: backfillView },
      },
    },
    async ({ params, query }) => {
      const environment = await getEnvironment(db, params.project, params.environment);
      await getMigration(db, environment, params.flag);
      const { limit, noted, cursor } = query;
      const page = { limit, isNoted: noted === 'true', after: parseNumberCursor(cursor) ?? -1 };
      return describeBackfill(db, { environment, key: params.flag }, page, platform.now());
    },
  );
}

interface RangePage {
  readonly limit: number;
  /** Only those that somebody works on, or that differ. */
  readonly isNoted: boolean;
  readonly after: number;
}

/** All of a backfill in sums, and some of its ranges. */
export async function describeBackfill(
  db: Reads,
  subject: Subject,
  { limit, isNoted, after }: RangePage,
  now: number,
): Promise<BackfillView> {
  const hasAny = await hasRanges(db, subject);
  const all = hasAny ? (await readStanding(db, subject, now)).ranges : 0;
  const rows = hasAny ? await listRanges(db, subject, { after, limit, isNoted, now }) : [];
  const page = toPage(
    rows,
    limit,
    ({ position }) => String(position),
    (row) => toRangeView(row, now),
  );
  const { items: ranges, ...next } = page;
  return { flag: subject.key, ...(await summarise(db, subject, { ranges: all, now })), ranges: [...ranges], ...next };
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
