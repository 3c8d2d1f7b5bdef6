import { expect, onTestFinished, test } from 'vitest';
import { serverKilled, serverKilledProof } from './server-killed.ts';
import { createWorld } from './world.ts';

test('the mode stays while the server is killed before, during and after a trip, also for a shop that starts without it', async () => {
  const world = await createWorld();
  onTestFinished(() => world.close());
  expect(await serverKilled(world, () => undefined)).toEqual(serverKilledProof);
}, 180_000);
