import { flagFacetsView, flagRowsView } from '@sluice/api-client';
import { parseCursor, toPage } from '../http/paging.ts';
import type { App } from '../http/zod-routes.ts';
import { refuseBlind } from '../people/permission.ts';
import { getEnvironment } from '../projects/environment-queries.ts';
import { environmentParams } from '../projects/project-schema.ts';
import type { ServerContext } from '../server-context.ts';
import { countFacets, countFlagRows, listFlagRows, readRecentEvaluations, suggestSearch } from './flag-row-queries.ts';
import { flagRowsQuery, toFlagSearch } from './flag-row-schema.ts';
import { toFlagFacetsView, toFlagRowView } from './flag-row-view.ts';

/** Lists of thousands of flags, of which each is one line. */
export function addFlagRowRoutes(app: App, { db, platform }: ServerContext): void {
  app.get(
    '/projects/:project/environments/:environment/flag-rows',
    {
      schema: {
        summary: 'Find flags by words and filters, each in one line',
        params: environmentParams,
        querystring: flagRowsQuery,
        response: { 200: flagRowsView },
      },
    },
    async ({ params, query, actor }) => {
      const { limit, cursor, compare, compared } = query;
      const search = toFlagSearch(query);
      if (compare !== undefined) refuseBlind(actor, { project: params.project, environment: compare });
      const { id } = await getEnvironment(db, params.project, params.environment);
      const compareId = compare === undefined ? undefined : (await getEnvironment(db, params.project, compare)).id;
      const now = platform.now();
      const page = { search, compareId, compared, limit, after: parseCursor(cursor), now };
      const rows = await listFlagRows(db, id, page);
      const total = await countFlagRows(db, id, page);
      const keys = rows.slice(0, limit).map(({ key }) => key);
      const evaluationsOf = await readRecentEvaluations(db, id, keys, now);
      const suggestion = total === 0 && query.search ? await suggestSearch(db, id, query.search) : undefined;
      return {
        ...toPage(
          rows,
          limit,
          ({ key }) => key,
          (row) => toFlagRowView(row, evaluationsOf(row.key)),
        ),
        total,
        ...(suggestion !== undefined && { suggestion }),
      };
    },
  );

  app.get(
    '/projects/:project/environments/:environment/flag-facets',
    {
      schema: {
        summary: 'Count what flags can be filtered by',
        params: environmentParams,
        response: { 200: flagFacetsView },
      },
    },
    async ({ params }) => {
      const { id } = await getEnvironment(db, params.project, params.environment);
      return toFlagFacetsView(await countFacets(db, id));
    },
  );
}
