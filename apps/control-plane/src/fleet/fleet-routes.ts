import {
  type ConfigInForceView,
  type ConvergenceView,
  configInForceView,
  convergenceView,
  type FleetView,
  fleetView,
  type InstanceView,
} from '@sluice/api-client';
import { getChange } from '../changes/change-queries.ts';
import { changeParams } from '../changes/change-schema.ts';
import { createRulesetOf } from '../evaluations/ruleset-of.ts';
import { getFlag } from '../flags/flag-queries.ts';
import { environmentFlagParams } from '../flags/flag-schema.ts';
import { parseCursor, toPage } from '../http/paging.ts';
import { untilClosed } from '../http/until-closed.ts';
import type { App } from '../http/zod-routes.ts';
import { getEnvironment } from '../projects/environment-queries.ts';
import type { ServerContext } from '../server-context.ts';
import { awaitConvergence } from './await-convergence.ts';
import { describeInForce } from './config-in-force.ts';
import { findConvergence } from './convergence-record.ts';
import { convergenceQuery, fleetParams, fleetQuery } from './fleet-schema.ts';
import { summariseFleet, toInstanceView } from './fleet-view.ts';

const base = '/projects/:project/environments/:environment';

/** Who runs what. */
export function addFleetRoutes(app: App, context: ServerContext): void {
  const { db, channels, readFleet, platform } = context;

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
      // Of old changes there are only notes.
      const noted = reach.elapsedMs === undefined ? await findConvergence(db, environment.id, version) : undefined;
      const { reachedMs = noted?.reachedMs, curve = noted?.curve, ...rest } = reach;
      return {
        change,
        environment: environment.key,
        outcome,
        ...rest,
        ...(reachedMs !== undefined && { reachedMs }),
        ...(curve !== undefined && { curve }),
      };
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
      const record = await readFleet(id);
      const current = { epoch, version, now: platform.elapsed() };
      const after = parseCursor(cursor) ?? '';
      const views = record.instances
        .map((instance) => toInstanceView(instance, current))
        .filter((view) => (state === undefined || view.state === state) && orderOf(view) > after)
        .sort((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1));
      return { ...summariseFleet(record, current), ...toPage(views, limit, orderOf, (view) => view) };
    },
  );

  app.get(
    `${base}/flags/:flag/in-force`,
    {
      schema: {
        summary: 'What instances have of a config, and why some have something else',
        params: environmentFlagParams,
        response: { 200: configInForceView },
      },
    },
    async ({ params: { project, environment: key, flag } }): Promise<ConfigInForceView> => {
      const environment = await getEnvironment(db, project, key);
      const { version } = await getFlag(db, environment, flag);
      const channel = await channels.open(environment.id);
      const ruleset = createRulesetOf([flag], ({ kind, key }) => channel.log.find(kind, key)?.json);
      return describeInForce(await readFleet(environment.id), {
        flag,
        epoch: environment.epoch,
        version,
        compiled: ruleset.findCompiled(flag),
      });
    },
  );
}

/** By name, and the same from page to page, wherever an instance is connected. */
function orderOf({ instance, session }: InstanceView): string {
  return `${instance} ${session}`;
}
