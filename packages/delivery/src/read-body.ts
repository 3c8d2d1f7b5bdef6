import type { IncomingMessage } from 'node:http';
import { createGunzip } from 'node:zlib';
import { discardRest } from './discard-rest.ts';

export type Body =
  | { readonly kind: 'json'; readonly value: unknown }
  | { readonly kind: 'refused'; readonly status: 400 | 413 | 503; readonly code: string; readonly message: string };

/** What unpacking takes besides what is unpacked: zlib's window and buffers. */
const unpackingBytes = 64 * 1024;

/** Bounds what all bodies that are being read take together. */
export class BodyReader {
  readonly #budgetBytes: number;
  #heldBytes = 0;

  constructor(budgetBytes: number) {
    this.#budgetBytes = budgetBytes;
  }

  /**
   * Reads a JSON body, gzipped or not, of at most `limitBytes` after unpacking; refuses it when others take all that
   * there is for bodies. Rejects when its sender goes away.
   */
  async read(request: IncomingMessage, limitBytes: number): Promise<Body> {
    let heldBytes = 0;
    const hold = (bytes: number): boolean => {
      if (this.#heldBytes + bytes > this.#budgetBytes) return false;
      heldBytes += bytes;
      this.#heldBytes += bytes;
      return true;
    };
    try {
      return await readBody(request, limitBytes, hold);
    } finally {
      this.#heldBytes -= heldBytes;
    }
  }
}

async function readBody(request: IncomingMessage, limitBytes: number, hold: (bytes: number) => boolean): Promise<Body> {
  const encoding = (request.headers['content-encoding'] ?? 'identity').toLowerCase();
  const isPacked = encoding === 'gzip' || encoding === 'x-gzip';
  if (!isPacked && encoding !== 'identity') {
    discardRest(request);
    return refuse(400, 'invalid-request', `expected content-encoding gzip or none, got ${encoding}`);
  }
  const tooMany = (): Body => {
    discardRest(request.unpipe());
    return refuse(503, 'unavailable', 'there are more bodies being read than there is room for; try again');
  };
  if (isPacked && !hold(unpackingBytes)) return tooMany();
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  try {
    for await (const chunk of isPacked ? unpack(request) : request.iterator({ destroyOnReturn: false })) {
      sizeBytes += chunk.length;
      if (sizeBytes > limitBytes) {
        discardRest(request.unpipe());
        return refuse(413, 'too-large', `expected a body of at most ${limitBytes} bytes unpacked, got more`);
      }
      if (!hold(chunk.length)) return tooMany();
      chunks.push(chunk);
    }
    return { kind: 'json', value: JSON.parse(Buffer.concat(chunks).toString()) };
  } catch (error) {
    if (request.destroyed && !request.complete) throw error;
    const expected = isPacked ? 'gzipped JSON' : 'JSON';
    return refuse(400, 'invalid-request', `expected ${expected}: ${String(error)}`);
  }
}

function unpack(request: IncomingMessage): AsyncIterable<Uint8Array> {
  const gunzip = createGunzip();
  // Piping does not tell that the other side has gone.
  request.once('close', () => {
    if (!request.complete) gunzip.destroy(new Error('the sender went away'));
  });
  return request.pipe(gunzip);
}

function refuse(status: 400 | 413 | 503, code: string, message: string): Body {
  return { kind: 'refused', status, code, message };
}
