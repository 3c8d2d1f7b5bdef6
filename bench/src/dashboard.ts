import type { Page } from 'playwright-core';
import { startWorld, type World } from '../../apps/dashboard/journeys/world.ts';
import type { Benchmark } from './benchmark.ts';
import { median, quantile } from './quantile.ts';
import { formatNumber } from './table.ts';

const pages = [
  'now',
  'flags',
  'valves',
  'configs',
  'migrations',
  'segments',
  'contexts',
  'fleet',
  'changes',
  'environments',
  'people',
];

/** Run in the page, so they are texts here. */
const javascriptBytes = `performance.getEntriesByType('resource')
  .filter(({ name }) => name.endsWith('.js')).reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0)`;
const scroll = `async (count) => {
  const main = document.getElementById('main');
  const took = [];
  let last = performance.now();
  for (let frame = 0; frame < count; frame++) {
    main.scrollTop += 360;
    await new Promise((resolve) => requestAnimationFrame(resolve));
    const at = performance.now();
    took.push(at - last);
    last = at;
  }
  return took;
}`;

/**
 * The dashboard in Chromium with thousands of flags: how soon the first page can be used by a browser that never was
 * here, how soon a filter answers, how evenly the long list scrolls, what the first page loads and how often pages ask.
 */
export const dashboard: Benchmark = {
  run: async ({ quick, onProgress }) => {
    const flags = quick ? 50 : 5000;
    const rounds = quick ? 1 : 9;
    const world = await startWorld();
    try {
      await createFlags(world, flags);
      onProgress(`${flags} flags are there`);
      const first = await repeat(rounds, () => measureFirstPage(world));
      onProgress(`first page: ${first.map(({ ms }) => formatNumber(ms)).join(', ')} ms`);
      const list = await world.open('flags');
      await list.getByText(`of ${flags.toLocaleString('en-US')}`).waitFor();
      const filters = await repeat(rounds, (round) =>
        measureFilter(list, `flag-${String(round + 10).padStart(4, '0')}`),
      );
      onProgress(`filter: ${filters.map(formatNumber).join(', ')} ms`);
      await list.goto(`${world.server.url}/default/production/flags`);
      await list.getByText(`of ${flags.toLocaleString('en-US')}`).waitFor();
      const frames = await measureScroll(list, quick ? 20 : 200);
      const asked = quick ? pages.slice(0, 2) : pages;
      const requests = await repeat(asked.length, (index) => countRequests(world, asked[index] ?? ''));
      const sorted = frames.toSorted((a, b) => a - b);
      const measures = {
        firstPageMs: median(first.map(({ ms }) => ms)),
        firstPageJavascriptKb: Math.max(...first.map(({ bytes }) => bytes)) / 1024,
        filterMs: median(filters),
        scrollFrameP95Ms: quantile(sorted, 0.95),
        mostRequests: Math.max(...requests),
      };
      return {
        rows: [
          { ...measures, flags, requests: Object.fromEntries(asked.map((page, index) => [page, requests[index]])) },
        ],
        measures,
        tables: [
          {
            title: `The dashboard with ${flags} flags, medians of ${rounds}`,
            header: ['first page ms', 'JavaScript KB', 'filter ms', 'scroll p95 ms', 'requests at most'],
            rows: [Object.values(measures).map(formatNumber)],
          },
        ],
      };
    } finally {
      await world.close();
    }
  },
};

async function repeat<T>(times: number, measure: (round: number) => Promise<T>): Promise<readonly T[]> {
  const results: T[] = [];
  for (let round = 0; round < times; round++) results.push(await measure(round));
  return results;
}

async function createFlags({ server }: World, count: number): Promise<void> {
  for (let index = 0; index < count; index++) {
    const key = `flag-${String(index).padStart(4, '0')}`;
    const body = { key, description: `What ${key} does`, tags: [`team-${index % 20}`], owner: `Owner ${index % 50}` };
    const { status } = await server.api('POST', '/projects/default/flags', body);
    if (status !== 201) throw new Error(`the flag ${key} was not created: ${status}`);
  }
}

/** From the address to a page that shows what is so, in a browser with an empty cache; and the JavaScript of it, as sent. */
async function measureFirstPage(world: World): Promise<{ readonly ms: number; readonly bytes: number }> {
  const page = await world.open('/icon.svg');
  const startedAt = performance.now();
  await page.goto(`${world.server.url}/default/production/now`);
  await page.getByRole('heading', { name: /in production/ }).waitFor();
  const ms = performance.now() - startedAt;
  const bytes = await page.evaluate<number>(javascriptBytes);
  await page.context().close();
  return { ms, bytes };
}

/** From the last key to the list that it leaves. */
async function measureFilter(page: Page, text: string): Promise<number> {
  const field = page.getByRole('searchbox');
  await field.fill('');
  await field.pressSequentially(text);
  const startedAt = performance.now();
  // What was found before stays until there is an answer.
  await page.locator(`[data-row=${text}]`).waitFor();
  await page.getByText('1 to 1 of 1').waitFor();
  return performance.now() - startedAt;
}

/** How long each frame took while the list was scrolled from end to end of what is loaded. */
async function measureScroll(page: Page, frames: number): Promise<readonly number[]> {
  return page.evaluate<readonly number[]>(`(${scroll})(${frames})`);
}

/** How often a page asks the API until it shows all, the event stream apart. */
async function countRequests(world: World, path: string): Promise<number> {
  const page = await world.open('/icon.svg');
  let count = 0;
  page.on('request', (request) => {
    if (request.url().includes('/api/v1/') && !request.url().endsWith('/events')) count++;
  });
  await page.goto(`${world.server.url}/default/production/${path}`);
  await page.getByRole('heading', { level: 1 }).waitFor();
  await page.waitForFunction("document.querySelector('[aria-label=Loading]') === null");
  await page.context().close();
  return count;
}
