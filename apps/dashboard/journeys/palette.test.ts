import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasBrowser } from './browser.ts';
import { startWorld, type World } from './world.ts';

describe.runIf(hasBrowser())('the palette', () => {
  let world: World;

  beforeAll(async () => {
    world = await startWorld();
    const { server } = world;
    for (const key of ['recent-orders', 'banner']) await server.api('POST', '/projects/default/flags', { key });
    await server.change({ flag: 'recent-orders', instructions: [{ kind: 'turn-on' }] });
    const variations = [{ value: 'normal' }, { value: 'cached' }];
    await server.api('POST', '/projects/default/flags', { key: 'search', kind: 'valve', variations });
  }, 300_000);
  afterAll(() => world.close());

  async function openPalette(page: Page, text: string): Promise<void> {
    await page.getByRole('navigation', { name: 'Pages' }).waitFor();
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox').fill(text);
  }

  test('turns a flag off by other words, by keyboard, and not before it was read', async () => {
    const page = await world.open('now');
    await openPalette(page, 'kill recent');
    await page.getByRole('option', { name: 'Turn off recent-orders' }).waitFor();
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog');
    await dialog.getByText('Everyone gets').waitFor();
    expect((await world.server.findServed('recent-orders')).on).toBe(true);
    await dialog.getByRole('button', { name: 'Turn off in production' }).click();
    await dialog.waitFor({ state: 'hidden' });
    expect((await world.server.findServed('recent-orders')).on).toBe(false);

    await openPalette(page, 'rollback');
    await page.getByRole('option', { name: 'Revert the last change' }).waitFor();
    await page.keyboard.press('Enter');
    await dialog.getByText('turned on').waitFor();
    await dialog.getByRole('button', { name: 'Revert in production' }).click();
    await dialog.waitFor({ state: 'hidden' });
    expect((await world.server.findServed('recent-orders')).on).toBe(true);
  });

  test('finds valves by "kill switch", trips one, and offers the way back before anything is typed', async () => {
    const page = await world.open('flags');
    await openPalette(page, 'kill switch');
    await page.getByRole('option', { name: 'Trip search' }).waitFor();
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Why').first().fill('the data nodes are slow');
    await dialog.getByRole('button', { name: 'Trip in production' }).click();
    await dialog.waitFor({ state: 'hidden' });
    await page.getByRole('link', { name: '1 valve tripped' }).waitFor();
    await page.keyboard.press('Control+k');
    await page.getByRole('option', { name: 'Restore search' }).waitFor();
    expect(await page.getByRole('option', { name: 'Restore search' }).getAttribute('data-selected')).toBe('true');
  });

  test('goes to pages, flags and environments, and remembers the last places', async () => {
    const page = await world.open('now');
    await openPalette(page, 'bann');
    await page.getByRole('option', { name: 'release banner' }).click();
    await page.getByRole('heading', { name: 'banner' }).waitFor();
    await openPalette(page, 'members');
    await page.getByRole('option', { name: 'People' }).click();
    await page.getByRole('heading', { name: 'People and tokens' }).waitFor();
    await openPalette(page, 'switch to stag');
    await page.getByRole('option', { name: 'Switch to staging' }).waitFor();
    await page.keyboard.press('Enter');
    await page.waitForURL('**/default/staging/now');
    await page
      .getByRole('button', { name: /staging/ })
      .first()
      .waitFor();
    await page.keyboard.press('Control+k');
    const options = page.getByRole('group', { name: 'Last places' }).getByRole('option');
    expect(await options.first().textContent()).toContain('People');
    expect(await options.allTextContents()).toEqual(expect.arrayContaining([expect.stringContaining('banner')]));
    await page.keyboard.press('Escape');
    await page.getByRole('combobox').waitFor({ state: 'hidden' });
  });
});
