import type { BackfillLease } from '@sluice/protocol';
import { createFakePlatform } from '@sluice/testkit';
import { expect, test } from 'vitest';
import type { BackfillServer } from './backfill-server.ts';
import { HeldRange } from './held-range.ts';

const lease = { leaseMs: 60_000, tally: {}, isCopied: true } as Partial<BackfillLease> as BackfillLease;

function hold(parts: Partial<BackfillServer>) {
  const { clock } = createFakePlatform();
  const no = () => Promise.reject(new Error('not asked'));
  const held = new HeldRange(lease, {
    clock,
    signal: new AbortController().signal,
    pace: () => ({}) as never,
    onStanding: () => undefined,
    server: { claim: no, propose: no, report: no, verify: no, ...parts },
  });
  return { clock, held };
}

test('whoever works long on a page keeps the range by telling so, three times in the time of a lease', async () => {
  let reports = 0;
  const { clock, held } = hold({
    report: async () => {
      reports++;
      return {} as never;
    },
  });
  await clock.advance(19_999);
  expect(reports).toBe(0);
  await clock.advance(40_001);
  expect([reports, held.isLost]).toEqual([3, false]);
  held.end();
  await clock.advance(60_000);
  expect(reports).toBe(3);
});

test('while the server verifies a range, nothing more is told of it: it is nobody else’s by being done', async () => {
  let reports = 0;
  let verified = (): void => undefined;
  const { clock, held } = hold({
    report: async () => {
      reports++;
      return undefined;
    },
    verify: () => new Promise((resolve) => (verified = () => resolve({ state: 'verified' }))),
  });
  const finished = held.finish({} as never);
  await clock.advance(60_000);
  verified();
  expect(await finished).toBe('verified');
  expect([reports, held.isLost, clock.waiting]).toEqual([0, false, []]);
});
