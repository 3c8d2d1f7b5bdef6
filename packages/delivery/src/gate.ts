import type { ServerResponse } from 'node:http';
import { sendProblem } from './data-plane.ts';
import type { Listener } from './listener.ts';
import { answerUpgrade } from './upgrade.ts';

/** Between 1 and 5, so that clients do not come back all at once. */
export function retryAfterSeconds({ random }: { readonly random: () => number }): number {
  return 1 + Math.floor(random() * 5);
}

export interface Gate {
  readonly listener: Listener;
  open(to: Listener): void;
  close(): void;
}

/**
 * Stands before everything: answers 503 while the server starts and stops, never a status that would make an SDK give
 * up, and says how the server is.
 */
export function createGate(platform: { readonly random: () => number }): Gate {
  let state: 'starting' | 'ready' | 'stopping' = 'starting';
  let behind: Listener | undefined;
  return {
    listener: {
      request: (request, response) => {
        const path = request.url?.split('?')[0];
        if (path === '/healthz') sendText(response, 200, 'ok');
        else if (behind === undefined) {
          request.resume();
          response.setHeader('retry-after', String(retryAfterSeconds(platform)));
          if (path === '/readyz') sendText(response, 503, state);
          else sendProblem(response, 503, 'unavailable', `the server is ${state}; try again`);
        } else if (path === '/readyz') sendText(response, 200, state);
        else behind.request(request, response);
      },
      upgrade: (request, socket, head) => {
        if (behind !== undefined) {
          behind.upgrade(request, socket, head);
          return;
        }
        const headers = { 'retry-after': String(retryAfterSeconds(platform)) };
        const detail = `the server is ${state}; try again`;
        answerUpgrade(socket, { status: 503, code: 'unavailable', detail, headers });
      },
    },
    open: (to) => {
      state = 'ready';
      behind = to;
    },
    close: () => {
      state = 'stopping';
      behind = undefined;
    },
  };
}

function sendText(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(`${text}\n`);
}
