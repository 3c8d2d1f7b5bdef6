import { AxeBuilder } from '@axe-core/playwright';
import { createClient, type Store } from '@sluice/sdk-node';
import { tellBackfill, until } from '@sluice/testkit';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { hasBrowser } from './browser.ts';
import { desktop, phone, startWorld, type World } from './world.ts';

interface Order {
  readonly item: string;
}

/** A store in memory that keeps what has the highest version. */
function createMemoryStore(): Store<Order> & { spoil(key: string, value: Order): void } {
  const records = new Map<string, { value: Order | undefined; version: string }>();
  const put = async (key: string, value: Order | undefined, version: string) => {
    if ((records.get(key)?.version ?? '') >= version) return 'stale' as const;
    records.set(key, { value, version });
    return 'applied' as const;
  };
  return {
    read: async (key) => records.get(key),
    write: (key, value, { version }) => put(key, value, version),
    remove: (key, { version }) => put(key, undefined, version),
    // Past the migration, as a script would.
    spoil: (key, value) => void records.set(key, { value, version: records.get(key)?.version ?? '1' }),
  };
}

// A browser takes its time on a busy machine.
describe.runIf(hasBrowser())('a migration in the dashboard', () => {
  let world: World;
  const closed: (() => Promise<void>)[] = [];

  beforeAll(async () => {
    world = await startWorld();
  }, 300_000);
  afterEach(async () => {
    for (const close of closed.splice(0)) await close();
  });
  afterAll(() => world.close());

  async function createMigration(key: string, stages: readonly string[] = []): Promise<void> {
    await world.server.api('POST', '/projects/default/flags', { key, kind: 'migration' });
    for (const stage of stages) await world.server.change({ flag: key, instructions: [{ kind: 'set-stage', stage }] });
  }

  /** A process that moves records by the migration. */
  async function startApplication(key: string) {
    const sluice = createClient({ url: world.server.url, sdkKey: world.server.sdkKey, instance: { key: `${key}-1` } });
    await sluice.ready({ timeoutMs: 60_000 });
    const [old, next] = [createMemoryStore(), createMemoryStore()];
    const records = sluice.migration<Order>(key, {
      ...{ old, new: next, journal: false },
      compare: { sample: { share: 1 }, recheckMs: 1 },
    });
    closed.push(() => sluice.close());
    return {
      records,
      next,
      /** In which stage the record is for this process. */
      stage: async () => (await records.write('order-1', { item: 'tea' })).stage,
    };
  }

  async function open(key: string): Promise<Page> {
    const page = await world.open(`migrations/${key}`);
    await page.getByRole('heading', { level: 1, name: key }).waitFor();
    closed.push(() => page.context().close());
    return page;
  }

  async function advance(page: Page, to: string): Promise<void> {
    await page.getByRole('button', { name: `Advance to ${to}` }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText(`all records in ${to}`).waitFor();
    await dialog.getByRole('button', { name: 'Advance in production' }).click();
    await dialog.waitFor({ state: 'detached' });
  }

  const here = (page: Page) => page.getByRole('list', { name: 'Stages' }).locator('[aria-current=step]');

  test('goes from off to dualwrite and shadow, and the program does', async () => {
    await createMigration('orders');
    const shop = await startApplication('orders');
    const page = await open('orders');
    await page.getByText('The old store is true').waitFor();
    expect(await shop.stage()).toBe('off');

    await advance(page, 'dualwrite');
    await here(page).getByText('Writes go to both').waitFor();
    await until(async () => (await shop.stage()) === 'dualwrite');
    await page
      .getByRole('region', { name: 'Convergence' })
      .getByText(/1 of 1 in/)
      .waitFor();

    await advance(page, 'shadow');
    await here(page).getByText('New store compared').waitFor();
    await until(async () => (await shop.stage()) === 'shadow');
    await page.getByRole('button', { name: 'Return to dualwrite' }).waitFor();
    await page.getByText('Writes keep going to both, 0 records lost.').waitFor();
  });

  test('goes no further than was read, when somebody else moves it meanwhile', async () => {
    await createMigration('shared');
    const page = await open('shared');
    await page.getByRole('button', { name: 'Advance to dualwrite' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('all records in dualwrite').waitFor();
    await world.server.change({ flag: 'shared', instructions: [{ kind: 'set-stage', stage: 'dualwrite' }] });
    await dialog.getByRole('alert').getByText('Somebody else changed this migration').waitFor();
    await dialog.getByRole('heading', { name: 'to dualwrite' }).waitFor();
    const go = dialog.getByRole('button', { name: 'Advance in production' });
    expect(await go.getAttribute('aria-disabled')).toBe('true');
    await dialog.getByRole('button', { name: 'Look again' }).click();
    await dialog.getByRole('heading', { name: 'to shadow' }).waitFor();
    await dialog.getByText('all records in shadow').waitFor();
    await go.click();
    await dialog.waitFor({ state: 'detached' });
    await here(page).getByText('New store compared').waitFor();
  });

  test('goes live only past its gates, or past those that are named with a reason, and back to shadow', async () => {
    await createMigration('carts', ['dualwrite', 'shadow']);
    const shop = await startApplication('carts');
    await until(async () => (await shop.stage()) === 'shadow');
    const page = await open('carts');
    await page.getByText('Opens when 2 more gates are met.').waitFor();
    const gates = page.getByRole('region', { name: 'Before live' });
    await gates.getByText('2,995 more clean compares').waitFor();
    await gates.getByText('not begun').waitFor();

    await page.getByRole('button', { name: 'Advance to live' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('radio', { name: '100%' }).click();
    await dialog.getByText('all records in live').waitFor();
    const go = dialog.getByRole('button', { name: /^Advance .*in production/ });
    await dialog.getByText('2 gates are open.').waitFor();
    expect(await go.getAttribute('aria-disabled')).toBe('true');

    await dialog.getByRole('button', { name: 'Do not wait for' }).click();
    await dialog.getByRole('checkbox', { name: 'Do not wait for backfill' }).check();
    await dialog.getByText('1 gate is open.').waitFor();
    await dialog.getByRole('checkbox', { name: 'Do not wait for comparisons' }).check();
    await dialog.getByText('Not waiting needs a reason: say why.').waitFor();
    expect(await go.getAttribute('aria-disabled')).toBe('true');
    await dialog.getByLabel('Why').fill('a store of test data');
    await go.click();
    await dialog.waitFor({ state: 'detached' });
    await until(async () => (await shop.stage()) === 'live');
    await page.getByText('The new store is true').waitFor();

    await page.getByRole('link', { name: 'History' }).click();
    await page.getByText(/did not wait before live for backfill .*: a store of test data/).waitFor();
    await page.getByRole('link', { name: 'Stage' }).click();

    await page.getByRole('button', { name: 'Return to shadow' }).click();
    await dialog.getByText('The old store answers again.').waitFor();
    await dialog.getByLabel('Why').fill('wrong totals');
    await dialog.getByRole('button', { name: 'Return in production' }).click();
    await until(async () => (await shop.stage()) === 'shadow');
    await page.getByText('The old store is true').waitFor();
  });

  test('starts live with a share of the records, one press each, and says what is true', async () => {
    await createMigration('parts', ['dualwrite', 'shadow']);
    const page = await open('parts');
    await page.getByRole('button', { name: 'Advance to live' }).click();
    const dialog = page.getByRole('dialog');
    expect(await dialog.getByLabel('Share in percent').inputValue()).toBe('1');
    await dialog.getByRole('radio', { name: '25%' }).click();
    await dialog.getByRole('button', { name: 'Do not wait for' }).click();
    for (const check of ['backfill', 'comparisons']) {
      await dialog.getByRole('checkbox', { name: `Do not wait for ${check}` }).check();
    }
    await dialog.getByLabel('Why').fill('a tryout');
    await dialog.getByRole('button', { name: 'Advance without waiting in production' }).click();
    await page.getByText('Either store is true, by record').waitFor();
    await page.getByRole('button', { name: 'Move more to live' }).waitFor();

    await page.goto(`${world.server.url}/default/production/migrations`);
    const row = page.getByRole('listitem').filter({ hasText: 'parts' });
    await row.getByText('75% shadow, 25% live').waitFor();
    await row.getByText('1 of 1 met before rampdown').waitFor();
  });

  test('goes to complete when its key is typed, and has no way back from there', async () => {
    await createMigration('sessions', ['dualwrite', 'shadow']);
    await tellBackfill(world.server, 'sessions');
    const overrule = { reason: 'nothing reads it', checks: ['comparisons'] };
    for (const stage of ['live', 'rampdown']) {
      await world.server.change({ flag: 'sessions', instructions: [{ kind: 'set-stage', stage, overrule }] });
    }
    const page = await open('sessions');
    await page.getByRole('button', { name: 'Advance to complete' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('Type sessions to confirm.').waitFor();
    const go = dialog.getByRole('button', { name: 'Advance in production' });
    expect(await go.getAttribute('aria-disabled')).toBe('true');
    await dialog.getByLabel('Type sessions').fill('session');
    expect(await go.getAttribute('aria-disabled')).toBe('true');
    await dialog.getByLabel('Type sessions').fill('sessions');
    await go.click();
    await here(page).getByText('New store only').waitFor();
    await page.getByText('There is no way back: since then writes went to the new store alone.').waitFor();
    expect(await page.getByRole('button', { name: 'Return to' }).count()).toBe(0);
  });

  test('shows by path what differs, both sides, and how fast they are', async () => {
    await createMigration('bills', ['dualwrite', 'shadow']);
    const shop = await startApplication('bills');
    await until(async () => (await shop.stage()) === 'shadow');
    await shop.records.write('bill-7', { item: 'tea' });
    shop.next.spoil('bill-7', { item: 'coffee' });
    const page = await open('bills');
    const found = page.getByRole('region', { name: 'Mismatches by path' });
    await found.getByText('Nothing was compared since the last change.').waitFor();
    await shop.records.read('bill-7');

    // It is told with the counts of the next seconds, and asked for while the page is looked at.
    await found.getByRole('cell', { name: /^item last seen/ }).waitFor();
    await found.getByText('"tea"').waitFor();
    await found.getByText('"coffee"').waitFor();
    await found.getByRole('button', { name: 'Example of item' }).click();
    await found.getByText('bill-7').waitFor();
    const latency = page.getByRole('region', { name: 'Latency, last hour' });
    expect(await latency.getByRole('row', { name: 'New store' }).textContent()).toMatch(/New store.* ms/);
  });

  test('moves a cohort of records ahead of the others, and refuses one by which writes would be lost', async () => {
    await createMigration('wishes');
    const shop = await startApplication('wishes');
    expect(await shop.stage()).toBe('off');
    const page = await open('wishes');
    await page.getByRole('link', { name: 'Cohorts' }).click();
    await page.getByRole('button', { name: 'Add cohort' }).click();
    const dialog = page.getByRole('dialog');
    const add = dialog.getByRole('button', { name: 'Add in production' });
    expect(await add.getAttribute('aria-disabled')).toBe('true');
    await dialog.getByText('Say which records first.').first().waitFor();
    await dialog.getByRole('button', { name: 'Values' }).click();
    await page.getByLabel('Values, by comma').fill('17, order-1');
    await page.getByLabel('Values, by comma').press('Enter');
    await dialog.getByRole('radio', { name: 'live' }).click();
    await dialog.getByText(/may not have records in .*off.* and .*live.* at once: what is written in/).waitFor();
    expect(await add.getAttribute('aria-disabled')).toBe('true');
    await dialog.getByRole('radio', { name: 'dualwrite' }).click();
    expect(await dialog.getByLabel('Name').inputValue()).toBe('cohort-1');
    await dialog.getByLabel('Name').fill('first-orders');
    await dialog.getByLabel('Why').fill('ours alone');
    await dialog.getByText('first-orders').waitFor();
    await expectReadable(page);
    await add.click();
    await dialog.waitFor({ state: 'detached' });
    await until(async () => (await shop.stage()) === 'dualwrite');
    await page.getByRole('button', { name: 'Advance first-orders to shadow' }).waitFor();
    const { body } = await world.server.api('GET', '/projects/default/environments/production/flags/wishes');
    // A key is text, also where it looks like a number.
    expect(body.rules).toMatchObject([
      { id: 'first-orders', variation: 'dualwrite', clauses: [{ contextKind: 'record', values: ['17', 'order-1'] }] },
    ]);
    expect(body.fallthrough).toEqual({ variation: 'off' });
  });

  test.each([
    ['on a desk, by day', { ...desktop, colorScheme: 'light' }],
    ['on a phone, by night', { ...phone, colorScheme: 'dark' }],
  ] as const)('is read %s, by everybody', async (_, size) => {
    await createMigration(`stock-${size.colorScheme}`, ['dualwrite']);
    const page = await world.open(`migrations/stock-${size.colorScheme}`, size);
    closed.push(() => page.context().close());
    await page.getByText('no return after this').waitFor();
    await page.getByRole('region', { name: 'Backfill' }).waitFor();
    await expectReadable(page);

    await page.goto(`${world.server.url}/default/production/migrations`);
    await page
      .getByRole('listitem')
      .filter({ hasText: `stock-${size.colorScheme}` })
      .waitFor();
    await expectReadable(page);
  });
});

async function expectReadable(page: Page): Promise<void> {
  const [content, window] = await page.evaluate<readonly number[]>(
    '[document.documentElement.scrollWidth, innerWidth]',
  );
  expect(content).toBe(window);
  const { violations } = await new AxeBuilder({ page })
    .withTags(['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa'])
    .analyze();
  expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([]);
}
