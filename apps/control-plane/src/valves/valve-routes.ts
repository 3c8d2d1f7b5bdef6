import {
  type ValveReachView,
  type ValveRowView,
  type ValvesView,
  valveReachView,
  valveRowView,
  valvesView,
} from '@sluice/api-client';
import { clausesSchema } from '@sluice/authoring';
import * as z from 'zod';
import { notFound } from '../errors.ts';
import { getFlag } from '../flags/flag-queries.ts';
import { environmentFlagParams } from '../flags/flag-schema.ts';
import { pageQuery, parseCursor, toPage } from '../http/paging.ts';
import type { App } from '../http/zod-routes.ts';
import { getEnvironment } from '../projects/environment-queries.ts';
import { environmentParams } from '../projects/project-schema.ts';
import type { ServerContext } from '../server-context.ts';
import { placeValves, readValveRows } from './valve-board.ts';
import { createScopeTest, describeValveReach } from './valve-reach.ts';

/** Nobody reads more at once. */
const trippedTold = 100;

const reachBody = z.strictObject({ when: clausesSchema.optional() });

const valvesQuery = z.strictObject({ ...pageQuery, search: z.string().max(1024).optional() });

/** Valves, for whoever has to degrade one or to bring it back. */
export function addValveRoutes(app: App, { db, channels, readFleet, readStanding, platform }: ServerContext): void {
  app.get(
    '/projects/:project/environments/:environment/valves',
    {
      schema: {
        summary: 'Valves with their trips and calls, those that are off normal first',
        params: environmentParams,
        querystring: valvesQuery,
        response: { 200: valvesView },
      },
    },
    async ({ params, query: { search = '', limit, cursor } }): Promise<ValvesView> => {
      const environment = await getEnvironment(db, params.project, params.environment);
      const standing = await readStanding(environment);
      const words = search.toLowerCase().split(/\s+/).filter(Boolean);
      const now = platform.now();
      const { tripped, normal } = await placeValves(db, environment.id, { standing, words, now });
      const after = parseCursor(cursor);
      const shown = after === undefined ? tripped.slice(0, trippedTold) : [];
      const rest = normal.filter(({ place }) => after === undefined || place > after).slice(0, limit + 1);
      const paged = toPage(
        rest,
        limit,
        ({ place }) => place,
        ({ key }) => key,
      );
      const keys = [...shown, ...paged.items];
      const rows = await readValveRows(db, environment, { keys, withAccounts: new Set(shown), now });
      const isTripped = new Set(shown);
      return {
        counts: { tripped: tripped.length, normal: normal.length },
        tripped: rows.filter(({ key }) => isTripped.has(key)),
        ...paged,
        items: rows.filter(({ key }) => !isTripped.has(key)),
      };
    },
  );

  app.get(
    '/projects/:project/environments/:environment/valves/:flag',
    {
      schema: {
        summary: 'One valve with its trips and calls',
        params: environmentFlagParams,
        response: { 200: valveRowView },
      },
    },
    async ({ params }): Promise<ValveRowView> => {
      const environment = await getEnvironment(db, params.project, params.environment);
      const { key, kind } = (await getFlag(db, environment, params.flag)).definition;
      const asked = { keys: [key], withAccounts: new Set([key]), now: platform.now() };
      const [row] = kind === 'valve' ? await readValveRows(db, environment, asked) : [];
      if (row === undefined) throw notFound('valve', params.flag);
      return row;
    },
  );

  app.post(
    '/projects/:project/environments/:environment/valves/:flag/reach',
    {
      // It does nothing.
      config: { needs: 'viewer' },
      schema: {
        summary: 'Which instances have a valve in their code, whom of them a scope concerns, and which modes they lack',
        params: environmentFlagParams,
        body: reachBody,
        response: { 200: valveReachView },
      },
    },
    async ({ params, body: { when = [] } }): Promise<ValveReachView> => {
      const environment = await getEnvironment(db, params.project, params.environment);
      const { key, kind, variations } = (await getFlag(db, environment, params.flag)).definition;
      if (kind !== 'valve') throw notFound('valve', params.flag);
      const isConcerned = createScopeTest(when, await channels.open(environment.id));
      const modes = variations.map(({ id }) => id);
      return describeValveReach(await readFleet(environment.id), { key, modes, isConcerned });
    },
  );
}
