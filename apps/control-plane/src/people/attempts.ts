import { createHmac } from 'node:crypto';
import { ServerError } from '../errors.ts';
import type { Platform } from '../platform.ts';

/** So many at once, then one in a period. */
interface Allowance {
  readonly burst: number;
  readonly periodMs: number;
}

/** How somebody tries to get in; who uses up one of these at an address leaves the others to whoever shares it. */
export type Way = 'password' | 'code' | 'link' | 'sign-on';

/**
 * An e-mail address has two, so that who guesses at it from one place does not lock out whose it is, and who guesses from
 * many makes them wait for a few seconds at most.
 */
const allowances = {
  emailThere: { burst: 10, periodMs: 30_000 },
  email: { burst: 50, periodMs: 10_000 },
  address: { burst: 50, periodMs: 3000 },
} as const satisfies Readonly<Record<string, Allowance>>;

/** Whoever shares one with somebody else shares their allowance; nobody can choose whose, as the hash has a key. */
const places = 8192;

/**
 * Limits attempts to get in, by e-mail and by address. Of each place one number is kept, the time at which its
 * allowance is whole again (GCRA), so it takes 192 kB, whatever comes.
 */
export class Attempts {
  readonly #wholeAt = {
    emailThere: new Float64Array(places),
    email: new Float64Array(places),
    address: new Float64Array(places),
  };
  readonly #key: Uint8Array;
  readonly #now: () => number;

  constructor({ now, randomBytes }: Pick<Platform, 'now' | 'randomBytes'>) {
    this.#now = now;
    this.#key = randomBytes(32);
  }

  /** Counts an attempt; throws `too-many-requests` when there were too many. */
  count({ by, address, email }: { readonly by: Way; readonly address: string; readonly email?: string }): void {
    this.#take('address', `${by} ${address}`);
    if (email === undefined) return;
    this.#take('emailThere', `${address} ${email.toLowerCase()}`);
    this.#take('email', email.toLowerCase());
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
