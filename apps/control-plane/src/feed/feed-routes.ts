import { feedEventView } from '@sluice/api-client';
import type { FastifyRequest } from 'fastify';
import * as z from 'zod';
import type { App } from '../http/zod-routes.ts';
import { getEnvironment } from '../projects/environment-queries.ts';
import { environmentParams } from '../projects/project-schema.ts';
import type { ServerContext } from '../server-context.ts';
import { FeedReader } from './feed-reader.ts';

/** After this version; a browser that comes back by itself says it in `Last-Event-ID`, which is newer. */
const feedQuery = z.strictObject({ after: z.coerce.number().int().min(0).optional() });

/** What happens in an environment, as it happens. */
export function addFeedRoutes(app: App, { db, feeds, errors }: ServerContext): void {
  app.get(
    '/projects/:project/environments/:environment/events',
    {
      schema: {
        summary: 'Follow changes, how far they get, and what is off normal',
        params: environmentParams,
        querystring: feedQuery,
        produces: 'text/event-stream',
        response: { 200: feedEventView },
      },
    },
    async (request, reply) => {
      const { project, environment: key } = request.params;
      const environment = await getEnvironment(db, project, key);
      reply.headers({
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-store',
        // Proxies that gather what they pass on would hold it back.
        'x-accel-buffering': 'no',
      });
      // By HEAD a stream asks whether it may go on.
      const isAsking = request.method === 'HEAD';
      if (!isAsking) feeds.refuseTooMany();
      const after = readLastEventId(request) ?? request.query.after;
      reply.hijack();
      // All of them are set here, or by hooks: none is a list.
      reply.raw.writeHead(200, reply.getHeaders() as Record<string, string>);
      if (isAsking) {
        reply.raw.end();
        return reply;
      }
      const reader = new FeedReader(reply.raw, after ?? 0);
      const { url, headers } = request;
      const mayRead = async (): Promise<boolean> => {
        const { statusCode } = await app.inject({ method: 'HEAD', url, headers });
        return ![401, 403, 404].includes(statusCode);
      };
      feeds
        .open(environment, reader, { after, mayRead })
        .catch((error: unknown) => errors.write(error, 'a live feed could not be opened'));
      return reply;
    },
  );
}

function readLastEventId({ headers }: Pick<FastifyRequest, 'headers'>): number | undefined {
  const id = headers['last-event-id'];
  return typeof id === 'string' && /^\d{1,15}$/.test(id) ? Number(id) : undefined;
}
