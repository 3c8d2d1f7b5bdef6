import type { FeedEventView } from '@sluice/api-client';

/** One event as it is written to a stream; `id` is what a client that comes back says it had. */
export function encodeFeedEvent({ event, data }: FeedEventView, id?: number): string {
  return `${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}

/** Keeps a stream awake that has nothing to tell. */
export const heartbeatFrame: string = encodeFeedEvent({ event: 'heartbeat', data: {} });
