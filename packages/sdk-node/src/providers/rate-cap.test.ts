import { FakeClock } from '@sluice/testkit';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RateCap } from './rate-cap.ts';

describe('a cap', () => {
  test('lets so many through at once, and the next when the first is a second old', async () => {
    const clock = new FakeClock();
    const cap = new RateCap(clock);
    for (const at of [0, 400, 500]) {
      await clock.advance(at - clock.elapsed());
      expect(cap.waitMs(3)).toBe(0);
      cap.take(3);
    }
    expect(cap.waitMs(3)).toBe(500);
    await clock.advance(500);
    expect(cap.waitMs(3)).toBe(0);
    cap.take(3);
    expect(cap.waitMs(3)).toBe(400);
    expect(cap.waitMs(undefined)).toBe(0);
  });

  test('below one is one in several seconds', async () => {
    const clock = new FakeClock();
    const cap = new RateCap(clock);
    cap.take(0.25);
    expect(cap.waitMs(0.25)).toBe(4000);
  });

  test('is never passed in any second, whenever somebody asks', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 9 }),
        fc.array(fc.nat(300), { minLength: 20, maxLength: 100 }),
        async (most, pauses) => {
          const clock = new FakeClock();
          const cap = new RateCap(clock);
          const taken: number[] = [];
          for (const pause of pauses) {
            await clock.advance(pause);
            if (cap.waitMs(most) > 0) continue;
            cap.take(most);
            taken.push(clock.elapsed());
          }
          const fullest = Math.max(
            ...taken.map((start) => taken.filter((at) => at >= start && at < start + 1000).length),
          );
          expect(fullest).toBeLessThanOrEqual(most);
          expect(taken.length).toBeGreaterThan(0);
        },
      ),
      { numRuns: 50 },
    );
  });
});
