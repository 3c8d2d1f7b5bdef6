import type { BackfillLease } from '@sluice/protocol';
import { createFakePlatform } from '@sluice/testkit';
import { expect, test } from 'vitest';
import { HeldRange } from './held-range.ts';

test('while the server verifies a range, nothing more is told of it: it is nobody else’s by being done', async () => {
  const { clock } = createFakePlatform();
  let reports = 0;
  let verified = (): void => undefined;
  const lease = { leaseMs: 60_000, tally: {}, isCopied: true } as Partial<BackfillLease> as BackfillLease;
  const held = new HeldRange(lease, {
    clock,
    signal: new AbortController().signal,
    pace: () => ({}) as never,
    onStanding: () => undefined,
    server: {
      claim: () => Promise.reject(new Error('not asked')),
      propose: () => Promise.reject(new Error('not asked')),
      report: async () => {
        reports++;
        return undefined;
      },
      verify: () => new Promise((resolve) => (verified = () => resolve({ state: 'verified' }))),
    },
  });
  const finished = held.finish({} as never);
  await clock.advance(60_000);
  verified();
  expect(await finished).toBe('verified');
  expect([reports, held.isLost, clock.waiting]).toEqual([0, false, []]);
});
