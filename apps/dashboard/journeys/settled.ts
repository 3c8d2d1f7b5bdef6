import type { Page } from 'playwright-core';

/** The page has what it shows: its heading, and nothing that is still loading. The event stream never ends. */
export async function settled(page: Page): Promise<void> {
  await page.getByRole('heading', { level: 1 }).waitFor();
  await page.waitForFunction(() => document.querySelector('[aria-label=Loading]') === null);
  await page.evaluate(() => document.fonts.ready.then(() => undefined));
}
