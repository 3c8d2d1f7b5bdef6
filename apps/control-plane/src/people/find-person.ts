import { type Cidr, cidrContains, parseAddress } from '@sluice/engine';
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
  const { headers, response } = await api.getSession({
    headers: toAuthHeaders(request),
    // By HEAD open streams ask whether they may go on: a cookie that is set then reaches nobody.
    query: { disableRefresh: request.method === 'HEAD' },
    returnHeaders: true,
  });
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
  const headers = new Headers({ [addressHeader]: request.ip });
  for (const name of ['cookie', 'user-agent'] as const) {
    const value = request.headers[name];
    if (value !== undefined) headers.set(name, value);
  }
  return headers;
}

/**
 * Whose `X-Forwarded-For` counts: proxies that the settings name, and workers, which pass requests on by a socket without
 * an address that only they reach. Everybody else could say anything.
 */
export function createTrust(proxies: readonly Cidr[] = []): (address: string | undefined) => boolean {
  return (text) => {
    if (text === undefined || text === '') return true;
    const address = parseAddress(text);
    return address !== undefined && proxies.some((block) => cidrContains(block, address));
  };
}

export function passCookies(from: Headers, to: FastifyReply): void {
  for (const cookie of from.getSetCookie()) to.header('set-cookie', cookie);
}
