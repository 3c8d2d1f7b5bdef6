import { pageOf, segmentRowsView, segmentUseView, segmentView } from '@sluice/api-client';
import { keySchema } from '@sluice/authoring';
import * as z from 'zod';
import { pageQuery, parseCursor, toPage } from '../http/paging.ts';
import type { App } from '../http/zod-routes.ts';
import { getEnvironment } from '../projects/environment-queries.ts';
import { environmentParams } from '../projects/project-schema.ts';
import type { ServerContext } from '../server-context.ts';
import { getSegment, listSegments } from './segment-queries.ts';
import { countSegmentRows, listSegmentRows, listSegmentUses, nameUse } from './segment-row-queries.ts';
import { toSegmentView } from './segment-view.ts';

const rowsQuery = z.strictObject({ ...pageQuery, search: z.string().max(1024).default('') });
const segmentParams = environmentParams.extend({ segment: keySchema });

/** Segments are changed by changes; these routes show them. */
export function addSegmentRoutes(app: App, { db }: ServerContext): void {
  app.get(
    '/projects/:project/environments/:environment/segments',
    {
      schema: {
        summary: 'List segments',
        params: environmentParams,
        querystring: z.strictObject(pageQuery),
        response: { 200: pageOf(segmentView) },
      },
    },
    async ({ params, query: { limit, cursor } }) => {
      const { id } = await getEnvironment(db, params.project, params.environment);
      const segments = await listSegments(db, id, { limit, after: parseCursor(cursor) });
      return toPage(segments, limit, ({ state }) => state.key, toSegmentView);
    },
  );

  app.get(
    '/projects/:project/environments/:environment/segments/:segment',
    { schema: { summary: 'Show a segment', params: segmentParams, response: { 200: segmentView } } },
    async ({ params }) => {
      const { id } = await getEnvironment(db, params.project, params.environment);
      return toSegmentView(await getSegment(db, id, params.segment));
    },
  );

  app.get(
    '/projects/:project/environments/:environment/segment-rows',
    {
      schema: {
        summary: 'Find segments by words, each in one line',
        params: environmentParams,
        querystring: rowsQuery,
        response: { 200: segmentRowsView },
      },
    },
    async ({ params, query: { search, limit, cursor } }) => {
      const { id } = await getEnvironment(db, params.project, params.environment);
      const words = search.toLowerCase().split(/\s+/).filter(Boolean);
      const rows = await listSegmentRows(db, id, { words, limit, after: parseCursor(cursor) });
      return {
        ...toPage(
          rows,
          limit,
          ({ key }) => key,
          (row) => row,
        ),
        total: await countSegmentRows(db, id, words),
      };
    },
  );

  app.get(
    '/projects/:project/environments/:environment/segments/:segment/uses',
    {
      schema: {
        summary: 'List who asks a segment',
        params: segmentParams,
        querystring: z.strictObject(pageQuery),
        response: { 200: pageOf(segmentUseView) },
      },
    },
    async ({ params, query: { limit, cursor } }) => {
      const { id } = await getEnvironment(db, params.project, params.environment);
      await getSegment(db, id, params.segment);
      const uses = await listSegmentUses(db, id, params.segment, { limit, after: parseCursor(cursor) });
      return toPage(uses, limit, nameUse, (use) => use);
    },
  );
}
