import { mkdtempSync, readdirSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFakePlatform } from '@sluice/testkit';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Claim, removeOldClaims } from './claim.ts';

let folder: string;
let path: string;
const { clock } = createFakePlatform();
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-claims-'));
  path = join(folder, 'm1');
});
afterEach(() => rmSync(folder, { recursive: true }));

/** As if a process had been killed so long ago. */
function leave(name: string, seconds: number): void {
  const then = clock.now() / 1000 - seconds;
  utimesSync(join(folder, name), then, then);
}

test('one of many has it, and the next when that one is through', async () => {
  const claims = await Promise.all(Array.from({ length: 20 }, () => Claim.take(path, clock)));
  const [claim, ...others] = claims.filter((each) => each !== undefined);
  expect(others).toEqual([]);
  expect(await Claim.take(path, clock)).toBeUndefined();
  await claim?.release();
  const next = await Claim.take(path, clock);
  expect(next).toBeDefined();
  // The first has nothing left to release.
  await claim?.release();
  expect(await Claim.take(path, clock)).toBeUndefined();
});

test('what a killed process left is taken over by one, which removes it', async () => {
  await Claim.take(path, clock);
  leave('m1.claim', 9);
  expect(await Claim.take(path, clock)).toBeUndefined();
  leave('m1.claim', 11);
  const claims = await Promise.all(Array.from({ length: 20 }, () => Claim.take(path, clock)));
  const [claim, ...others] = claims.filter((each) => each !== undefined);
  expect(others).toEqual([]);
  await claim?.release();
  expect(readdirSync(folder)).toEqual([]);
});

test("whoever has it for too long is told, and leaves what may be another's", async () => {
  const claim = await Claim.take(path, clock);
  await clock.advance(4999);
  expect(claim?.isLost).toBe(false);
  await clock.advance(1);
  expect(claim?.isLost).toBe(true);
  await claim?.release();
  expect(readdirSync(folder)).toEqual(['m1.claim']);
});

test('what nobody asks for any more is removed after a day', async () => {
  await Claim.take(path, clock);
  await Claim.take(join(folder, 'm2'), clock);
  leave('m1.claim', 25 * 3600);
  await removeOldClaims(folder, clock);
  expect(readdirSync(folder)).toEqual(['m2.claim']);
});
