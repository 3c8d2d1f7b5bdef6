import { expect, test } from 'vitest';
import targets from '../targets.json' with { type: 'json' };
import { telemetry } from './telemetry.ts';

test('the benchmark of telemetry measures all that there is a target for', async () => {
  const { measures } = await telemetry.run({
    quick: true,
    clients: undefined,
    minutes: undefined,
    onProgress: () => undefined,
  });
  expect(Object.keys(measures)).toEqual(expect.arrayContaining(Object.keys(targets.telemetry)));
  const times = Object.entries(measures).filter(([name]) => name.endsWith(': ns'));
  expect(times.length).toBe(4);
  for (const [name, ns] of times) expect([name, ns > 0]).toEqual([name, true]);
});
