import { createHmac } from 'node:crypto';
import { ServerError } from '../errors.ts';
import type { Platform } from '../platform.ts';

/** So many at once, then one in a period. */
interface Allowance {
  readonly burst: number;
  readonly periodMs: number;
}

const allowances = {
  email: { burst: 10, periodMs: 30_000 },
  address: { burst: 50, periodMs: 3000 },
} as const satisfies Readonly<Record<string, Allowance>>;

/** Whoever shares one with somebody else shares their allowance; nobody can choose whose, as the hash has a key. */
const places = 8192;

/**
 * Limits attempts to get in, by e-mail and by address. Of each place one number is kept, the time at which its
 * allowance is whole again (GCRA), so it takes 128 kB, whatever comes.
 */
export class Attempts {
  readonly #wholeAt = { email: new Float64Array(places), address: new Float64Array(places) };
  readonly #key: Uint8Array;
  readonly #now: () => number;

  constructor({ now, randomBytes }: Pick<Platform, 'now' | 'randomBytes'>) {
    this.#now = now;
    this.#key = randomBytes(32);
  }

  /** Counts an attempt; throws `too-many-requests` when there were too many. */
  count(by: { readonly email?: string; readonly address: string }): void {
    this.#take('address', by.address);
    if (by.email !== undefined) this.#take('email', by.email.toLowerCase());
  }

  #take(kind: keyof typeof allowances, name: string): void {
    const { burst, periodMs } = allowances[kind];
    const wholeAt = this.#wholeAt[kind];
    const place = createHmac('sha256', this.#key).update(name).digest().readUInt32LE() % places;
    const now = this.#now();
    const next = Math.max(now, wholeAt[place] ?? 0) + periodMs;
    const waitMs = next - now - burst * periodMs;
    if (waitMs > 0) {
      const seconds = Math.ceil(waitMs / 1000);
      throw new ServerError(
        'too-many-requests',
        `there were too many attempts; the next one may come in ${seconds} s`,
        {
          retryAfterSeconds: seconds,
        },
      );
    }
    wholeAt[place] = next;
  }
}
