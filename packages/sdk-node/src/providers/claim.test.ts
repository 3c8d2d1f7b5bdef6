import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFakePlatform } from '@sluice/testkit';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { nodePlatform } from '../platform.ts';
import { Claim, removeOldClaims } from './claim.ts';

let folder: string;
let path: string;
const { clock } = createFakePlatform();
const { createUuid } = nodePlatform;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-claims-'));
  path = join(folder, 'm1');
});
afterEach(() => rmSync(folder, { recursive: true }));

const create = (): Claim => new Claim(path, { clock, createUuid });

/** Of so many who want it at the same moment. */
async function takeOne(count = 20): Promise<Claim> {
  const claims = Array.from({ length: count }, create);
  const taken = await Promise.all(claims.map((claim) => claim.take()));
  const [claim, ...others] = claims.filter((_, at) => taken[at]);
  expect(others).toEqual([]);
  return claim ?? expect.fail('nobody has it');
}

/** As if it had been taken so long ago, by the clock of the files. */
function leave(name: string, seconds: number, now = Date.now()): void {
  const then = now / 1000 - seconds;
  for (const owner of readdirSync(join(folder, name))) utimesSync(join(folder, name, owner), then, then);
  utimesSync(join(folder, name), then, then);
}

test('one of many has it, and the next when that one is through', async () => {
  const claim = await takeOne();
  expect(await create().take()).toBe(false);
  await claim.release();
  expect(await create().take()).toBe(true);
  // The first has nothing left to release.
  await claim.release();
  expect(await create().take()).toBe(false);
});

test('what a killed process left is taken over by one, which removes it', async () => {
  await create().take();
  leave('m1.claim', 5);
  expect(await create().take()).toBe(false);
  leave('m1.claim', 11);
  await (await takeOne()).release();
  expect(readdirSync(folder)).toEqual([]);
});

test('what a killed process left in the future, as a clock goes that was set back, is had after ten seconds', async () => {
  await create().take();
  leave('m1.claim', -3600);
  const claim = create();
  expect(await claim.take()).toBe(false);
  await clock.advance(9999);
  expect(await claim.take()).toBe(false);
  await clock.advance(1);
  expect(await claim.take()).toBe(true);
});

test('is waited for until the deadline, or until whoever waits gives up', async () => {
  await create().take();
  const untilElapsed = clock.elapsed() + 50;
  const late = create().wait({ untilElapsed, signal: undefined });
  for (const ms of [20, 20, 10]) {
    await clock.untilWaiting();
    await clock.advance(ms);
  }
  expect(await late).toBe(false);
  const controller = new AbortController();
  const givenUp = create().wait({ untilElapsed: Number.POSITIVE_INFINITY, signal: controller.signal });
  await clock.untilWaiting();
  controller.abort();
  await clock.advance(20);
  expect(await givenUp).toBe(false);
  // Whoever gave up left nothing that is in anybody's way.
  expect(readdirSync(folder)).toEqual(['m1.claim']);
});

test("whoever has it for too long is told, and leaves what is another's by then", async () => {
  const claim = await takeOne();
  await clock.advance(4999);
  expect(claim.isLost).toBe(false);
  await clock.advance(1);
  expect(claim.isLost).toBe(true);
  leave('m1.claim', 11);
  const second = await takeOne();
  await second.release();
  // A third, which finds nothing that says that there were others.
  const third = await takeOne();
  await Promise.all([claim.release(), second.release()]);
  expect(await create().take()).toBe(false);
  await third.release();
  expect(readdirSync(folder)).toEqual([]);
});

test('is of one at a time, whoever comes while others release it or are taken for gone', async () => {
  let holders = 0;
  let had = 0;
  const work = async (): Promise<void> => {
    for (let time = 0; time < 20; time++) {
      const claim = create();
      if (!(await claim.take())) continue;
      expect(++holders).toBe(1);
      had++;
      await new Promise((resolve) => setImmediate(resolve));
      holders--;
      // Some are killed.
      if (time % 3 === 0) leave('m1.claim', 11);
      else await claim.release();
    }
  };
  await Promise.all(Array.from({ length: 8 }, work));
  expect(had).toBeGreaterThan(8);
});

test('what nobody asks for any more is removed after a day', async () => {
  await create().take();
  await new Claim(join(folder, 'm2'), { clock, createUuid }).take();
  mkdirSync(join(folder, 'm3.created'));
  leave('m1.claim', 25 * 3600, clock.now());
  leave('m3.created', 25 * 3600, clock.now());
  await removeOldClaims(folder, clock);
  expect(readdirSync(folder)).toEqual(['m2.claim']);
});
