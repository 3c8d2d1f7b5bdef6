import { readSdkKey } from '@sluice/delivery';
import type { FastifyRequest } from 'fastify';
import { ServerError } from '../errors.ts';
import type { Actor } from '../people/actor.ts';
import { refuseForeignOrigin, refuseForgery } from '../people/csrf.ts';
import { findPersonOf } from '../people/find-person.ts';
import type { ServerContext } from '../server-context.ts';
import { findActor } from '../tokens/token-commands.ts';
import type { App } from './zod-routes.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who makes the request; known in every route behind `requireActor`. */
    actor: Actor;
    /** Whose SDK key came with the request; known in every route behind `requireSdkKey`. */
    environmentId: string;
  }
}

/** Lets only requests with a valid API token through, or of somebody who is logged in. */
export function requireActor(app: App, context: ServerContext): void {
  app.decorateRequest('actor');
  app.addHook('onRequest', async (request, reply) => {
    const token = await findTokenOf(request, context);
    if (token !== undefined) {
      request.actor = token;
      return;
    }
    const actor = await findPersonOf(request, reply, context);
    if (actor?.person === undefined) {
      const message = 'expected an API token in "Authorization: Bearer <token>", got none';
      throw new ServerError('unauthorized', message, { faults: [{ path: 'Authorization', message }] });
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      refuseForeignOrigin(request, context.people.publicUrl);
      refuseForgery(request, actor.person.csrfToken);
    }
    request.actor = actor;
  });
}

/** Whose API token comes with a request; undefined: none does. One that is not known is refused, whatever else comes. */
export async function findTokenOf(
  { headers: { authorization = '' } }: FastifyRequest,
  { db, usage, platform }: ServerContext,
): Promise<Actor | undefined> {
  const [, token] = /^Bearer +(\S+)$/i.exec(authorization) ?? [];
  if (token === undefined) return undefined;
  const actor = await findActor(db, token, platform.now());
  if (actor === undefined) {
    const message = 'expected an API token in "Authorization: Bearer <token>", got one that is not known';
    throw new ServerError('unauthorized', message, { faults: [{ path: 'Authorization', message }] });
  }
  usage.note('apiTokens', actor.id, platform.now());
  return actor;
}

/** Lets only requests with an SDK key through. */
export function requireSdkKey(app: App, { admissions, platform }: ServerContext): void {
  app.decorateRequest('environmentId');
  app.addHook('onRequest', async (request) => {
    const key = readSdkKey(request);
    const admission = key === undefined ? 'unknown' : await admissions.admit(key, platform.now());
    if (admission === 'unknown') {
      const message = `expected an SDK key in Authorization, got ${key === undefined ? 'none' : 'one that is not known'}`;
      throw new ServerError('unauthorized', message, { faults: [{ path: 'Authorization', message }] });
    }
    request.environmentId = admission.environmentId;
  });
}
