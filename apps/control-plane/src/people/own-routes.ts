import { newTotpView, ownSessionView, pageOf } from '@sluice/api-client';
import type { FastifyReply, FastifyRequest } from 'fastify';
import * as z from 'zod';
import { notFound, ServerError } from '../errors.ts';
import type { App } from '../http/zod-routes.ts';
import type { ServerContext } from '../server-context.ts';
import type { LoggedIn } from './actor.ts';
import { maxPasswordLength, minPasswordLength } from './auth.ts';
import { passCookies, toAuthHeaders } from './find-person.ts';
import { codeBody, refuseLogin } from './session-routes.ts';

const passwordBody = z.strictObject({ password: z.string().min(1).max(maxPasswordLength) });
const newPasswordBody = passwordBody.extend({ newPassword: z.string().min(minPasswordLength).max(maxPasswordLength) });
const sessionParams = z.object({ session: z.string().max(64) });

/** What people decide about how they themselves log in. */
export function addOwnRoutes(app: App, context: ServerContext): void {
  const { db, people } = context;

  app.get(
    '/people/me/sessions',
    {
      config: { needs: 'anyone' },
      schema: { summary: 'List where you are logged in', response: { 200: pageOf(ownSessionView) } },
    },
    async ({ actor }) => {
      const { sessionId } = requirePerson(actor);
      const rows = await db
        .selectFrom('sessions')
        .select(['id', 'createdAt', 'updatedAt', 'expiresAt', 'ipAddress', 'userAgent'])
        .where('personId', '=', actor.id)
        .orderBy('createdAt')
        .orderBy('id')
        .execute();
      return {
        items: rows.map(({ id, ipAddress, userAgent, createdAt, expiresAt }) => ({
          id,
          isThis: id === sessionId,
          address: ipAddress ?? '',
          browser: userAgent ?? '',
          createdAt: Date.parse(createdAt),
          expiresAt: Date.parse(expiresAt),
        })),
      };
    },
  );

  app.delete(
    '/people/me/sessions/:session',
    {
      config: { needs: 'anyone' },
      schema: { summary: 'End a session of yours', params: sessionParams, response: { 204: z.undefined() } },
    },
    async ({ actor, params: { session } }, reply) => {
      requirePerson(actor);
      const { numDeletedRows } = await db
        .deleteFrom('sessions')
        .where('id', '=', session)
        .where('personId', '=', actor.id)
        .executeTakeFirst();
      if (numDeletedRows === 0n) throw notFound('session of yours with the id', session);
      reply.code(204);
      return undefined;
    },
  );

  app.post(
    '/people/me/password',
    {
      config: { needs: 'anyone' },
      schema: {
        summary: 'Choose another password; ends all other sessions of yours',
        body: newPasswordBody,
        response: { 204: z.undefined() },
      },
    },
    async (request, reply) => {
      const { password: currentPassword, newPassword } = request.body;
      const body = { currentPassword, newPassword, revokeOtherSessions: true };
      const { headers } = await callAuth(
        request,
        async ({ api }, headers) => api.changePassword({ body, headers, returnHeaders: true }),
        'the password is wrong, or you have none because you log in by single sign-on',
      );
      request.log.info({ person: request.actor.id, name: request.actor.name }, 'somebody changed their password');
      return finish(reply, headers);
    },
  );

  app.post(
    '/people/me/totp',
    {
      config: { needs: 'anyone' },
      schema: {
        summary: 'Begin with an authenticator app; it counts once a code was verified',
        body: passwordBody,
        response: { 200: newTotpView },
      },
    },
    async (request) => {
      const { response } = await callAuth(request, async ({ api }, headers) =>
        api.enableTwoFactor({ body: request.body, headers, returnHeaders: true }),
      );
      if (response.method !== 'totp') throw new RangeError('better-auth began with another method than was asked for');
      return { url: response.totpURI, backupCodes: response.backupCodes };
    },
  );

  app.post(
    '/people/me/totp/verify',
    {
      config: { needs: 'anyone' },
      schema: {
        summary: 'Finish it with a code; from then on logging in needs one',
        body: codeBody,
        response: { 204: z.undefined() },
      },
    },
    async (request, reply) => {
      const { headers } = await callAuth(request, async ({ api }, headers) =>
        api.verifyTOTP({ body: request.body, headers, returnHeaders: true }),
      );
      return finish(reply, headers);
    },
  );

  app.post(
    '/people/me/totp/disable',
    {
      config: { needs: 'anyone' },
      schema: { summary: 'Do without an authenticator app', body: passwordBody, response: { 204: z.undefined() } },
    },
    async (request, reply) => {
      const { headers } = await callAuth(request, async ({ api }, headers) =>
        api.disableTwoFactor({ body: request.body, headers, returnHeaders: true }),
      );
      return finish(reply, headers);
    },
  );

  /** Asks better-auth in the name of whoever is logged in; a password and a code may be guessed at so often. */
  async function callAuth<T>(
    request: FastifyRequest,
    call: (auth: Awaited<ReturnType<typeof people.auth>>, headers: Headers) => Promise<T>,
    refusal = 'the password or the code is wrong, or there is no authenticator app to do this with',
  ): Promise<T> {
    const { email } = requirePerson(request.actor);
    people.attempts.count({ by: 'password', address: request.ip, email });
    return call(await people.auth(), toAuthHeaders(request)).catch(refuseLogin(refusal));
  }

  /** The session goes on under another id, and with another CSRF token: `GET /session` tells it. */
  function finish(reply: FastifyReply, headers: Headers): undefined {
    passCookies(headers, reply);
    reply.code(204);
    return undefined;
  }
}

function requirePerson({ person }: FastifyRequest['actor']): LoggedIn {
  if (person !== undefined) return person;
  throw new ServerError('forbidden', 'this is for people who are logged in; a token has no password and no sessions');
}
