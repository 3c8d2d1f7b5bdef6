import { AxeBuilder } from '@axe-core/playwright';
import { createClient } from '@sluice/sdk-node';
import { until } from '@sluice/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasBrowser } from '../browser.ts';
import { startWorld, type World } from '../world.ts';

// Many steps each, on machines that have more to do.
describe.runIf(hasBrowser())('contexts in the dashboard', () => {
  let world: World;

  beforeAll(async () => {
    world = await startWorld();
  }, 300_000);
  afterAll(() => world.close());

  test('whom an SDK evaluated for is found by what it is, without what is private', async () => {
    const { server } = world;
    await server.api('POST', '/projects/default/flags', { key: 'new-checkout' });
    const sluice = createClient({ url: server.url, sdkKey: server.sdkKey });
    await sluice.ready({ timeoutMs: 60_000 });
    const privately = { _meta: { privateAttributes: ['email'] } };
    sluice.enabled('new-checkout', {
      kind: 'user',
      key: 'mara',
      plan: 'enterprise',
      email: 'm@example.com',
      ...privately,
    });
    sluice.enabled('new-checkout', { kind: 'account', key: 'acme', address: { country: 'DE' } });
    await sluice.close();
    const list = () => server.api('GET', '/projects/default/environments/production/contexts');
    await until(async () => (await list()).body.sampled === 2);

    const page = await world.open('contexts');
    const rows = page.getByRole('list', { name: 'Contexts' }).getByRole('listitem');
    await rows.filter({ hasText: 'acme' }).waitFor();
    expect(await rows.count()).toBe(2);
    await page.getByLabel('Find a context').fill('enterprise');
    await rows.filter({ hasText: 'acme' }).waitFor({ state: 'detached' });
    expect(new URL(page.url()).search).toBe('?q=enterprise');
    await rows.locator('summary').click();
    await rows.getByText('not kept').waitFor();
    expect(await rows.textContent()).not.toContain('m@example.com');
    const { violations } = await new AxeBuilder({ page }).include('#main').analyze();
    expect(violations.map(({ id }) => id)).toEqual([]);

    await page.getByLabel('Find a context').fill('nobody is called so');
    await page.getByRole('button', { name: 'Clear filter' }).click();
    await rows.filter({ hasText: 'acme' }).waitFor();
  });
});
