import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ServerContext } from '../server-context.ts';
import type { Actor } from './actor.ts';
import { addressHeader } from './auth.ts';
import { createCsrfToken } from './csrf.ts';
import { parseGrants } from './people-queries.ts';

/** Of both schemes: browsers send the one with the prefix by HTTPS only. */
const sessionCookie = /(?:^|; *)(?:__Secure-)?sluice\.session_token=/;

/** Who is logged in; undefined: nobody. A session that is used goes on, so the cookie may be set anew. */
export async function findPersonOf(
  request: FastifyRequest,
  reply: FastifyReply,
  { people: { auth, csrfKey } }: Pick<ServerContext, 'people'>,
): Promise<Actor | undefined> {
  if (!sessionCookie.test(request.headers.cookie ?? '')) return undefined;
  const { api } = await auth();
  const { headers, response } = await api.getSession({ headers: toAuthHeaders(request), returnHeaders: true });
  passCookies(headers, reply);
  if (response === null) return undefined;
  const { user, session } = response;
  return {
    id: user.id,
    name: user.name,
    grants: parseGrants(user.grantsJson),
    person: {
      email: user.email,
      hasTotp: user.twoFactorEnabled === true,
      sessionId: session.id,
      csrfToken: createCsrfToken(csrfKey, session.token),
    },
  };
}

/** What better-auth is told of a request. */
export function toAuthHeaders(request: FastifyRequest): Headers {
  const headers = new Headers({ [addressHeader]: addressOf(request) });
  for (const name of ['cookie', 'user-agent'] as const) {
    const value = request.headers[name];
    if (value !== undefined) headers.set(name, value);
  }
  return headers;
}

/** Where a request comes from. Workers pass theirs on by a socket that only they reach, and say it of each. */
export function addressOf({ ip, headers }: FastifyRequest): string {
  if (ip) return ip;
  return (
    String(headers['x-forwarded-for'] ?? '')
      .split(', ')
      .at(-1) ?? ''
  );
}

export function passCookies(from: Headers, to: FastifyReply): void {
  for (const cookie of from.getSetCookie()) to.header('set-cookie', cookie);
}
