import type { Platform } from './platform.ts';

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';

/** A random id of `length` characters of 5 bits, without letters that look like digits. */
export function createId({ randomBytes }: Pick<Platform, 'randomBytes'>, length = 12): string {
  return Array.from(randomBytes(length), (byte) => alphabet[byte % alphabet.length]).join('');
}
