import { pageOf, segmentView } from '@sluice/api-client';
import { keySchema } from '@sluice/authoring';
import * as z from 'zod';
import { pageQuery, parseCursor, toPage } from '../http/paging.ts';
import type { App } from '../http/zod-routes.ts';
import { getEnvironment } from '../projects/environment-queries.ts';
import { environmentParams } from '../projects/project-schema.ts';
import type { ServerContext } from '../server-context.ts';
import { getSegment, listSegments } from './segment-queries.ts';
import { toSegmentView } from './segment-view.ts';

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
}
