import type { Client } from '@sluice/sdk-node';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasBrowser } from './browser.ts';
import { findPageFaults } from './find-faults.ts';
import { pages, seed } from './seed.ts';
import { settled } from './settled.ts';
import { administrator, comeIn, looks, startWorld, type World } from './world.ts';

describe.runIf(hasBrowser())('every page', () => {
  let world: World;
  let clients: readonly Client[];

  beforeAll(async () => {
    world = await startWorld();
    clients = await seed(world.server);
  }, 300_000);
  afterAll(async () => {
    await Promise.all(clients.map((client) => client.close()));
    await world.close();
  });

  /** Of the API, by a page that is opened by its address; the one stream of events is none. */
  const mostRequests = 5;

  async function visit(page: Page, path: string): Promise<void> {
    await page.goto(`${world.server.url}/default/production/${path}`);
    await settled(page);
  }

  function listen(page: Page): Set<string> {
    const asked = new Set<string>();
    page.on('request', (request) => {
      const { pathname, search } = new URL(request.url());
      if (pathname.startsWith('/api/') && !pathname.endsWith('/events')) asked.add(`${pathname}${search}`);
    });
    return asked;
  }

  // Two have each width and each theme once.
  test.each(process.env.SLUICE_JOURNEYS === 'all' ? looks : looks.slice(0, 2))(
    'fits, asks for little, breaks no rule of accessibility and nothing of the policy: %s',
    async (_, options) => {
      const page = await world.open('now', options);
      const told: string[] = [];
      page.on('console', (message) => message.type() === 'error' && told.push(message.text()));
      page.on('pageerror', (error) => told.push(error.message));
      const asked = listen(page);
      const found: string[] = [];
      for (const path of pages) {
        asked.clear();
        await visit(page, path);
        found.push(...(await findPageFaults(page)).map((fault) => `${path}: ${fault}`));
        if (asked.size > mostRequests) found.push(`${path}: asks ${[...asked].join(' ')}`);
      }
      expect([...found, ...told]).toEqual([]);
      await page.context().close();
    },
    240_000,
  );

  test('asks for no more where somebody may only look, and has to be told whom to ask', async () => {
    const { link } = (await world.server.api('POST', '/invitations', { grants: [{ role: 'viewer' }] })).body;
    const page = await world.open('/', { isStranger: true });
    await comeIn(page, link, { ...administrator, name: 'Vic', email: 'vic@example.com' });
    const asked = listen(page);
    const found: string[] = [];
    for (const path of pages) {
      asked.clear();
      await visit(page, path);
      if (asked.size > mostRequests) found.push(`${path}: asks ${[...asked].join(' ')}`);
    }
    expect(found).toEqual([]);
    await page.context().close();
  }, 240_000);
});
