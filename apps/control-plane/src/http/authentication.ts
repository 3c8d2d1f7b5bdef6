import { readSdkKey } from '@sluice/delivery';
import { ServerError } from '../errors.ts';
import type { ServerContext } from '../server-context.ts';
import { type Actor, findActor } from '../tokens/token-commands.ts';
import type { App } from './zod-routes.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who makes the request; known in every route behind `requireActor`. */
    actor: Actor;
    /** Whose SDK key came with the request; known in every route behind `requireSdkKey`. */
    environmentId: string;
  }
}

/** Lets only requests with a valid API token through. */
export function requireActor(app: App, { db, usage, platform }: ServerContext): void {
  app.decorateRequest('actor');
  app.addHook('onRequest', async (request) => {
    const [, token] = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '') ?? [];
    const actor = token === undefined ? undefined : await findActor(db, token);
    if (actor === undefined) {
      const found = token === undefined ? 'got none' : 'got one that is not known';
      const message = `expected an API token in "Authorization: Bearer <token>", ${found}`;
      throw new ServerError('unauthorized', message, { faults: [{ path: 'Authorization', message }] });
    }
    usage.note('apiTokens', actor.tokenId, platform.now());
    request.actor = actor;
  });
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
