import { contextsView, type SampledContextView } from '@sluice/api-client';
import * as z from 'zod';
import type { SeenContextRow } from '../database/schema.ts';
import { pageQuery, parseCursor, toPage } from '../http/paging.ts';
import type { App } from '../http/zod-routes.ts';
import { getEnvironment } from '../projects/environment-queries.ts';
import { environmentParams } from '../projects/project-schema.ts';
import type { ServerContext } from '../server-context.ts';
import { countSample, findSample, listSample, toContext } from './context-queries.ts';

const contextsQuery = z.strictObject({
  ...pageQuery,
  /** In keys and in the text of attributes; upper and lower case are the same. */
  search: z.string().max(256).optional(),
  kind: z.string().max(256).optional(),
});

export function addContextRoutes(app: App, { db, contexts }: ServerContext): void {
  app.get(
    '/projects/:project/environments/:environment/contexts',
    {
      schema: {
        summary: 'Contexts that SDKs evaluated for within 7 days, a sample',
        params: environmentParams,
        querystring: contextsQuery,
        response: { 200: contextsView },
      },
    },
    async ({ params, query: { cursor, limit, ...filter } }) => {
      const { id } = await getEnvironment(db, params.project, params.environment);
      const sample = await findSample(db, id, contexts.sampleSize);
      const rows = await listSample(db, sample, { ...filter, limit: limit + 1, after: parseCursor(cursor) });
      const { size: sampled, seen, oldestAt } = sample;
      return {
        ...toPage(rows, limit, ({ hash }) => hash, toView),
        total: await countSample(db, sample, filter),
        sampled,
        seen,
        ...(oldestAt !== undefined && { oldestAt }),
      };
    },
  );
}

function toView(row: SeenContextRow): SampledContextView {
  const context = toContext(row);
  const parts = context.kind === 'multi' ? Object.values(context) : [context];
  const { kind, key: _, _meta: __, ...attributes } = context;
  return {
    kind,
    key: context.kind === 'multi' ? row.key : String(context.key),
    attributes,
    redacted: [...new Set(parts.flatMap(listRedacted))],
    lastSeenAt: row.lastSeenAt,
    context: { ...context },
  };
}

/** As `trimContext` wrote it. */
function listRedacted(part: unknown): readonly string[] {
  const { _meta } = Object(part) as { readonly _meta?: { readonly redactedAttributes?: readonly string[] } };
  return _meta?.redactedAttributes ?? [];
}
