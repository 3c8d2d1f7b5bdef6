import {
  type ChangeView,
  chainView,
  changeView,
  pageOf,
  type RevertSinceView,
  revertSinceView,
} from '@sluice/api-client';
import { type CommandResult, runCommand } from '../http/commands.ts';
import { makePage, parseNumberCursor } from '../http/paging.ts';
import type { App } from '../http/zod-routes.ts';
import { getEnvironment } from '../projects/environment-queries.ts';
import { environmentParams } from '../projects/project-schema.ts';
import type { ServerContext } from '../server-context.ts';
import { verifyChain } from './chain.ts';
import { applyChange } from './change-commands.ts';
import { getChange, listChanges } from './change-queries.ts';
import { changeBody, changeParams, changesQuery, revertBody, revertSinceBody } from './change-schema.ts';
import { toChangeView } from './change-view.ts';
import { listBeside } from './list-beside.ts';
import { revertChange } from './revert-commands.ts';
import { revertSince } from './revert-since.ts';
import type { AppliedChange } from './write-change.ts';

const base = '/projects/:project/environments/:environment/changes';

export function addChangeRoutes(app: App, context: ServerContext): void {
  const { db, platform } = context;

  app.post(
    base,
    {
      // What instructions need is asked where they are followed; to try them, one only has to see what they concern.
      config: { needs: 'viewer' },
      schema: {
        summary: 'Change flags and segments',
        params: environmentParams,
        body: changeBody,
        response: { 200: changeView },
      },
    },
    (request, reply) =>
      runCommand(context, request, reply, async (writes) => {
        const { expectedVersion, dryRun, comment, ...changeRequest } = request.body;
        const author = { actor: request.actor.name, by: request.actor, comment, isDryRun: dryRun };
        const change = { request: changeRequest, expectedVersion };
        const applied = await applyChange(writes, request.params, change, author, context);
        return toResult(applied, request.params.environment, dryRun);
      }),
  );

  app.get(
    base,
    {
      schema: {
        summary: 'List changes, newest first',
        params: environmentParams,
        querystring: changesQuery,
        response: { 200: pageOf(changeView) },
      },
    },
    async ({ params, query: { cursor, limit, ...filter } }) => {
      const environment = await getEnvironment(db, params.project, params.environment);
      const page = await listChanges(db, environment.id, { ...filter, limit, before: parseNumberCursor(cursor) });
      const besideOf = await listBeside(context, environment, page.rows);
      return makePage(
        page,
        ({ version }) => String(version),
        (row) => toChangeView(row, environment.key, 'applied', besideOf(row)),
      );
    },
  );

  app.get(
    `${base}/chain`,
    {
      schema: {
        summary: 'Verify that no change was altered or removed',
        params: environmentParams,
        response: { 200: chainView },
      },
    },
    async ({ params }) => verifyChain(db, (await getEnvironment(db, params.project, params.environment)).id, platform),
  );

  app.get(
    `${base}/:change`,
    { schema: { summary: 'Show a change', params: changeParams, response: { 200: changeView } } },
    async ({ params }) => {
      const environment = await getEnvironment(db, params.project, params.environment);
      const row = await getChange(db, environment.id, params.change);
      const besideOf = await listBeside(context, environment, [row]);
      return toChangeView(row, environment.key, 'applied', besideOf(row));
    },
  );

  app.post(
    `${base}/:change/revert`,
    {
      config: { needs: 'viewer' },
      schema: {
        summary: 'Bring back what was before a change',
        params: changeParams,
        body: revertBody,
        response: { 200: changeView },
      },
    },
    (request, reply) =>
      runCommand(context, request, reply, async (writes) => {
        const { dryRun, comment, discardLater = false } = request.body;
        const author = { actor: request.actor.name, by: request.actor, comment, isDryRun: dryRun };
        const applied = await revertChange(writes, { ...request.params, discardLater }, author, context);
        return toResult(applied, request.params.environment, dryRun);
      }),
  );

  app.post(
    '/projects/:project/environments/:environment/revert-since',
    {
      config: { needs: 'viewer' },
      schema: {
        summary: 'Bring back how everything was at a time, by one change',
        params: environmentParams,
        body: revertSinceBody,
        response: { 200: revertSinceView },
      },
    },
    (request, reply) =>
      runCommand(context, request, reply, async (writes): Promise<CommandResult<RevertSinceView>> => {
        const { dryRun = false, comment, deselect = [], include = [], discardLater = false, ...window } = request.body;
        const author = { actor: request.actor.name, by: request.actor, comment, isDryRun: dryRun };
        const command = { ...request.params, ...window, deselect, include, discardLater };
        const { view, applied } = await revertSince(writes, command, author, context);
        if (applied === undefined) return { status: 200, body: { ...view, status: 'unchanged' }, dryRun };
        const { body: change, ...result } = toResult([applied], request.params.environment, dryRun);
        return { ...result, body: { ...view, status: change.status, change } };
      }),
  );
}

/** The first change is the one of the environment that was asked. */
function toResult(applied: readonly AppliedChange[], environment: string, dryRun = false): CommandResult<ChangeView> {
  const [own] = applied;
  if (own === undefined) throw new RangeError('a command makes at least one change');
  return {
    status: 200,
    body: {
      ...toChangeView(own.row, environment, own.isUnchanged ? 'unchanged' : dryRun ? 'planned' : 'applied'),
      ...(dryRun && own.barriers.length > 0 && { barriers: own.barriers }),
    },
    changes: applied,
    dryRun,
  };
}
