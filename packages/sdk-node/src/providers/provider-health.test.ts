import { FakeClock } from '@sluice/testkit';
import { describe, expect, test } from 'vitest';
import { ProviderHealth } from './provider-health.ts';

const dwellMs = 300_000;

function create() {
  const clock = new FakeClock();
  const health = new ProviderHealth(clock);
  const times = (count: number, what: () => void): void => {
    for (let time = 0; time < count; time++) what();
  };
  return {
    clock,
    health,
    state: () => health.state(dwellMs),
    fail: (count = 1) => times(count, () => health.failed()),
    succeed: (count = 1) => times(count, () => health.succeeded()),
  };
}

describe('a provider falls sick', () => {
  test('with five failures in a row, and not with four', () => {
    const { fail, succeed, state } = create();
    fail(4);
    expect(state()).toBe('well');
    succeed();
    fail(4);
    expect(state()).toBe('well');
    fail();
    expect(state()).toBe('sick');
  });

  test('when half of ten tries in ten seconds failed, and not of nine', async () => {
    const { fail, succeed, state, clock } = create();
    for (let round = 0; round < 4; round++) {
      succeed();
      fail();
    }
    succeed();
    expect(state()).toBe('well');
    fail();
    expect(state()).toBe('sick');

    const slow = create();
    for (let round = 0; round < 20; round++) {
      slow.succeed();
      slow.fail();
      await slow.clock.advance(2600);
    }
    expect(slow.state()).toBe('well');
    expect(clock.waiting).toEqual([]);
  });
});

describe('a provider that fell sick', () => {
  test('comes back when it has worked for the dwell', async () => {
    const { clock, fail, succeed, state } = create();
    fail(5);
    await clock.advance(10 * dwellMs);
    expect(state()).toBe('sick');
    succeed();
    expect(state()).toBe('recovering');
    await clock.advance(dwellMs - 1);
    expect(state()).toBe('recovering');
    await clock.advance(1);
    expect(state()).toBe('well');
  });

  test('starts anew with each failure in the meantime', async () => {
    const { clock, fail, succeed, state } = create();
    fail(5);
    succeed();
    await clock.advance(dwellMs - 1);
    fail();
    expect(state()).toBe('sick');
    succeed();
    await clock.advance(dwellMs - 1);
    expect(state()).toBe('recovering');
    await clock.advance(1);
    expect(state()).toBe('well');
    fail(4);
    expect(state()).toBe('well');
  });

  test('is tried every ten seconds, and less often while that fails', async () => {
    const { clock, health, fail, succeed } = create();
    expect(health.takeTrial()).toBe(false);
    fail(5);
    const waits: number[] = [];
    for (let trial = 0; trial < 5; trial++) {
      let waited = 0;
      while (!health.takeTrial()) {
        await clock.advance(1000);
        waited++;
      }
      waits.push(waited);
      // What was under way comes back as well, and counts once.
      fail(20);
    }
    expect(waits).toEqual([10, 20, 40, 60, 60]);
    await clock.advance(60_000);
    expect([health.takeTrial(), health.takeTrial()]).toEqual([true, false]);
    succeed();
    await clock.advance(60_000);
    expect(health.takeTrial()).toBe(true);
    await clock.advance(9999);
    expect(health.takeTrial()).toBe(false);
    await clock.advance(1);
    expect(health.takeTrial()).toBe(true);
  });
});
