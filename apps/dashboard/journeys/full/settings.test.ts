import { createClient, type Store } from '@sluice/sdk-node';
import { tellBackfill } from '@sluice/testkit';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasBrowser } from '../browser.ts';
import { findFaults, isTooWide } from '../find-faults.ts';
import { phone, startWorld, type World } from '../world.ts';

describe.runIf(hasBrowser())('the settings of valves, migrations and configs', () => {
  let world: World;

  beforeAll(async () => {
    world = await startWorld();
  }, 300_000);
  afterAll(() => world.close());

  const flagPath = (key: string) => `/projects/default/flags/${key}`;
  const review = (page: Page) => page.getByRole('region', { name: 'Review' });
  const apply = (page: Page) => page.getByRole('button', { name: 'Apply to production' }).click();

  async function openSettings(path: string): Promise<Page> {
    const page = await world.open(path);
    const parts = page.getByRole('navigation', { name: 'Parts of this page' });
    await parts.getByRole('link', { name: 'Settings' }).click();
    return page;
  }

  test('say whose a valve is, archive it, and delete it after its key was typed', async () => {
    await world.server.api('POST', '/projects/default/flags', { key: 'search', kind: 'valve' });
    const page = await openSettings('valves/search');
    await page.getByRole('textbox', { name: 'Owner' }).fill('Lena Ortiz');
    await page.getByRole('textbox', { name: 'Tags' }).fill('shop, search');
    await review(page).getByText('Lena Ortiz').waitFor();
    expect(await page.getByRole('button', { name: 'Archive valve…' }).getAttribute('aria-disabled')).toBe('true');
    await apply(page);
    await page.getByText('search, shop, owned by Lena Ortiz').waitFor();
    await page.getByRole('button', { name: 'Archive valve…' }).click();
    await review(page).getByText('archived').waitFor();
    await apply(page);
    await page.getByRole('button', { name: 'Take out of the archive…' }).waitFor();
    expect(await world.server.findServed('search')).toBeUndefined();
    expect(await findFaults(page)).toEqual([]);

    await page.getByRole('button', { name: 'Delete valve…' }).click();
    await page.getByRole('dialog').getByLabel('Type search').fill('search');
    await page.getByRole('dialog').getByRole('button', { name: 'Delete valve' }).click();
    await page.getByRole('heading', { level: 1, name: 'Valves' }).waitFor();
    expect((await world.server.api('GET', flagPath('search'))).status).toBe(404);
  });

  test('of a migration keep edits on top of what somebody else did, and archive one that code asks for by its key', async () => {
    await world.server.api('POST', '/projects/default/flags', { key: 'orders', kind: 'migration' });
    const page = await openSettings('migrations/orders');
    await page.getByRole('textbox', { name: 'Owner' }).fill('Lena Ortiz');
    await review(page).getByText('Lena Ortiz').waitFor();
    await world.server.change({
      flag: 'orders',
      instructions: [
        { kind: 'update-definition', definition: { description: 'to the new store' } },
        { kind: 'set-stage', stage: 'dualwrite' },
      ],
    });
    await page.getByRole('button', { name: 'Keep mine' }).click();
    expect(await page.getByRole('textbox', { name: 'Description' }).inputValue()).toBe('to the new store');
    await apply(page);
    await page.getByText('Owner Lena Ortiz').waitFor();
    expect((await world.server.api('GET', flagPath('orders'))).body).toMatchObject({ description: 'to the new store' });

    await tellBackfill(world.server, 'orders');
    const overrule = { reason: 'nothing reads it', checks: ['comparisons', 'backfill', 'repairs'] };
    for (const stage of ['shadow', 'live', 'rampdown', 'complete']) {
      const { status, body } = await world.server.api('POST', '/projects/default/environments/production/changes', {
        flag: 'orders',
        instructions: [{ kind: 'set-stage', stage, ...(stage !== 'shadow' && { overrule }), confirm: 'orders' }],
      });
      expect([status, body.title]).toEqual([200, undefined]);
    }
    await askForRecord();
    await page.getByRole('button', { name: 'Archive migration…' }).click();
    await review(page).getByText('archived').waitFor();
    await apply(page);
    await review(page).getByText('migration orders is in complete', { exact: false }).waitFor();
    const button = page.getByRole('button', { name: 'Apply to production' });
    expect(await button.getAttribute('aria-disabled')).toBe('true');
    await page.getByLabel('Type orders to confirm').fill('orders');
    expect(await findFaults(page)).toEqual([]);
    await button.and(page.locator(':not([aria-disabled])')).click();
    await page.getByRole('button', { name: 'Take out of the archive…' }).waitFor();
    expect((await world.server.api('GET', flagPath('orders'))).body).toMatchObject({ archived: true });
  });

  /** A process that reads a record, which the server is told of. */
  async function askForRecord(): Promise<void> {
    const { url, sdkKey, running } = world.server;
    const client = createClient({ url, sdkKey, cacheFolder: false });
    await client.ready({ timeoutMs: 60_000 });
    const store: Store<object> = {
      read: async () => undefined,
      write: async () => 'applied',
      remove: async () => 'applied',
    };
    await client.migration('orders', { old: store, new: store, journal: false }).read('1');
    await client.flush();
    await running.context.evaluations.flush();
    await client.close();
  }

  test('of a config that was made among the flags give it bounds, as fields or as a schema, and end it', async () => {
    const flags = await world.open('flags');
    await flags.getByRole('button', { name: 'New flag' }).first().click();
    await flags.getByRole('textbox', { name: 'Key' }).fill('cache.ttl');
    await flags.getByRole('radio', { name: 'Config' }).click();
    await flags.getByRole('textbox', { name: 'Value' }).fill('60');
    await flags.getByText('Bounds can be set in its settings.').waitFor();
    await flags.getByRole('button', { name: 'Create flag' }).click();
    await flags.getByRole('heading', { level: 1, name: 'cache.ttl' }).waitFor();
    await flags.getByRole('link', { name: 'Settings' }).click();
    await flags.getByRole('combobox', { name: 'Unit' }).selectOption('s');
    await flags.getByRole('textbox', { name: 'At least' }).fill('100');
    await review(flags).getByText('The value: 60 is below the minimum of 100.').waitFor();
    await flags.getByRole('textbox', { name: 'At least' }).fill('5');
    await flags.getByRole('textbox', { name: 'At most' }).fill('1 hour');
    await flags.getByText('expected a number', { exact: false }).first().waitFor();
    await flags.getByRole('textbox', { name: 'At most' }).fill('1h');
    await flags.getByRole('textbox', { name: 'One change, times' }).fill('4');
    await flags.getByRole('textbox', { name: 'Varies by' }).fill('account');
    await flags.getByRole('textbox', { name: 'Owner' }).fill('Lena Ortiz');
    await review(flags).getByText('Lena Ortiz').waitFor();
    expect(await findFaults(flags)).toEqual([]);
    await apply(flags);
    await flags.getByRole('region', { name: 'Convergence' }).waitFor();
    const read = async () => (await world.server.api('GET', flagPath('cache.ttl'))).body;
    const config = { unit: 's', maxChangeFactor: 4, dimensions: ['account'] };
    const schema = { type: 'number', minimum: 5, maximum: 3600 };
    expect(await read()).toMatchObject({ owner: 'Lena Ortiz', config: { ...config, schema } });

    await flags.getByRole('button', { name: 'Edit the schema as JSON' }).click();
    const text = flags.getByRole('textbox', { name: 'Schema, as JSON' });
    expect(JSON.parse((await text.innerText()).trim())).toEqual(schema);
    await text.fill('{"type": "number"');
    await review(flags).getByText('The schema is no JSON object yet.').waitFor();
    await text.fill('{"type": "number", "minimum": 5, "multipleOf": "5"}');
    await flags.locator('.cm-lintRange-error', { hasText: '"5"' }).waitFor();
    await text.fill('{"type": "number", "minimum": 5, "multipleOf": 5}');
    await review(flags).getByText('1 edit, nothing applied yet').waitFor();
    await apply(flags);
    await flags.getByRole('region', { name: 'Convergence' }).waitFor();
    expect(await read()).toMatchObject({
      config: { ...config, schema: { type: 'number', minimum: 5, multipleOf: 5 } },
    });

    await flags.getByRole('button', { name: 'Archive config…' }).click();
    await review(flags).getByText('archived').waitFor();
    await apply(flags);
    await flags.getByRole('button', { name: 'Take out of the archive…' }).waitFor();
    expect(await world.server.findServed('cache.ttl')).toBeUndefined();
  });

  test('fit a phone', async () => {
    for (const path of ['configs/cache.ttl', 'migrations/orders']) {
      const page = await world.open(`${path}?tab=settings`, { ...phone, colorScheme: 'dark' });
      await page.getByRole('button', { name: /^Delete/ }).waitFor();
      expect(await findFaults(page)).toEqual([]);
      expect(await isTooWide(page)).toBe(false);
    }
  });
});
