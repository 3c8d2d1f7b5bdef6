import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dashboardFolder } from '../build.ts';
import { hasBrowser } from './browser.ts';
import { startWorld, type World } from './world.ts';

describe.runIf(hasBrowser())('all pages', () => {
  let world: World;

  beforeAll(async () => {
    world = await startWorld();
    await world.server.api('POST', '/projects/default/flags', { key: 'banner' });
    const variations = [{ value: 'normal' }, { value: 'cached' }];
    await world.server.api('POST', '/projects/default/flags', { key: 'search', kind: 'valve', variations });
  }, 300_000);
  afterAll(() => world.close());

  test('break the policy of their content nowhere', async () => {
    const page = await world.open('/', { isStranger: true });
    const told: string[] = [];
    const tell = "addEventListener('securitypolicyviolation', (e) => console.error('policy ' + e.violatedDirective))";
    await page.addInitScript({ content: tell });
    page.on('console', (message) => {
      if (/policy|Content Security/i.test(message.text())) told.push(`${page.url()}: ${message.text()}`);
    });
    await page.reload();
    await page.getByRole('heading', { level: 1 }).waitFor();
    const signedIn = await world.open('now');
    await page.context().addCookies(await signedIn.context().cookies());
    const paths = ['now', 'valves', 'migrations', 'configs', 'flags', 'segments', 'fleet', 'changes', 'environments'];
    for (const path of [...paths, 'people', 'people?tab=tokens', 'you', 'flags/banner', 'valves/search']) {
      await page.goto(`${world.server.url}/default/production/${path}`);
      await page.getByRole('heading', { level: 1 }).waitFor();
      await page.keyboard.press('Control+k');
      await page.getByRole('combobox', { name: 'Find or do anything' }).waitFor();
      await page.keyboard.press('Escape');
    }
    for (const name of ['Change environment', 'You']) {
      await page.getByRole('button', { name }).click();
      await page.getByRole('menu').waitFor();
      await page.keyboard.press('Escape');
    }
    await page.goto(`${world.server.url}/default/production/environments`);
    for (const name of ['New key', 'New edge', 'New environment']) {
      await page.getByRole('button', { name }).click();
      await page.getByRole('dialog').waitFor();
      await page.getByRole('dialog').locator('button[aria-disabled=true]').focus();
      await page.getByRole('tooltip').waitFor();
      await page.keyboard.press('Escape');
      await page.keyboard.press('Escape');
      await page.getByRole('dialog').waitFor({ state: 'hidden' });
    }
    expect(told).toEqual([]);
  });

  test('begin with less than 250 KB of scripts', () => {
    const names = readFileSync(join(dashboardFolder, 'index.html'), 'utf8').match(/assets\/[^"]+\.js/g) ?? [];
    expect(names.length).toBeGreaterThan(0);
    const bytes = names.reduce((sum, name) => sum + statSync(join(dashboardFolder, `${name}.gz`)).size, 0);
    expect(bytes).toBeLessThan(250 * 1024);
  });
});
