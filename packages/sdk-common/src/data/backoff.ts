import type { Platform } from '../platform.ts';

/** How long to wait between attempts. */
export interface Backoff {
  /** The next delay in milliseconds: anything up to a bound that doubles each time (full jitter). */
  next(): number;
  /** To be called when something worked for long enough. */
  reset(): void;
}

export interface BackoffOptions {
  readonly firstMs: number;
  readonly mostMs: number;
}

export function createBackoff({ firstMs, mostMs }: BackoffOptions, { random }: Pick<Platform, 'random'>): Backoff {
  let attempts = 0;
  return {
    next: () => {
      const bound = Math.min(mostMs, firstMs * 2 ** Math.min(attempts, 30));
      attempts++;
      return Math.round(random() * bound);
    },
    reset: () => {
      attempts = 0;
    },
  };
}
