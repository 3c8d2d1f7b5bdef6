import { createCipheriv, createDecipheriv, createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeError, ServerError } from '../errors.ts';
import type { Platform } from '../platform.ts';

/** Encrypts what has to be kept readable: SDK keys, which secure mode needs as they are. */
export interface SecretBox {
  seal(text: string): string;
  /** Throws when the text was sealed with another secret, or altered. */
  open(sealed: string): string;
}

/** In the data folder. */
export const secretFile = 'secret';

/** The server's secret: as set, else the one in the data folder, made at the first start and readable by its owner only. */
export function findSecret(set: string | undefined, folder: string, platform: Pick<Platform, 'randomBytes'>): string {
  if (set !== undefined) return set;
  const path = join(folder, secretFile);
  let secret: string;
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    if (!existsSync(path)) writeSecret(path, `${Buffer.from(platform.randomBytes(32)).toString('base64url')}\n`);
    chmodSync(path, 0o600);
    secret = readFileSync(path, 'utf8').trim();
  } catch (cause) {
    const message = `a secret cannot be kept in ${path}: ${describeError(cause)}; set SLUICE_SECRET, or --data to a folder that can be written`;
    throw new ServerError('invalid-settings', message, { cause });
  }
  if (secret !== '') return secret;
  throw new ServerError('invalid-settings', `${path}: the secret is empty; bring it back, or set SLUICE_SECRET`);
}

/** Only where there is none: another server on this folder may be faster. */
function writeSecret(path: string, secret: string): void {
  try {
    writeFileSync(path, secret, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if (!existsSync(path)) throw error;
  }
}

/** AES-256-GCM; the key is the SHA-256 of the secret, which is random or chosen by the operator. */
export function createSecretBox(secret: string, platform: Pick<Platform, 'randomBytes'>): SecretBox {
  const key = createHash('sha256').update(secret).digest();
  return {
    seal: (text) => {
      const nonce = platform.randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', key, nonce);
      const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
      return Buffer.concat([nonce, cipher.getAuthTag(), body]).toString('base64url');
    },
    open: (sealed) => {
      const bytes = Buffer.from(sealed, 'base64url');
      const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12));
      decipher.setAuthTag(bytes.subarray(12, 28));
      return Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString('utf8');
    },
  };
}

/** What secrets are looked up by. */
export function hashSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url');
}
