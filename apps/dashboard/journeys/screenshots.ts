/** `npm run screenshots`: every page, in both themes and both widths, into `screenshots/`. */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pages, seed } from './seed.ts';
import { settled } from './settled.ts';
import { desktop, phone, startWorld } from './world.ts';

const folder = join(import.meta.dirname, '../screenshots');
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const world = await startWorld();
const clients = await seed(world.server);
try {
  for (const colorScheme of ['light', 'dark'] as const) {
    for (const [size, options] of Object.entries({ desktop, phone })) {
      const page = await world.open('now', { ...options, colorScheme });
      for (const path of pages) {
        await page.goto(`${world.server.url}/default/production/${path}`);
        await settled(page);
        const name = `${path.replaceAll(/[^a-z0-9-]+/gi, '-').slice(0, 60)}-${size}-${colorScheme}.png`;
        await page.screenshot({ path: join(folder, name) });
      }
      await page.context().close();
    }
  }
  console.log(`${pages.length * 4} pictures are in ${folder}`);
} finally {
  for (const client of clients) await client.close();
  await world.close();
}
