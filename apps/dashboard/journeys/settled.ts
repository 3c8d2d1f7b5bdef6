import type { Page } from 'playwright-core';

/** The page has what it shows: its heading, and nothing that is still loading. The event stream never ends. */
export async function settled(page: Page, headingLevel = 1): Promise<void> {
  await page.locator('#main').getByRole('heading', { level: headingLevel }).first().waitFor();
  await page.waitForFunction(() => document.querySelector('[data-loading]') === null);
  await page.evaluate(() => document.fonts.ready.then(() => undefined));
}
