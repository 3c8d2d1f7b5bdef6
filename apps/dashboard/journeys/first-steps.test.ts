import { createClient } from '@sluice/sdk-node';
import { until } from '@sluice/testkit';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { hasBrowser } from './browser.ts';
import { comeIn, logIn, startWorld, type World } from './world.ts';

describe.runIf(hasBrowser())('the first steps in the dashboard', () => {
  let world: World;

  beforeAll(async () => {
    world = await startWorld();
  }, 300_000);
  afterAll(() => world.close());

  test('the setup link makes the first administrator, once', async () => {
    const page = await world.open('/', { isStranger: true });
    await page.getByRole('heading', { name: 'Nobody has been here yet' }).waitFor();
    await page.goto(world.setupLink);
    await page.getByLabel('Your name').fill('Mara Kessler');
    await page.getByLabel('E-mail').fill('mara@example.com');
    await page.getByLabel('Password').fill('too-short');
    await page.getByRole('button', { name: 'Come in' }).click();
    await page.getByRole('alert').getByText('expected at least 12 characters, got 9').waitFor();
    await comeIn(page, world.setupLink);
    const heading = page.getByRole('heading', { level: 1 });
    await expect.poll(() => heading.textContent(), { timeout: 30_000 }).toContain('production');

    const again = await world.open('/', { isStranger: true });
    await again.getByRole('heading', { name: 'Sign in' }).waitFor();
    await again.goto(world.setupLink);
    await again.getByLabel('Your name').fill('Somebody');
    await again.getByLabel('E-mail').fill('else@example.com');
    await again.getByLabel('Password').fill('a password that is long enough');
    await again.getByRole('button', { name: 'Come in' }).click();
    await again.getByRole('alert').waitFor();
    await logIn(again, `${world.server.url}/default/production/now`);
  });

  test('a flag is created, rolled out to a quarter, and an SDK sees it', async () => {
    const sluice = createClient({ url: world.server.url, sdkKey: world.server.sdkKey });
    onTestFinished(() => sluice.close());
    await sluice.ready({ timeoutMs: 60_000 });
    const page = await world.open('flags');
    await page.getByRole('button', { name: 'New flag' }).first().click();
    await page.getByLabel('Key', { exact: true }).fill('new-checkout');
    await page.getByRole('button', { name: 'Create flag' }).click();
    await page.getByRole('heading', { name: 'new-checkout' }).waitFor();

    await page.getByRole('button', { name: 'Serves on' }).click();
    await page.getByRole('button', { name: 'Percentage…' }).click();
    await page.getByRole('button', { name: '25% get on' }).first().click();
    await page.getByRole('switch', { name: 'Off' }).click();
    await page.getByRole('region', { name: 'Review' }).getByText('turned on').waitFor();
    await page.getByLabel('Why').fill('a quarter first');
    await page.getByRole('button', { name: 'Apply to production' }).click();
    await page
      .getByRole('region', { name: 'Convergence' })
      .getByText(/1 of 1 in/)
      .waitFor();

    const keys = Array.from({ length: 400 }, (_, index) => ({ kind: 'user', key: `user-${index}` }));
    const share = () => keys.filter((context) => sluice.enabled('new-checkout', context)).length / keys.length;
    await until(() => share() > 0.15);
    expect(share()).toBeLessThan(0.35);
  });
});
