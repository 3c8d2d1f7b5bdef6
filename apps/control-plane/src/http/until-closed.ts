import type { FastifyReply } from 'fastify';

/** Aborted when whoever asked goes away. */
export function untilClosed(reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  reply.raw.once('close', () => controller.abort());
  return controller.signal;
}
