import { expect, test } from 'vitest';
import targets from '../../targets.json' with { type: 'json' };
import { frameworkNames } from './frameworks.ts';
import { middleware } from './middleware.ts';

test('every framework is measured with our adapter, telemetry on, and without, and has a target', async () => {
  const { rows, measures } = await middleware.run({
    quick: true,
    clients: undefined,
    minutes: undefined,
    onProgress: () => undefined,
  });
  expect(rows).toEqual(
    frameworkNames.map((framework) => ({
      framework,
      bareUs: expect.toSatisfy((us: number) => us > 0),
      withAdapterUs: expect.toSatisfy((us: number) => us > 0),
      addedUs: expect.any(Number),
      // Ten rounds of warming up, and three that are measured.
      counted: 13 * 50,
    })),
  );
  expect(Object.keys(measures)).toEqual(Object.keys(targets.middleware));
}, 60_000);
