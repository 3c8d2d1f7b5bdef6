import { type EdgeView, edgeView, newEdgeView, pageOf } from '@sluice/api-client';
import { keySchema } from '@sluice/authoring';
import * as z from 'zod';
import type { EdgeRow, Reads } from '../database/schema.ts';
import { runCommand } from '../http/commands.ts';
import type { App } from '../http/zod-routes.ts';
import { getEnvironment } from '../projects/environment-queries.ts';
import type { ServerContext } from '../server-context.ts';
import { createEdge, revokeEdge } from './edge-commands.ts';
import { environmentIdsOf, listEdges } from './edge-queries.ts';

const newEdgeBody = z.strictObject({
  name: z.string().min(1).max(256),
  environments: z
    .array(z.strictObject({ project: keySchema, environment: keySchema }))
    .min(1)
    .max(1000),
});
const edgeParams = z.object({ edge: z.string().max(64) });

/** Edges: relays that serve environments close to their instances. Each has a key of its own. */
export function addEdgeRoutes(app: App, context: ServerContext): void {
  const { db, links, platform } = context;

  app.get(
    '/edges',
    { config: { needs: 'admin' }, schema: { summary: 'List edges', response: { 200: pageOf(edgeView) } } },
    async () => {
      const connected = links.edges;
      const names = await listEnvironmentNames(db);
      return { items: (await listEdges(db)).map((row) => toEdgeView(row, names, connected.has(row.id))) };
    },
  );

  app.post(
    '/edges',
    {
      schema: {
        summary: 'Create an edge; the only time that its key is shown',
        body: newEdgeBody,
        response: { 201: newEdgeView },
      },
    },
    (request, reply) =>
      runCommand(context, request, reply, async (writes) => {
        const { name, environments } = request.body;
        const environmentIds: string[] = [];
        for (const { project, environment } of environments)
          environmentIds.push((await getEnvironment(writes, project, environment)).id);
        const { row, key } = await createEdge(writes, { name, environmentIds }, platform);
        const view = toEdgeView(row, await listEnvironmentNames(writes), false);
        return {
          status: 201,
          body: { ...view, key },
          note: { message: 'made an edge', fields: { edge: view.id, name } },
          afterCommit: async () => links.refreshKeys(),
        };
      }),
  );

  app.delete(
    '/edges/:edge',
    {
      schema: {
        summary: 'Revoke the key of an edge; its link ends at once',
        params: edgeParams,
        response: { 204: z.undefined() },
      },
    },
    (request, reply) =>
      runCommand(context, request, reply, async (writes) => {
        const { edge } = request.params;
        await revokeEdge(writes, edge, platform.now());
        return {
          status: 204,
          body: undefined,
          note: { message: 'revoked an edge', fields: { edge } },
          afterCommit: async () => links.refreshKeys(),
        };
      }),
  );
}

type EnvironmentNames = ReadonlyMap<string, EdgeView['environments'][number]>;

async function listEnvironmentNames(reads: Reads): Promise<EnvironmentNames> {
  const rows = await reads.selectFrom('environments').select(['id', 'projectKey', 'key']).execute();
  return new Map(rows.map(({ id, projectKey: project, key: environment }) => [id, { project, environment }]));
}

function toEdgeView(row: EdgeRow, names: EnvironmentNames, isConnected: boolean): EdgeView {
  const { id, name, createdAt, lastUsedAt } = row;
  const environments = environmentIdsOf(row).flatMap((environmentId) => names.get(environmentId) ?? []);
  return { id, name, environments, isConnected, createdAt, lastUsedAt };
}
