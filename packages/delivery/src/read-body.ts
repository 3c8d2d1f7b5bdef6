import type { IncomingMessage } from 'node:http';
import { createGunzip } from 'node:zlib';

export type Body =
  | { readonly kind: 'json'; readonly value: unknown }
  | { readonly kind: 'refused'; readonly status: 400 | 413; readonly code: string; readonly message: string };

/** Reads a JSON body, gzipped or not, of at most `limitBytes` after unpacking. Rejects when its sender goes away. */
export async function readBody(request: IncomingMessage, limitBytes: number): Promise<Body> {
  const encoding = (request.headers['content-encoding'] ?? 'identity').toLowerCase();
  const isPacked = encoding === 'gzip' || encoding === 'x-gzip';
  if (!isPacked && encoding !== 'identity') {
    request.resume();
    return refuse(400, 'invalid-request', `expected content-encoding gzip or none, got ${encoding}`);
  }
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  try {
    for await (const chunk of isPacked ? unpack(request) : request) {
      sizeBytes += chunk.length;
      if (sizeBytes > limitBytes) {
        request.unpipe().resume();
        return refuse(413, 'too-large', `expected a body of at most ${limitBytes} bytes unpacked, got more`);
      }
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

function refuse(status: 400 | 413, code: string, message: string): Body {
  return { kind: 'refused', status, code, message };
}
