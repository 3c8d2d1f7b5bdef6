import { decidedView, previewView } from '@sluice/api-client';
import { changeRequestSchema, type Instruction, keySchema } from '@sluice/authoring';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { revertSinceBody } from '../changes/change-schema.ts';
import { revertSince } from '../changes/revert-since.ts';
import { runCommand } from '../http/commands.ts';
import { untilClosed } from '../http/until-closed.ts';
import type { App } from '../http/zod-routes.ts';
import { getEnvironment } from '../projects/environment-queries.ts';
import { environmentParams } from '../projects/project-schema.ts';
import type { ServerContext } from '../server-context.ts';
import { decideSample, type PreviewSurroundings, previewChange } from './preview.ts';
import { Turns } from './turns.ts';

const base = '/projects/:project/environments/:environment';
const flagParams = environmentParams.extend({ flag: keySchema });
/** A preview takes the server a second or less; a page asks for two at once. */
const bounds = { waiting: 16, each: 4 };

export function addPreviewRoutes(app: App, context: ServerContext): void {
  const { db, channels, contexts, platform } = context;
  const turns = new Turns(bounds);

  function inTurn<T>(
    { actor }: Pick<FastifyRequest, 'actor'>,
    reply: FastifyReply,
    work: (surroundings: PreviewSurroundings) => Promise<T>,
  ): Promise<T> {
    const signal = untilClosed(reply);
    const { sampleSize } = contexts;
    return turns.take(actor.id, signal, () => work({ db, platform, sampleSize, actor, signal }));
  }

  app.post(
    `${base}/changes/preview`,
    {
      // To try something, one only has to see what it concerns.
      config: { needs: 'viewer' },
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

  app.post(
    `${base}/revert-since/preview`,
    {
      config: { needs: 'viewer' },
      schema: {
        summary: 'Whom going back to a time would give another answer, of the sampled contexts',
        params: environmentParams,
        body: revertSinceBody.omit({ comment: true, dryRun: true }),
        response: { 200: previewView },
      },
    },
    (request, reply) =>
      inTurn(request, reply, async (surroundings) => {
        const instructions = await runCommand(context, request, reply, async (writes) => {
          const { deselect = [], include = [], discardLater = false, ...window } = request.body;
          const command = { ...request.params, ...window, deselect, include, discardLater };
          const author = { actor: request.actor.name, by: request.actor, comment: undefined, isDryRun: true };
          const { applied } = await revertSince(writes, command, author, context);
          // Written by this program.
          const body: Instruction[] = applied === undefined ? [] : JSON.parse(applied.row.instructionsJson);
          return { status: 200, body, dryRun: true };
        });
        const environment = await getEnvironment(db, request.params.project, request.params.environment);
        return previewChange(environment, await channels.open(environment.id), { instructions }, surroundings);
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
