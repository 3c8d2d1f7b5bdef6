/** How long to wait between attempts to reach a server. */
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

/** `random` gives numbers in [0, 1). */
export function createBackoff(
  { firstMs, mostMs }: BackoffOptions,
  { random }: { readonly random: () => number },
): Backoff {
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
