import { expect, test } from 'vitest';
import { paceFor } from './pace.ts';

test.each([
  [0, 0, 20, 5000],
  [1, 0, 20, 5000],
  [500, 15, 20, 5000],
  [512, 15, 20, 5000],
  [513, 15, 21, 5000],
  [10_000, 300, 400, 40_000],
  [20_000, 600, 800, 80_000],
  [66_666, 2000, 2667, 266_664],
  [125_000, 2000, 5000, 300_000],
  [10_000_000, 2000, 5000, 300_000],
])(
  '%i instances answer after %i ms, when all have the change, within %i ms, so that half a processor is enough for them, and tell what they count every %i ms',
  (instances, delayMs, spreadMs, windowMs) => {
    expect(paceFor(instances)).toEqual({ event: 'fleet', delayMs, spreadMs, heartbeatMs: 10_000, windowMs });
  },
);
