import type { FastifyRequest } from 'fastify';
import * as z from 'zod';
import { ServerError } from '../errors.ts';
import type { App } from '../http/zod-routes.ts';
import type { ServerContext } from '../server-context.ts';
import { signOnId } from './auth.ts';
import { passCookies, toAuthHeaders } from './find-person.ts';

const signOnParams = z.object({ id: z.string().max(64) });
const signOnQuery = z.strictObject({ to: z.string().max(2048).default('/') });
/** What the provider sends along; better-auth looks into it. */
const callbackQuery = z.record(z.string(), z.string().max(8192));

/** Single sign-on, by pages that the browser is sent to: there is nothing to be called from a script. */
export function addSignOnRoutes(app: App, { people }: ServerContext): void {
  const { auth, attempts, origin, signOn } = people;

  app.get(
    '/session/sign-on/:id',
    {
      schema: {
        summary: 'Log in by single sign-on: sends the browser to the provider, and then to a path of the server',
        params: signOnParams,
        querystring: signOnQuery,
        response: { 302: z.undefined() },
      },
    },
    async (request, reply) => {
      requireConfigured(request.params.id);
      refuseEmbedded(request);
      attempts.count({ by: 'sign-on', address: request.ip });
      const callbackURL = parseOwnPath(request.query.to, origin);
      const { api } = await auth();
      const { headers, response } = await api
        .signInSocial({
          body: { provider: signOnId, callbackURL, errorCallbackURL: `${origin}/login`, disableRedirect: true },
          headers: toAuthHeaders(request),
          returnHeaders: true,
        })
        .catch((error: unknown) => {
          throw new ServerError('unavailable', `${signOn?.name} cannot be asked who you are; the log says why`, {
            cause: error,
          });
        });
      passCookies(headers, reply);
      return reply.redirect(response.url ?? origin, 302);
    },
  );

  app.get(
    '/session/sign-on/callback/:id',
    {
      schema: {
        summary: 'Where the provider of single sign-on sends the browser back to',
        params: signOnParams,
        querystring: callbackQuery,
        response: { 302: z.undefined() },
      },
    },
    async (request, reply) => {
      requireConfigured(request.params.id);
      attempts.count({ by: 'sign-on', address: request.ip });
      const { api } = await auth();
      const answer = await api.callbackOAuth({
        method: 'GET',
        params: { id: signOnId },
        query: request.query,
        headers: toAuthHeaders(request),
        asResponse: true,
      });
      passCookies(answer.headers, reply);
      return reply.redirect(answer.headers.get('location') ?? `${origin}/login`, 302);
    },
  );

  function requireConfigured(id: string): void {
    if (signOn === undefined || id !== signOnId)
      throw new ServerError('not-found', `there is no single sign-on \`${id}\``);
  }
}

/** Browsers say what they fetch something for: as a picture or in a frame of some page nobody logs in. */
function refuseEmbedded({ headers }: FastifyRequest): void {
  const purpose = headers['sec-fetch-dest'] ?? 'document';
  if (purpose !== 'document') throw new ServerError('forbidden', 'this is a page to be opened by itself');
}

/** The address of a path of this server; whole, because a path that begins with two slashes would be another server. */
function parseOwnPath(to: string, origin: string): string {
  const url = to.startsWith('/') && URL.canParse(to, origin) ? new URL(to, origin) : undefined;
  if (url?.origin === origin) return url.href;
  const message = `expected a path of this server, got ${JSON.stringify(to.slice(0, 100))}`;
  throw new ServerError('invalid-request', `to: ${message}`, { faults: [{ path: 'to', message }] });
}
