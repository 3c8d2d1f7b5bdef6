import { newTokenView, pageOf, tokenView } from '@sluice/api-client';
import { grantsSchema } from '@sluice/authoring';
import * as z from 'zod';
import { runCommand } from '../http/commands.ts';
import type { App } from '../http/zod-routes.ts';
import { refuseTakenName } from '../people/names.ts';
import { parseGrants } from '../people/people-queries.ts';
import type { ServerContext } from '../server-context.ts';
import { createApiToken, revokeApiToken } from './token-commands.ts';

const newTokenBody = z.strictObject({
  name: z.string().min(1).max(256),
  /** All that the token may do; everything unless given. */
  grants: grantsSchema.default([{ role: 'admin' }]),
  /** Milliseconds since the epoch; never unless given. */
  expiresAt: z.int().optional(),
});
const tokenParams = z.object({ token: z.string().max(64) });

/** API tokens; all of it is for administrators, so that nobody makes a token that may do more than they. */
export function addTokenRoutes(app: App, context: ServerContext): void {
  const { db, platform } = context;

  app.get(
    '/tokens',
    { config: { needs: 'admin' }, schema: { summary: 'List API tokens', response: { 200: pageOf(tokenView) } } },
    async () => {
      const rows = await db
        .selectFrom('apiTokens')
        .select(['id', 'name', 'grantsJson', 'createdAt', 'lastUsedAt', 'expiresAt'])
        .orderBy('createdAt')
        .orderBy('id')
        .execute();
      return { items: rows.map(({ grantsJson, ...row }) => ({ ...row, grants: parseGrants(grantsJson) })) };
    },
  );

  app.post(
    '/tokens',
    {
      schema: {
        summary: 'Create an API token; the only time that it is shown',
        body: newTokenBody,
        response: { 201: newTokenView },
      },
    },
    (request, reply) =>
      runCommand(context, request, reply, async (writes) => {
        await refuseTakenName(writes, request.body.name, 'token');
        const created = await createApiToken(writes, request.body, platform);
        const { id, name } = created;
        return {
          status: 201,
          body: created,
          note: { message: 'made an API token', fields: { token: id, name, grants: request.body.grants } },
        };
      }),
  );

  app.delete(
    '/tokens/:token',
    { schema: { summary: 'Revoke an API token', params: tokenParams, response: { 204: z.undefined() } } },
    (request, reply) =>
      runCommand(context, request, reply, async (writes) => {
        const { token } = request.params;
        await revokeApiToken(writes, token);
        return { status: 204, body: undefined, note: { message: 'revoked an API token', fields: { token } } };
      }),
  );
}
