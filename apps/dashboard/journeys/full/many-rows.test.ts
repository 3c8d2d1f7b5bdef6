import { type TestServer, until } from '@sluice/testkit';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasBrowser } from '../browser.ts';
import { findPageFaults } from '../find-faults.ts';
import { settled } from '../settled.ts';
import { desktop, looks, phone, startWorld, type World } from '../world.ts';

const count = 5000;
const tripped = 20;

/** What is at the end of each list. */
const lastRow = `li[aria-posinset="${count}"]`;
const lists = [
  { path: 'valves', end: `li[aria-posinset="${count - tripped}"]` },
  { path: 'migrations', end: lastRow },
  { path: 'configs', end: lastRow },
  { path: 'flags?q=kind:release', end: lastRow },
  { path: 'segments', end: lastRow },
  { path: 'contexts', end: lastRow },
  { path: 'fleet', end: lastRow },
  { path: 'changes', end: 'text=This is the first change.' },
] as const;

/** A part of them is about as long as names get, without a place to break them. */
function keyOf(kind: string, at: number): string {
  const key = `${kind}-${String(at).padStart(4, '0')}`;
  return at % 3 === 0 ? `${key}-split-shipment-over-two-warehouses-when-one-of-them-is-closed-at-night-v2` : key;
}

const numbers = Array.from({ length: count }, (_, at) => at);

async function seedMany(server: TestServer): Promise<void> {
  const { db, contexts, fleet } = server.running.context;
  // While there is little else: each is a change of its own.
  await server.api('POST', '/projects/default/flags', { key: keyOf('release', 0) });
  for (const at of numbers) {
    const comment = at % 3 === 0 ? `${keyOf('INC', at)} ` : '';
    const instructions = [{ kind: at % 2 === 0 ? 'turn-on' : 'turn-off' }];
    await server.change({ flag: keyOf('release', 0), comment, instructions });
  }
  await changeAll(server, numbers.slice(1), (at) => create('release', at));
  const variations = ['normal', 'cached', 'off-404'].map((id) => ({ id, value: id }));
  await changeAll(server, numbers, (at) => create('valve', at, { variations }));
  await changeAll(server, numbers, (at) => create('config', at, { value: at }));
  await changeAll(server, numbers, (at) => create('migration', at));
  await changeAll(server, numbers, (at) => ({ kind: 'create-segment', segment: keyOf('segment', at) }));
  await changeAll(server, numbers.slice(0, tripped), (at) => ({
    kind: 'trip',
    flag: keyOf('valve', at),
    mode: 'cached',
    reason: 'The nodes of the search are in long collections',
  }));
  await changeAll(server, numbers.slice(0, 100), (at) => ({
    kind: 'set-stage',
    flag: keyOf('migration', at),
    stage: 'dualwrite',
  }));
  const { id } = await db
    .selectFrom('environments')
    .select('id')
    .where('key', '=', 'production')
    .executeTakeFirstOrThrow();
  contexts.recordContexts(
    id,
    numbers.map((at) => ({ kind: 'user', key: keyOf('user', at), plan: 'business' })),
  );
  await contexts.flush();
  // They say nothing of what they run, so each needs a look.
  for (const at of numbers) {
    fleet.join(id, {
      key: keyOf('instance', at),
      session: `session ${at}`,
      connection: 1,
      via: 'socket',
      isForeign: false,
      sdk: 'sluice-node/0.1.0',
      about: { service: keyOf('service', at % 5), zone: `zone-${at % 7}` },
      running: {},
    });
  }
}

function create(kind: string, at: number, more: object = {}): object {
  const about = {
    description: 'What it is about. '.repeat(at % 10),
    owner: 'Logistics and returns',
    tags: ['checkout'],
  };
  return { kind: 'create-flag', flag: keyOf(kind, at), definition: { kind, ...about, ...more } };
}

/** An instruction for each, as many in one change as may be. */
async function changeAll(server: TestServer, all: readonly number[], instruct: (at: number) => object): Promise<void> {
  for (let from = 0; from < all.length; from += 1000) {
    await server.change({ instructions: all.slice(from, from + 1000).map(instruct) });
  }
}

describe.runIf(hasBrowser())(`lists with ${count} rows`, () => {
  let world: World;

  beforeAll(async () => {
    world = await startWorld();
    await seedMany(world.server);
    const sampled = '/projects/default/environments/production/contexts';
    await until(async () => (await world.server.api('GET', sampled)).body.sampled === count);
    // Signs in once for all.
    await (await world.open('now')).context().close();
  }, 600_000);
  afterAll(() => world.close());

  async function visit(page: Page, path: string): Promise<void> {
    await page.goto(`${world.server.url}/default/production/${path}`);
    await settled(page);
    await page.locator('main [data-row]').first().waitFor();
  }

  test.each(looks)('fit, and break no rule of accessibility: %s', async (_, options) => {
    const page = await world.open('now', options);
    const found: string[] = [];
    for (const { path } of lists) {
      await visit(page, path);
      found.push(...(await findPageFaults(page)).map((fault) => `${path}: ${fault}`));
    }
    expect(found).toEqual([]);
    await page.context().close();
  });

  test.each([
    ['wide', { ...desktop, colorScheme: 'dark' }],
    ['on a phone', { ...phone, colorScheme: 'light' }],
  ] as const)(
    'go on to their end, and only what is in view is drawn: %s',
    async (_, options) => {
      const page = await world.open('now', options);
      const found: string[] = [];
      for (const { path, end } of lists) {
        await visit(page, path);
        await scrollTo(page, end);
        const drawn = await page.locator('main li[aria-posinset]').count();
        if (drawn > 100) found.push(`${path}: draws ${drawn} rows`);
        found.push(...(await findPageFaults(page)).map((fault) => `${path}: ${fault}`));
      }
      expect(found).toEqual([]);
      await page.context().close();
    },
    400_000,
  );
});

/** As a wheel does it, and as far as the list goes. */
async function scrollTo(page: Page, end: string): Promise<void> {
  await until(async () => {
    if ((await page.locator(end).count()) > 0) return true;
    // On the page of the fleet more follows the list, so it goes on only where somebody asks.
    const more = page.getByRole('button', { name: 'Show more' });
    if (page.url().includes('/fleet') && (await more.count()) > 0) await more.click();
    await page.evaluate(() => {
      for (const element of document.querySelectorAll('#main, #main div')) element.scrollTop = element.scrollHeight;
      return new Promise((resolve) => requestAnimationFrame(resolve));
    });
    return false;
  });
}
