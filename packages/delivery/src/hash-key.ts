import { createHash } from 'node:crypto';

/** What keys are looked up by, and all that relays have of them: the SHA-256, base64url. */
export function hashKey(key: string): string {
  return createHash('sha256').update(key).digest('base64url');
}
