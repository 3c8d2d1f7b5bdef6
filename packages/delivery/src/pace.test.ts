import { expect, test } from 'vitest';
import { paceFor } from './pace.ts';

test.each([
  [0, 0, 20],
  [1, 0, 20],
  [500, 15, 20],
  [512, 15, 20],
  [513, 15, 21],
  [10_000, 300, 400],
  [20_000, 600, 800],
  [66_666, 2000, 2667],
  [125_000, 2000, 5000],
  [10_000_000, 2000, 5000],
])(
  '%i instances answer after %i ms, when all have the change, within %i ms, so that half a processor is enough for them',
  (instances, delayMs, spreadMs) => {
    expect(paceFor(instances)).toEqual({ event: 'fleet', delayMs, spreadMs, heartbeatMs: 10_000 });
  },
);
