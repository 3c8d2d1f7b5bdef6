import { createHmac, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { ServerError } from '../errors.ts';

const header = 'x-csrf-token';

/** What a page has to send with every write: nobody can make it without the session and the server's secret. */
export function createCsrfToken(key: string, sessionToken: string): string {
  return createHmac('sha256', key).update(sessionToken).digest('base64url');
}

/** Refuses a write that a page of somebody else could have caused: the cookie alone does not tell who asked. */
export function refuseForgery(request: FastifyRequest, expected: string): void {
  const found = request.headers[header];
  if (typeof found === 'string' && isSame(found, expected)) return;
  const message = `expected the csrfToken of GET /api/v1/session, got ${found === undefined ? 'none' : 'another'}`;
  throw new ServerError('forbidden', `${header}: ${message}`, { faults: [{ path: header, message }] });
}

/** Refuses what a browser sends from a page of another origin; other clients do not say where they come from. */
export function refuseForeignOrigin({ headers }: FastifyRequest, own: string | undefined): void {
  const { origin, host } = headers;
  if (origin === undefined) return;
  const isOwn = own === undefined ? isAt(origin, host) : origin === own;
  if (isOwn) return;
  const message = `expected ${own ?? host}, got ${origin.slice(0, 200)}; if people reach the server there, set SLUICE_PUBLIC_URL`;
  throw new ServerError('forbidden', `Origin: ${message}`, { faults: [{ path: 'Origin', message }] });
}

function isAt(origin: string, host: string | undefined): boolean {
  return URL.canParse(origin) && new URL(origin).host === host;
}

function isSame(found: string, expected: string): boolean {
  const [one, other] = [Buffer.from(found), Buffer.from(expected)];
  return one.length === other.length && timingSafeEqual(one, other);
}
