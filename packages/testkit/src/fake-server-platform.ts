import { nodePlatform, type Platform } from '@sluice/control-plane';
import { FakeClock } from './fake-clock.ts';

/** What a server takes from the machine, with a clock and luck in the hands of a test. */
export interface FakeServerPlatform extends Platform {
  readonly clock: FakeClock;
  /** What `random` gives; 0.5 until it is set. */
  randomValue: number;
}

export function createFakeServerPlatform(clock: FakeClock = new FakeClock()): FakeServerPlatform {
  const platform: FakeServerPlatform = {
    clock,
    randomValue: 0.5,
    now: () => clock.now(),
    elapsed: () => clock.elapsed(),
    random: () => platform.randomValue,
    randomBytes: nodePlatform.randomBytes,
    every: (periodMs, callback) => {
      function next(): void {
        cancel = clock.after(periodMs, next);
        callback();
      }
      let cancel = clock.after(periodMs, next);
      return () => cancel();
    },
    after: (delayMs, callback) => clock.after(delayMs, callback),
    later: nodePlatform.later,
  };
  return platform;
}
