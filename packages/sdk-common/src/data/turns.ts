import type { Clock } from '../platform.ts';

/** Cuts long work into turns of the event loop. */
export interface Turns {
  /** Lets other work run first if this turn has taken long enough. */
  giveWay(): Promise<void> | void;
}

/** How long one turn may take, in milliseconds; what runs between two calls of `giveWay` comes on top. */
const turnMs = 4;

export function createTurns(clock: Pick<Clock, 'elapsed' | 'turn'>): Turns {
  let startedAt = clock.elapsed();
  return {
    giveWay: () => {
      if (clock.elapsed() - startedAt < turnMs) return undefined;
      return clock.turn().then(() => {
        startedAt = clock.elapsed();
      });
    },
  };
}
