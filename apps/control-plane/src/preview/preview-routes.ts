import { decidedView, previewView } from '@sluice/api-client';
import { changeRequestSchema, keySchema } from '@sluice/authoring';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { untilClosed } from '../http/until-closed.ts';
import type { App } from '../http/zod-routes.ts';
import { getEnvironment } from '../projects/environment-queries.ts';
import { environmentParams } from '../projects/project-schema.ts';
import type { ServerContext } from '../server-context.ts';
import { decideSample, type PreviewSurroundings, previewChange } from './preview.ts';
import { Turns } from './turns.ts';

const base = '/projects/:project/environments/:environment';
const flagParams = environmentParams.extend({ flag: keySchema });
/** A preview takes the server a second or less. */
const mostWaiting = 8;

export function addPreviewRoutes(app: App, { db, channels, contexts, platform }: ServerContext): void {
  const turns = new Turns(mostWaiting);

  function inTurn<T>(
    { actor }: Pick<FastifyRequest, 'actor'>,
    reply: FastifyReply,
    work: (surroundings: PreviewSurroundings) => Promise<T>,
  ): Promise<T> {
    const signal = untilClosed(reply);
    const { sampleSize } = contexts;
    return turns.take(signal, () => work({ db, platform, sampleSize, actor: actor.name, signal }));
  }

  app.post(
    `${base}/changes/preview`,
    {
      schema: {
        summary: 'Whom a change would give another answer, of the sampled contexts',
        params: environmentParams,
        body: changeRequestSchema,
        response: { 200: previewView },
      },
    },
    (request, reply) =>
      inTurn(request, reply, async (surroundings) => {
        const environment = await getEnvironment(db, request.params.project, request.params.environment);
        const channel = await channels.open(environment.id);
        return previewChange(environment, channel, request.body, surroundings);
      }),
  );

  app.get(
    `${base}/flags/:flag/decided`,
    {
      schema: {
        summary: 'How many sampled contexts each line of a flag decides for',
        params: flagParams,
        response: { 200: decidedView },
      },
    },
    (request, reply) =>
      inTurn(request, reply, async (surroundings) => {
        const environment = await getEnvironment(db, request.params.project, request.params.environment);
        const channel = await channels.open(environment.id);
        return decideSample(environment, channel, request.params.flag, surroundings);
      }),
  );
}
