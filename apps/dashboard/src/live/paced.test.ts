import { FakeClock } from '@sluice/testkit';
import { expect, test } from 'vitest';
import { createPaced } from './paced.ts';

function setUp() {
  const clock = new FakeClock();
  let calls = 0;
  const paced = createPaced(
    1000,
    () => {
      calls++;
    },
    (delayMs, call) => clock.after(delayMs, call),
  );
  return { clock, paced, calls: () => calls };
}

test('the first is called at once, and many that follow are one more', async () => {
  const { clock, paced, calls } = setUp();
  paced();
  expect(calls()).toBe(1);
  for (let more = 0; more < 10; more++) paced();
  expect(calls()).toBe(1);
  await clock.advance(1000);
  expect(calls()).toBe(2);
  await clock.advance(5000);
  expect(calls()).toBe(2);
  paced();
  expect(calls()).toBe(3);
});

test('what is stopped is not called later', async () => {
  const { clock, paced, calls } = setUp();
  paced();
  paced();
  paced.stop();
  await clock.advance(5000);
  expect(calls()).toBe(1);
});
