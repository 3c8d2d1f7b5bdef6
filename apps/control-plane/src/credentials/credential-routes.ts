import {
  type CredentialView,
  credentialStreamsView,
  credentialView,
  newCredentialView,
  pageOf,
} from '@sluice/api-client';
import * as z from 'zod';
import type { CredentialRow } from '../database/schema.ts';
import { runCommand } from '../http/commands.ts';
import type { App } from '../http/zod-routes.ts';
import { getEnvironment } from '../projects/environment-queries.ts';
import { environmentParams } from '../projects/project-schema.ts';
import type { ServerContext } from '../server-context.ts';
import { createCredential, revokeCredential } from './credential-commands.ts';

const base = '/projects/:project/environments/:environment/credentials';
const newCredentialBody = z.strictObject({
  kind: z.enum(['sdk-key', 'client-side-id']).default('sdk-key'),
  name: z.string().min(1).max(256),
});
/** So many names help, and more do not. */
const instancesTold = 20;
const credentialParams = environmentParams.extend({ credential: z.string().max(64) });

/** Keys of an environment. To rotate one: create another, use it everywhere, revoke the old one. */
export function addCredentialRoutes(app: App, context: ServerContext): void {
  const { db, box, platform, admissions, channels, links } = context;

  function toCredentialView({
    id,
    kind,
    name,
    sealed,
    createdAt,
    lastUsedAt,
    revokedAt,
  }: CredentialRow): CredentialView {
    return { id, kind, name, ending: box.open(sealed).slice(-4), createdAt, lastUsedAt, revokedAt };
  }

  app.get(
    base,
    { schema: { summary: 'List keys', params: environmentParams, response: { 200: pageOf(credentialView) } } },
    async ({ params }) => {
      const { id } = await getEnvironment(db, params.project, params.environment);
      const rows = await db
        .selectFrom('credentials')
        .selectAll()
        .where('environmentId', '=', id)
        .orderBy('createdAt')
        .orderBy('id')
        .execute();
      return { items: rows.map(toCredentialView) };
    },
  );

  app.post(
    base,
    {
      schema: {
        summary: 'Create a key; the only time that it is shown',
        params: environmentParams,
        body: newCredentialBody,
        response: { 201: newCredentialView },
      },
    },
    (request, reply) =>
      runCommand(context, request, reply, async (writes) => {
        const { id: environmentId } = await getEnvironment(writes, request.params.project, request.params.environment);
        const created = await createCredential(writes, { environmentId, ...request.body }, context);
        const { id: credential, kind, name } = created;
        const fields = { ...request.params, credential, kind, name };
        return {
          status: 201,
          body: created,
          note: { message: 'made a key', fields },
          afterCommit: async () => links.refreshKeys(),
        };
      }),
  );

  app.get(
    `${base}/:credential/streams`,
    {
      schema: {
        summary: 'Who would be cut if the key were revoked, of those that this server holds itself',
        params: credentialParams,
        response: { 200: credentialStreamsView },
      },
    },
    async ({ params: { project, environment, credential } }) => {
      const { id } = await getEnvironment(db, project, environment);
      const streams = await channels.listOpened(id, credential);
      const instances = [...new Set(streams.flatMap(({ instance }) => instance ?? []))].sort();
      return { streams: streams.length, instances: instances.slice(0, instancesTold) };
    },
  );

  app.delete(
    `${base}/:credential`,
    {
      schema: {
        summary: 'Revoke a key; streams that it opened end at once',
        params: credentialParams,
        response: { 204: z.undefined() },
      },
    },
    (request, reply) =>
      runCommand(context, request, reply, async (writes) => {
        const { project, environment, credential } = request.params;
        const { id } = await getEnvironment(writes, project, environment);
        await revokeCredential(writes, id, credential, platform.now());
        return {
          status: 204,
          body: undefined,
          note: { message: 'revoked a key', fields: request.params },
          afterCommit: async () => {
            admissions.revoke(credential);
            links.refreshKeys();
            await channels.endCredential(id, credential);
          },
        };
      }),
  );
}
