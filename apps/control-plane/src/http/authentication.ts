import { ServerError } from '../errors.ts';
import type { ServerContext } from '../server-context.ts';
import { type Actor, findActor } from '../tokens/token-commands.ts';
import type { App } from './zod-routes.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who makes the request; known in every route behind `requireActor`. */
    actor: Actor;
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
