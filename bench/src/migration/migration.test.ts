import { expect, test } from 'vitest';
import targets from '../../targets.json' with { type: 'json' };
import { migration } from './migration.ts';

test('all that has a target is measured beside bare calls and the other helper, which waits for a side that hangs', async () => {
  const { rows, measures } = await migration.run({
    quick: true,
    clients: undefined,
    minutes: undefined,
    onProgress: () => undefined,
  });
  const compared = rows.filter((row) => 'subject' in row).map((row) => (row as { subject: string }).subject);
  expect(new Set(compared)).toEqual(new Set(['bare', 'sluice', 'launchdarkly', 'sluice, journal on disk']));
  const hung = rows.filter((row) => 'p99Ms' in row);
  expect(hung).toMatchObject([{ stage: 'shadow' }, { stage: 'live' }]);
  for (const row of hung) expect(row).not.toHaveProperty('launchDarklyMs');
  expect(Object.keys(measures).toSorted()).toEqual(Object.keys(targets.migration).toSorted());
  for (const measure of Object.values(measures)) expect(measure).not.toBeNaN();
}, 60_000);
