import type { IncomingMessage } from 'node:http';

/** So much is taken of a body that nobody wants; no client that means well has more. */
const discardedBytes = 64 * 1024 * 1024;

/**
 * Takes what is still to come of a body that is refused: many clients read the answer only once they have sent it all,
 * and never see it when the connection is closed under them. Whoever sends without end is cut off.
 */
export function discardRest(request: IncomingMessage): void {
  let leftBytes = discardedBytes;
  request.on('data', (chunk: Uint8Array) => {
    leftBytes -= chunk.length;
    if (leftBytes < 0) request.destroy();
  });
  request.resume();
}
