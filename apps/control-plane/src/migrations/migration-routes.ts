import {
  type MigrationBarrierView,
  migrationBarrierView,
  migrationFactsView,
  migrationRowView,
  mismatchesView,
  pageOf,
} from '@sluice/api-client';
import * as z from 'zod';
import { describeBackfill } from '../backfill/backfill-routes.ts';
import type { EnvironmentRow } from '../database/schema.ts';
import { listFlags } from '../flags/flag-queries.ts';
import { environmentFlagParams } from '../flags/flag-schema.ts';
import { pageQuery, parseCursor, toPage } from '../http/paging.ts';
import type { App } from '../http/zod-routes.ts';
import { getEnvironment } from '../projects/environment-queries.ts';
import { environmentParams } from '../projects/project-schema.ts';
import type { ServerContext } from '../server-context.ts';
import { describeHoldouts } from './barrier.ts';
import { gatherEvidence, listChecks } from './checklist.ts';
import { getMigration } from './migration-queries.ts';
import { toMigrationRow } from './migration-row.ts';
import { groupMismatches } from './mismatch-groups.ts';

/** Of the ranges of a backfill that somebody works on, or that differ. */
const rangesShown = 20;

export function addMigrationRoutes(app: App, { db, readFleet, platform }: ServerContext): void {
  app.get(
    '/projects/:project/environments/:environment/migration-rows',
    {
      schema: {
        summary: 'List migrations, each with what stands before its next stage',
        params: environmentParams,
        querystring: z.strictObject(pageQuery),
        response: { 200: pageOf(migrationRowView) },
      },
    },
    async ({ params, query: { limit, cursor } }) => {
      const environment = await getEnvironment(db, params.project, params.environment);
      const migrations = await listFlags(db, environment, { limit, after: parseCursor(cursor), kind: 'migration' });
      const asked = { environment, now: platform.now(), fleet: await readFleet(environment.id) };
      const rows = await Promise.all(migrations.map((migration) => toMigrationRow(db, migration, asked)));
      return toPage(
        rows,
        limit,
        ({ key }) => key,
        (row) => row,
      );
    },
  );

  app.get(
    '/projects/:project/environments/:environment/flags/:flag/barrier',
    {
      schema: {
        summary:
          'Who may still be in what a migration was before its last change, and what to look at before it goes on',
        params: environmentFlagParams,
        response: { 200: migrationBarrierView },
      },
    },
    async ({ params }) => {
      const environment = await getEnvironment(db, params.project, params.environment);
      return describeBarrier(environment, params.flag);
    },
  );

  app.get(
    '/projects/:project/environments/:environment/flags/:flag/mismatches',
    {
      schema: {
        summary: 'What is not the same in both stores of a migration, by the path that differs',
        params: environmentFlagParams,
        response: { 200: mismatchesView },
      },
    },
    async ({ params }) => {
      const environment = await getEnvironment(db, params.project, params.environment);
      await getMigration(db, environment, params.flag);
      return { flag: params.flag, ...(await groupMismatches(db, environment.id, params.flag)) };
    },
  );

  app.get(
    '/projects/:project/environments/:environment/flags/:flag/migration',
    {
      schema: {
        summary: 'What is measured of a migration: its barrier, its mismatches, and its backfill with the noted ranges',
        params: environmentFlagParams,
        response: { 200: migrationFactsView },
      },
    },
    async ({ params: { project, environment: key, flag } }) => {
      const environment = await getEnvironment(db, project, key);
      const barrier = await describeBarrier(environment, flag);
      const ranges = { limit: rangesShown, isNoted: true, after: -1 };
      return {
        barrier,
        mismatches: { flag, ...(await groupMismatches(db, environment.id, flag)) },
        backfill: await describeBackfill(db, { environment, key: flag }, ranges, platform.now()),
      };
    },
  );

  async function describeBarrier(environment: EnvironmentRow, flag: string): Promise<MigrationBarrierView> {
    const { version } = await getMigration(db, environment, flag);
    const fleet = await readFleet(environment.id);
    const { ready, holdouts } = describeHoldouts(fleet, { key: flag, epoch: environment.epoch, version });
    const evidence = await gatherEvidence(db, { environment, key: flag, version, now: platform.now() }, fleet);
    return {
      ...{ flag, isOpen: holdouts.length === 0, version, ready, waitsFor: holdouts },
      checks: [...listChecks(evidence)],
      ...evidence,
    };
  }
}
