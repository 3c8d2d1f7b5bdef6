import { expect, onTestFinished, test } from 'vitest';
import { movedColumn, movedColumnProof } from './moved-column.ts';
import { createWorld } from './world.ts';

test('prices move to another column of their rows, in one transaction each, back and on again, and none is lost', async () => {
  const world = await createWorld();
  onTestFinished(() => world.close());
  const { proof, figures } = await movedColumn(world, { clerks: 3, compared: 50, say: () => undefined });
  expect(proof).toEqual(movedColumnProof);
  expect(figures.undone).toBeGreaterThan(0);
  expect(figures.checked).toBeGreaterThan(100);
}, 180_000);
