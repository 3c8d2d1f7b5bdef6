import type { PolicyPlace, Role } from '@sluice/authoring';
import { readSdkKey } from '@sluice/delivery';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ServerError } from '../errors.ts';
import type { Actor } from '../people/actor.ts';
import { refuseForeignOrigin, refuseForgery } from '../people/csrf.ts';
import { findPersonOf } from '../people/find-person.ts';
import { refuseBlind, refuseWithout } from '../people/permission.ts';
import type { ServerContext } from '../server-context.ts';
import { findActor } from '../tokens/token-commands.ts';
import type { App } from './zod-routes.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /**
     * The role that a route behind `requireActor` needs at the place that its path names. Without it reading needs
     * `viewer`, and all else `admin`, so that nobody gets more by a route that forgets to say. `anyone`: none.
     */
    needs?: Role | 'anyone';
  }
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
    request.actor = token ?? (await admitPerson(request, reply, context));
    await refuseUnlessMay(request, context);
  });
}

async function admitPerson(request: FastifyRequest, reply: FastifyReply, context: ServerContext): Promise<Actor> {
  const actor = await findPersonOf(request, reply, context);
  if (actor?.person === undefined) {
    const message = 'expected an API token in "Authorization: Bearer <token>", got none';
    throw new ServerError('unauthorized', message, { faults: [{ path: 'Authorization', message }] });
  }
  if (!isRead(request)) {
    refuseForeignOrigin(request, context.people.publicUrl);
    refuseForgery(request, actor.person.csrfToken);
  }
  return actor;
}

async function refuseUnlessMay(request: FastifyRequest, { db }: ServerContext): Promise<void> {
  const { needs = isRead(request) ? 'viewer' : 'admin' } = request.routeOptions.config;
  // Not parsed yet: a place that cannot be is one where nobody has a role but those who have it everywhere.
  const place = request.params as PolicyPlace;
  if (needs === 'viewer') refuseBlind(request.actor, place);
  else if (needs !== 'anyone') await refuseWithout(db, request.actor, place, needs);
}

function isRead({ method }: FastifyRequest): boolean {
  return method === 'GET' || method === 'HEAD';
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
