import { environmentFlagView, flagEnvironmentsView, flagView, pageOf } from '@sluice/api-client';
import { flagKinds, type Instruction } from '@sluice/authoring';
import * as z from 'zod';
import { applyToProject } from '../changes/change-commands.ts';
import { listChanges } from '../changes/change-queries.ts';
import type { Writes } from '../database/schema.ts';
import { ServerError } from '../errors.ts';
import { type CommandResult, runCommand } from '../http/commands.ts';
import { pageQuery, parseCursor, toPage } from '../http/paging.ts';
import type { App } from '../http/zod-routes.ts';
import type { Actor } from '../people/actor.ts';
import { getEnvironment, getProject } from '../projects/environment-queries.ts';
import { environmentParams, projectParams } from '../projects/project-schema.ts';
import type { ServerContext } from '../server-context.ts';
import { listFlagEnvironments, toFlagEnvironmentsView } from './flag-environments.ts';
import { getDefinition, getFlag, listDefinitions, listFlags } from './flag-queries.ts';
import { environmentFlagParams, flagDeleteQuery, flagParams, flagPatchBody, newFlagBody } from './flag-schema.ts';
import { toEnvironmentFlagView } from './flag-view.ts';

const listQuery = z.strictObject({ ...pageQuery, kind: z.enum(flagKinds).optional() });

/** What flags are, for all environments of a project. */
export function addFlagRoutes(app: App, context: ServerContext): void {
  const { db, platform } = context;

  /** Every change of a definition is a change of each environment. */
  async function changeFlag(
    writes: Writes,
    project: string,
    actor: Actor,
    { instructions, comment }: { readonly instructions: Instruction[]; readonly comment: string | undefined },
  ): Promise<Pick<CommandResult, 'changes'>> {
    const author = { actor: actor.name, by: actor, comment };
    const changes = await applyToProject(writes, project, instructions, author, context).catch((error: unknown) => {
      throw toFaultOfBody(error);
    });
    return { changes };
  }

  app.get(
    '/projects/:project/flags',
    {
      schema: {
        summary: 'List flags',
        params: projectParams,
        querystring: listQuery,
        response: { 200: pageOf(flagView) },
      },
    },
    async ({ params, query: { limit, cursor, kind } }) => {
      const { key } = await getProject(db, params.project);
      const definitions = await listDefinitions(db, key, { limit, after: parseCursor(cursor), kind });
      return toPage(
        definitions,
        limit,
        (definition) => definition.key,
        (definition) => definition,
      );
    },
  );

  // What instructions need is asked where they are followed, in each environment of the project.
  app.post(
    '/projects/:project/flags',
    {
      config: { needs: 'viewer' },
      schema: {
        summary: 'Create a flag, turned off everywhere',
        params: projectParams,
        body: newFlagBody,
        response: { 201: flagView },
      },
    },
    (request, reply) =>
      runCommand(context, request, reply, async (writes) => {
        const { project } = request.params;
        const { key: flag, comment, ...definition } = request.body;
        const instructions: Instruction[] = [{ kind: 'create-flag', flag, definition }];
        const changed = await changeFlag(writes, project, request.actor, { instructions, comment });
        return { status: 201, body: await getDefinition(writes, project, flag), ...changed };
      }),
  );

  app.get(
    '/projects/:project/flags/:flag',
    { schema: { summary: 'Show what a flag is', params: flagParams, response: { 200: flagView } } },
    async ({ params }) => getDefinition(db, params.project, params.flag),
  );

  app.patch(
    '/projects/:project/flags/:flag',
    {
      config: { needs: 'viewer' },
      schema: {
        summary: 'Change what a flag is; archive it',
        params: flagParams,
        body: flagPatchBody,
        response: { 200: flagView },
      },
    },
    (request, reply) =>
      runCommand(context, request, reply, async (writes) => {
        const { project, flag } = request.params;
        const { archived, confirm, comment, ...definition } = request.body;
        await getDefinition(writes, project, flag);
        const instructions: Instruction[] = [];
        if (Object.keys(definition).length > 0) instructions.push({ kind: 'update-definition', flag, definition });
        if (archived === true) instructions.push({ kind: 'archive', flag, confirm });
        if (archived === false) instructions.push({ kind: 'unarchive', flag });
        const changed =
          instructions.length === 0 ? {} : await changeFlag(writes, project, request.actor, { instructions, comment });
        return { status: 200, body: await getDefinition(writes, project, flag), ...changed };
      }),
  );

  app.delete(
    '/projects/:project/flags/:flag',
    {
      config: { needs: 'viewer' },
      schema: {
        summary: 'Delete a flag in every environment',
        params: flagParams,
        querystring: flagDeleteQuery,
        response: { 204: z.undefined() },
      },
    },
    (request, reply) =>
      runCommand(context, request, reply, async (writes) => {
        const { project, flag } = request.params;
        await getDefinition(writes, project, flag);
        const instructions: Instruction[] = [{ kind: 'delete', flag }];
        const changed = await changeFlag(writes, project, request.actor, {
          instructions,
          comment: request.query.comment,
        });
        return { status: 204, body: undefined, ...changed };
      }),
  );

  app.get(
    '/projects/:project/flags/:flag/environments',
    {
      schema: {
        summary: 'Show how a flag behaves in all environments that you may see, and what differs',
        params: flagParams,
        response: { 200: flagEnvironmentsView },
      },
    },
    async ({ params, actor }) => {
      const { kind } = await getDefinition(db, params.project, params.flag);
      const flags = await listFlagEnvironments(db, params, actor);
      return toFlagEnvironmentsView({ key: params.flag, kind }, flags, platform.now());
    },
  );

  app.get(
    '/projects/:project/environments/:environment/flags',
    {
      schema: {
        summary: 'List flags as they behave here',
        params: environmentParams,
        querystring: listQuery,
        response: { 200: pageOf(environmentFlagView) },
      },
    },
    async ({ params, query: { limit, cursor, kind } }) => {
      const environment = await getEnvironment(db, params.project, params.environment);
      const flags = await listFlags(db, environment, { limit, after: parseCursor(cursor), kind });
      const now = platform.now();
      return toPage(
        flags,
        limit,
        ({ definition }) => definition.key,
        (flag) => toEnvironmentFlagView(flag, now),
      );
    },
  );

  app.get(
    '/projects/:project/environments/:environment/flags/:flag',
    {
      schema: {
        summary: 'Show how a flag behaves here',
        params: environmentFlagParams,
        response: { 200: environmentFlagView },
      },
    },
    async ({ params }) => {
      const environment = await getEnvironment(db, params.project, params.environment);
      const shown = toEnvironmentFlagView(await getFlag(db, environment, params.flag), platform.now());
      const { rows } = await listChanges(db, environment.id, { flag: params.flag, limit: 1, before: undefined });
      const [last] = rows.map(({ version, actor, comment, createdAt }) => ({ version, actor, comment, createdAt }));
      return { ...shown, ...(last !== undefined && { lastChange: last }) };
    },
  );
}

/** The instructions are made here: what is wrong with one is wrong with what the request says of the flag. */
function toFaultOfBody(error: unknown): unknown {
  if (!(error instanceof ServerError)) return error;
  const faults = error.faults.map(({ path, message }) => ({
    path: error.code === 'already-exists' ? 'key' : path.replace(/^instructions\[\d+\](?:\.definition)?\.?/, ''),
    message,
  }));
  return new ServerError(error.code, error.message, { cause: error.cause, faults });
}
