import {
  type ConfigInForceView,
  type ConvergenceView,
  configInForceView,
  convergenceView,
  type FleetInstanceView,
  type FleetView,
  fleetInstanceView,
  fleetView,
} from '@sluice/api-client';
import { getChange, listChangeTimes } from '../changes/change-queries.ts';
import { changeParams } from '../changes/change-schema.ts';
import { notFound } from '../errors.ts';
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
import { type Found, findInstances } from './find-instances.ts';
import { findDue } from './fleet-counts.ts';
import type { FleetRecord } from './fleet-record.ts';
import { convergenceQuery, fleetParams, fleetQuery, instanceParams } from './fleet-schema.ts';
import { type Current, summariseFleet, toInstanceView } from './fleet-view.ts';
import { type Instance, listRefused, nameOf } from './instance.ts';
import { findLacking } from './instance-matter.ts';
import { delayOf } from './track.ts';

const base = '/projects/:project/environments/:environment';

/** Who runs what. */
export function addFleetRoutes(app: App, context: ServerContext): void {
  const { db, channels, fleet, readFleet, platform } = context;

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
    async ({ params, query: { limit, cursor, order, ...filter } }): Promise<FleetView> => {
      const { id, epoch, version } = await getEnvironment(db, params.project, params.environment);
      const record = await readFleet(id);
      const current = { epoch, version, now: platform.elapsed() };
      const due = findDue(fleet.open(id), current);
      const found = findInstances(record.instances, { filter, order, current, due });
      const after = parseCursor(cursor) ?? '';
      const first = found.findIndex(({ place }) => place > after);
      const rows = first < 0 ? [] : found.slice(first, first + limit + 1);
      const times = await listChangeTimes(
        db,
        id,
        rows.flatMap(({ instance }) => findLacking(instance, due) ?? []),
      );
      const view = ({ instance }: Found) =>
        toInstanceView(instance, current, due, times.get(findLacking(instance, due) ?? -1));
      const page = toPage(rows, limit, ({ place }) => place, view);
      return { ...summariseFleet(record, current, due), total: found.length, ...page };
    },
  );

  app.get(
    `${base}/fleet/:instance`,
    { schema: { summary: 'Show an instance', params: instanceParams, response: { 200: fleetInstanceView } } },
    async ({ params }): Promise<FleetInstanceView> => {
      const { id, epoch, version } = await getEnvironment(db, params.project, params.environment);
      const record = await readFleet(id);
      const current = { epoch, version, now: platform.elapsed() };
      const due = findDue(fleet.open(id), current);
      const instance = record.instances.find((one) => nameOf(one) === params.instance);
      if (instance === undefined) throw notFound('instance', params.instance);
      const lacking = findLacking(instance, due);
      const times = await listChangeTimes(db, id, lacking === undefined ? [] : [lacking]);
      return {
        ...toInstanceView(instance, current, due, times.get(lacking ?? -1)),
        newest: version,
        refused: listRefused(instance),
        acknowledged: listAcknowledged(record, instance, current),
      };
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

/** So many of the last changes are looked at for when an instance had them. */
const changesTold = 8;

function listAcknowledged(
  record: FleetRecord,
  { index }: Instance,
  { epoch, version }: Current,
): FleetInstanceView['acknowledged'] {
  return Array.from({ length: changesTold }, (_, back) => version - back).flatMap((wanted) => {
    const track = record.findTrack(wanted);
    const afterMs = track?.epoch === epoch ? delayOf(track, index) : undefined;
    return afterMs === undefined ? [] : [{ version: wanted, afterMs }];
  });
}
