import { createFakePlatform } from '@sluice/testkit';
import { expect, test } from 'vitest';
import { sleep } from './sleep.ts';

test('a sleep ends by time, or before that by being aborted; nothing stays', async () => {
  const { clock } = createFakePlatform();
  const aborting = new AbortController();
  const ends: string[] = [];
  const note = (name: string, slept: Promise<void>): void =>
    void slept.then(
      () => ends.push(name),
      (reason) => ends.push(`${name}: ${reason.message}`),
    );
  note('short', sleep(clock, 9.5, aborting.signal));
  note('long', sleep(clock, 1000, aborting.signal));
  await clock.advance(9);
  expect(ends).toEqual([]);
  await clock.advance(1);
  expect(ends).toEqual(['short']);
  aborting.abort(new Error('enough'));
  await clock.advance(0);
  expect(ends).toEqual(['short', 'long: enough']);
  expect(clock.waiting).toEqual([]);
  await expect(sleep(clock, 1, aborting.signal)).rejects.toThrow('enough');
});
