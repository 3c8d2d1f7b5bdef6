import type { Client, Config } from '@sluice/sdk-node';

/** What people may turn while the shop runs; here are the bounds that this code can work with, whatever it is sent. */
export interface Settings {
  /** How long a product that was looked up is kept, in seconds. */
  readonly cacheTtl: Config<number>;
  /** How long a request may take, in milliseconds; may differ by route. */
  readonly routeTimeout: Config<number>;
}

export function createSettings(sluice: Client): Settings {
  return {
    cacheTtl: sluice.config('cache.ttl', { default: 60, min: 1, max: 3600, step: 1, unit: 's' }),
    routeTimeout: sluice.config('route.timeout', { default: 5000, min: 10, max: 60_000, step: 1, unit: 'ms' }),
  };
}
