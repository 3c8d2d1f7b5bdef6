import { createFakeServerPlatform } from '@sluice/testkit';
import { expect, test } from 'vitest';
import { LoadGauge } from './load-gauge.ts';

function create() {
  const { clock, elapsed, every } = createFakeServerPlatform();
  /** What the event loop was busy with. */
  let busyMs = 0;
  const gauge = new LoadGauge({
    elapsed: () => elapsed() + busyMs,
    every,
  });
  return {
    gauge,
    clock,
    /** The next look at the clock comes late by so much. */
    beLate: async (lateMs: number) => {
      busyMs += lateMs;
      await clock.advance(50);
    },
    /** How many of a thousand that come now are let in. */
    letIn: () => Array.from({ length: 1000 }, () => gauge.letIn()).filter(Boolean).length,
  };
}

test('everybody is let in while turns are in time', async () => {
  const { clock, letIn, beLate } = create();
  expect(letIn()).toBe(1000);
  await clock.advance(1000);
  await beLate(200);
  expect(letIn()).toBe(1000);
});

test('after a late turn only a few are, until half a second has passed without another', async () => {
  const { clock, letIn, beLate } = create();
  await beLate(201);
  expect(letIn()).toBe(64);
  expect(letIn()).toBe(0);
  await clock.advance(400);
  expect(letIn()).toBe(0);
  await beLate(201);
  expect(letIn()).toBe(64);
  await clock.advance(499);
  expect(letIn()).toBe(0);
  await clock.advance(1);
  expect(letIn()).toBe(1000);
});

test('it looks no more once it is closed', async () => {
  const { gauge, letIn, beLate } = create();
  gauge.close();
  await beLate(10_000);
  expect(letIn()).toBe(1000);
});
