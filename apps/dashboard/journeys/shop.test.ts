import { join } from 'node:path';
import { createApiClient } from '@sluice/api-client';
import { until } from '@sluice/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { setUp } from '../../../examples/shop/src/setup.ts';
import { type Program, startProgram } from '../../../examples/shop/src/stories/platform.ts';
import { hasBrowser } from './browser.ts';
import { startWorld, type World } from './world.ts';

describe.runIf(hasBrowser())('the running shop', () => {
  let world: World;
  let shop: Program;
  let shopUrl: string;

  beforeAll(async () => {
    world = await startWorld();
    const { url, sdkKey, apiToken, folder } = world.server;
    await setUp(createApiClient({ url, token: apiToken, fetch }));
    shop = await startProgram('examples/shop/src/main.ts', {
      variables: {
        SLUICE_URL: url,
        SLUICE_SDK_KEY: sdkKey,
        SHOP_PORT: '0',
        SHOP_PRODUCTS: '300',
        SHOP_DATABASE: join(folder, 'shop.db'),
        SHOP_CACHE: join(folder, 'shop-cache'),
      },
      ready: 'ready at ',
    });
    shopUrl = shop.said.slice('ready at '.length);
  }, 300_000);
  afterAll(async () => {
    await shop.end();
    await world.close();
  });

  async function search(account: string): Promise<number> {
    const response = await fetch(`${shopUrl}/search?q=lamp`, { headers: { 'x-account': account } });
    await response.body?.cancel();
    return response.status;
  }

  test('has no search for one account while its valve is tripped, and for the others all the time', async () => {
    expect([await search('42'), await search('7')]).toEqual([200, 200]);

    const page = await world.open('valves');
    await page.getByRole('button', { name: 'Trip search' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('radio', { name: /^cached/ }).press('ArrowDown');
    await dialog.getByRole('radio', { name: 'One account' }).click();
    await dialog.getByRole('combobox', { name: 'Account' }).fill('42');
    await dialog.getByLabel('Why').fill('makes search slow for everybody');
    await dialog.getByText('for everyone where account key is "42"').waitFor();
    await dialog.getByRole('button', { name: 'Trip in production' }).click();
    await page
      .getByRole('region', { name: 'Convergence' })
      .getByText(/1 of 1 in/)
      .waitFor();
    expect([await search('42'), await search('7')]).toEqual([404, 200]);

    await page.getByRole('button', { name: 'Restore search' }).click();
    await dialog.getByRole('button', { name: 'Restore in production' }).click();
    await dialog.waitFor({ state: 'detached' });
    await until(async () => (await search('42')) === 200);
    expect(await search('7')).toBe(200);
  });
});
