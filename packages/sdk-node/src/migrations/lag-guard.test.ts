import { FakeClock } from '@sluice/testkit';
import { expect, test } from 'vitest';
import { LagGuard } from './lag-guard.ts';

/** A clock whose timers come late. */
class LateClock extends FakeClock {
  overdueMs = 0;
  override after(delayMs: number, callback: () => void): () => void {
    return super.after(delayMs + this.overdueMs, callback);
  }
}

function create() {
  const clock = new LateClock();
  const guard = new LagGuard(clock);
  guard.ask();
  return { clock, guard };
}

test('all may be done while timers come in time', async () => {
  const { clock, guard } = create();
  clock.overdueMs = 50;
  await clock.advance(9000);
  expect(guard.share).toBe(1);
});

test('the share is halved every 5 s while they are late, and comes back by a tenth in 10 s', async () => {
  const { clock, guard } = create();
  clock.overdueMs = 60;
  await clock.advance(5100);
  expect(guard.share).toBe(0.5);
  await clock.advance(5100);
  expect(guard.share).toBe(0.25);
  clock.overdueMs = 0;
  await clock.advance(10_200);
  expect(guard.share).toBeCloseTo(0.35);
  await clock.advance(140_000);
  expect(guard.share).toBe(1);
});

test('the share ends at a 32nd, so that whoever is always late still learns something, and comes back from there', async () => {
  const { clock, guard } = create();
  clock.overdueMs = 60;
  await clock.advance(60_000);
  expect(guard.share).toBe(1 / 32);
  clock.overdueMs = 0;
  // It began within a window that was late.
  await clock.advance(15_200);
  expect(guard.share).toBeCloseTo(1 / 32 + 0.1);
});

test('one short pause is nothing, a long one is', async () => {
  const pause = async (ms: number): Promise<number> => {
    const { clock, guard } = create();
    await clock.advance(1000);
    clock.overdueMs = ms;
    await clock.advance(20);
    clock.overdueMs = 0;
    await clock.advance(5000 + ms);
    return guard.share;
  };
  expect(await pause(80)).toBe(1);
  expect(await pause(400)).toBe(0.5);
});

test('it rests when nobody asks any more, and when it is closed', async () => {
  const { clock, guard } = create();
  await clock.advance(11_000);
  expect(clock.waiting).toEqual([]);
  guard.ask();
  expect(clock.waiting).toHaveLength(1);
  guard.close();
  guard.ask();
  expect(clock.waiting).toEqual([]);
});
