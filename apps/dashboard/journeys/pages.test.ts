import { AxeBuilder } from '@axe-core/playwright';
import type { Client } from '@sluice/sdk-node';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasBrowser } from './browser.ts';
import { pages, seed } from './seed.ts';
import { settled } from './settled.ts';
import { desktop, phone, startWorld, type World } from './world.ts';

/** What does not fit in the width of the window, or is cut off without a way to see it. */
function listOverflows(): readonly string[] {
  const name = (element: Element) =>
    `${element.tagName.toLowerCase()} “${(element.textContent ?? '').trim().slice(0, 40)}”`;
  const wide =
    document.documentElement.scrollWidth > innerWidth
      ? [`the page is ${document.documentElement.scrollWidth} px wide`]
      : [];
  const main = document.getElementById('main');
  const inMain =
    main !== null && main.scrollWidth > main.clientWidth
      ? [`the content is ${main.scrollWidth} of ${main.clientWidth} px wide`]
      : [];
  const cut = [...document.querySelectorAll('button, h1, h2, [role=switch]')].filter(
    (element) => element.clientWidth > 0 && element.scrollWidth > element.clientWidth + 1,
  );
  const low = [...document.querySelectorAll('textarea')]
    .filter(({ clientHeight, scrollHeight }) => scrollHeight > clientHeight + 1 && clientHeight < 60)
    .map(() => 'a text of many lines has the height of one');
  // What floats a little over the edge of a row, as the place for the blue line does, hides nothing.
  const over = [...document.querySelectorAll('main li')].filter(
    (row) => row.clientHeight > 0 && row.scrollHeight > row.clientHeight + 8,
  );
  return [
    ...wide,
    ...inMain,
    ...low,
    ...over.map((row) => `over the next row: ${name(row)}`),
    ...cut.map((element) => `cut: ${name(element)}`),
  ];
}

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

  test.each([
    ['wide and light', { ...desktop, colorScheme: 'light' }],
    ['on a phone and dark', { ...phone, colorScheme: 'dark' }],
  ] as const)(
    'fits, asks for little, breaks no rule of accessibility and nothing of the policy: %s',
    async (_, options) => {
      const page = await world.open('now', options);
      const told: string[] = [];
      page.on('console', (message) => message.type() === 'error' && told.push(message.text()));
      page.on('pageerror', (error) => told.push(error.message));
      const asked = new Set<string>();
      page.on('request', (request) => {
        const { pathname, search } = new URL(request.url());
        if (pathname.startsWith('/api/') && !pathname.endsWith('/events')) asked.add(`${pathname}${search}`);
      });
      const found: string[] = [];
      for (const path of pages) {
        asked.clear();
        await visit(page, path);
        found.push(...(await page.evaluate(listOverflows)).map((overflow) => `${path}: ${overflow}`));
        const { violations } = await new AxeBuilder({ page })
          .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'])
          .analyze();
        if (asked.size > mostRequests) found.push(`${path}: asks ${[...asked].join(' ')}`);
        for (const { id, nodes } of violations) found.push(`${path}: ${id}: ${nodes[0]?.html.slice(0, 160)}`);
      }
      expect([...found, ...told]).toEqual([]);
      await page.context().close();
    },
    240_000,
  );
});
