import { expect, test } from 'vitest';
import targets from '../../targets.json' with { type: 'json' };
import { config } from './config.ts';

test('every subject gives the same answers, and all that has a target is measured', async () => {
  const { rows, measures } = await config.run({
    quick: true,
    clients: undefined,
    minutes: undefined,
    onProgress: () => undefined,
  });
  expect(rows).toMatchObject(['sluice', 'launchdarkly', 'flagd', 'sluice, get()'].map((subject) => ({ subject })));
  expect(Object.keys(measures)).toEqual(Object.keys(targets.config));
  for (const measure of Object.values(measures)) expect(measure).not.toBeNaN();
}, 60_000);
