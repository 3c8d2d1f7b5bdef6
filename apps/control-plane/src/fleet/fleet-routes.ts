import { type ConvergenceView, convergenceView, type FleetView, fleetView } from '@sluice/api-client';
import type { FastifyReply } from 'fastify';
import { getChange } from '../changes/change-queries.ts';
import { changeParams } from '../changes/change-schema.ts';
import { parseNumberCursor, toPage } from '../http/paging.ts';
import type { App } from '../http/zod-routes.ts';
import { getEnvironment } from '../projects/environment-queries.ts';
import type { ServerContext } from '../server-context.ts';
import { awaitConvergence } from './await-convergence.ts';
import { convergenceQuery, fleetParams, fleetQuery } from './fleet-schema.ts';
import { summariseFleet, toInstanceView } from './fleet-view.ts';

const base = '/projects/:project/environments/:environment';

/** Who runs what. */
export function addFleetRoutes(app: App, context: ServerContext): void {
  const { db, channels, fleet, platform } = context;

  app.get(
    `${base}/changes/:change/convergence`,
    {
      schema: {
        summary: 'How far a change has got; may wait',
        params: changeParams,
        querystring: convergenceQuery,
        response: { 200: convergenceView },
      },
    },
    async ({ params, query }, reply): Promise<ConvergenceView> => {
      const environment = await getEnvironment(db, params.project, params.environment);
      const { id: change, version } = await getChange(db, environment.id, params.change);
      await channels.reach(environment.id, version);
      const asked = { environmentId: environment.id, epoch: environment.epoch, version };
      const goal = { ...query, wait: query.wait ?? 'none' } as const;
      const { reach, outcome } = await awaitConvergence(context, asked, goal, untilClosed(reply));
      return { change, environment: environment.key, outcome, ...reach };
    },
  );

  app.get(
    `${base}/fleet`,
    {
      schema: {
        summary: 'List instances, and what they run',
        params: fleetParams,
        querystring: fleetQuery,
        response: { 200: fleetView },
      },
    },
    async ({ params, query: { limit, cursor, state } }): Promise<FleetView> => {
      const { id, epoch, version } = await getEnvironment(db, params.project, params.environment);
      const instances = fleet.open(id);
      const current = { epoch, version, now: platform.elapsed() };
      const after = parseNumberCursor(cursor) ?? -1;
      const rows = instances.instances
        .filter(({ index }) => index > after)
        .map((instance) => ({ index: instance.index, view: toInstanceView(instance, current) }))
        .filter(({ view }) => state === undefined || view.state === state);
      const page = toPage(
        rows,
        limit,
        ({ index }) => String(index),
        ({ view }) => view,
      );
      return { ...summariseFleet(instances, current), ...page };
    },
  );
}

/** Aborted when whoever asked goes away. */
function untilClosed(reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  reply.raw.once('close', () => controller.abort());
  return controller.signal;
}
