/** `npm run screenshots`: every page, in both themes and both widths, into `screenshots/`; three go to the README. */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { nodePlatform } from '@sluice/control-plane';
import { until } from '@sluice/testkit';
import { pages, seed } from './seed.ts';
import { settled } from './settled.ts';
import { desktop, phone, startWorld, type World } from './world.ts';

const folder = join(import.meta.dirname, '../screenshots');
const pictures = join(import.meta.dirname, '../../../docs/pictures');
rmSync(folder, { recursive: true, force: true });
for (const each of [folder, pictures]) mkdirSync(each, { recursive: true });

// The server's clock is behind while it is seeded, so that things are as old as they would be.
let behindMs = 60 * 60_000;
const world = await startWorld({ platform: { now: () => nodePlatform.now() - behindMs } });
const clients = await seed(world.server, (ms) => {
  behindMs -= ms;
});
try {
  const production = '/projects/default/environments/production';
  // What instances counted comes within seconds.
  await until(async () => (await world.server.api('GET', `${production}/contexts`)).body.sampled > 0);
  const wasCalled = ({ perSecond }: { perSecond: number }) => perSecond > 0;
  await until(async () => wasCalled((await world.server.api('GET', `${production}/valves/search`)).body.lately));
  await takePictures(world);
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
  console.log(`${pages.length * 4} pictures are in ${folder}, and those of the README in ${pictures}`);
} finally {
  for (const client of clients) await client.close();
  await world.close();
}

/** Small enough for a README: what is off normal, a change before it is made, and the board of valves. */
async function takePictures({ open }: World): Promise<void> {
  const size = { viewport: { width: 1200, height: 600 } };
  const light = await open('now', { ...size, colorScheme: 'light' });
  await settled(light);
  await light.screenshot({ path: join(pictures, 'now.png') });
  await light.goto(`${world.server.url}/default/production/flags/new-checkout`);
  await light.getByRole('button', { name: '25% get on' }).click();
  await light.getByRole('button', { name: '50% get on' }).first().click();
  await light.getByRole('region', { name: 'Review' }).getByText('get another answer').waitFor();
  await light.screenshot({ path: join(pictures, 'review.png') });
  const dark = await open('valves', { viewport: { width: 1440, height: 540 }, colorScheme: 'dark' });
  await settled(dark);
  await dark.screenshot({ path: join(pictures, 'valves.png') });
}
