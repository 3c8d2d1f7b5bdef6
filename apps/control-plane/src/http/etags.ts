import { createHash } from 'node:crypto';
import type { App } from './zod-routes.ts';

/**
 * Gives every JSON answer to GET an ETag, a hash of what it says, and answers 304 to who has it already. The answer is
 * still made; what is saved is sending it.
 */
export function addEtags(app: App): void {
  app.addHook('onSend', async (request, reply, payload) => {
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    if (!isRead || reply.statusCode !== 200 || typeof payload !== 'string' || !isJson(reply.getHeader('content-type')))
      return payload;
    const etag = `"${createHash('sha256').update(payload).digest('base64url')}"`;
    // Whoever keeps the answer asks before using it again; it is for the owner of the token only.
    reply.headers({ etag, 'cache-control': 'private, no-cache' });
    if (!isKnown(etag, request.headers['if-none-match'])) return payload;
    reply.code(304).removeHeader('content-type');
    return null;
  });
}

function isJson(contentType: unknown): boolean {
  return String(contentType).startsWith('application/json');
}

/** Whether `If-None-Match` names the ETag (RFC 9110, 13.1.2): weak ones count, as those that a proxy has packed. */
function isKnown(etag: string, known: string | undefined): boolean {
  if (known === undefined) return false;
  return known.trim() === '*' || known.split(',').some((each) => each.trim().replace(/^W\//, '') === etag);
}
