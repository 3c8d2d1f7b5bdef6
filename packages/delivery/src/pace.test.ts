import { expect, test } from 'vitest';
import { paceFor } from './pace.ts';

test.each([
  [0, 20],
  [1, 20],
  [500, 20],
  [512, 20],
  [513, 21],
  [10_000, 400],
  [20_000, 800],
  [125_000, 5000],
  [10_000_000, 5000],
])('%i instances answer within %i ms, so that half a processor is enough for them', (instances, spreadMs) => {
  expect(paceFor(instances)).toEqual({ event: 'fleet', spreadMs, heartbeatMs: 10_000 });
});
