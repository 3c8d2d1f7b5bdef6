import { expect, test } from 'vitest';
import { createTurns } from './turns.ts';

test('long work gives way once a turn has taken long enough, and then has a whole turn again', async () => {
  let elapsed = 0;
  let turns = 0;
  const giveWay = createTurns({
    elapsed: () => elapsed,
    turn: async () => {
      turns++;
      // Others worked meanwhile; their time is not ours.
      elapsed += 100;
    },
  }).giveWay;
  for (const [worked, expected] of [
    [3, 0],
    [1, 1],
    [3, 1],
    [2, 2],
  ] as const) {
    elapsed += worked;
    await giveWay();
    expect(turns).toBe(expected);
  }
});
