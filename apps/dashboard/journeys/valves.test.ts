import { createClient } from '@sluice/sdk-node';
import { until } from '@sluice/testkit';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { hasBrowser } from './browser.ts';
import { phone, startWorld, type World } from './world.ts';

const account = (key: string) => ({ kind: 'account', key });

describe.runIf(hasBrowser())('valves in the dashboard', () => {
  let world: World;

  beforeAll(async () => {
    world = await startWorld();
    const variations = [
      { value: 'normal' },
      { value: 'cached', description: 'Answers of the last hour' },
      { value: 'off-404' },
    ];
    for (const key of ['search', 'mail', 'feed']) {
      await world.server.api('POST', '/projects/default/flags', { key, kind: 'valve', variations });
    }
    // Signs in once for all.
    await (await world.open('valves')).context().close();
  }, 300_000);
  afterAll(() => world.close());

  function createSearch() {
    const { url, sdkKey } = world.server;
    const sluice = createClient({ url, sdkKey, instance: { key: 'web-1', zone: 'eu-1a' } });
    onTestFinished(() => sluice.close());
    const modes = { normal: () => 'fresh', cached: () => 'old', 'off-404': () => 'nothing' };
    return { sluice, search: sluice.valve('search', { modes }) };
  }

  test('one account is degraded, made worse and brought back, and others notice nothing', async () => {
    const { sluice, search } = createSearch();
    await sluice.ready({ timeoutMs: 60_000 });
    const answer = async (key: string) => (await search.run(account(key))).value;
    expect(await answer('acme')).toBe('fresh');

    const page = await world.open('valves');
    await page.getByRole('button', { name: 'Trip search' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('radio', { name: 'One account' }).click();
    await dialog.getByRole('combobox', { name: 'Account' }).fill('acme');
    await dialog.getByLabel('Why').fill('sends 38% of all calls');
    await dialog.getByText('for everyone where account key is "acme"').waitFor();
    await page.keyboard.press('Control+Enter');
    await page
      .getByRole('region', { name: 'Convergence' })
      .getByText(/1 of 1 in/)
      .waitFor();
    await until(async () => (await answer('acme')) === 'old');
    expect(await answer('globex')).toBe('fresh');
    const board = page.getByRole('region', { name: 'Tripped' });
    await board.getByText('Account acme only').waitFor();
    await board.getByText('sends 38% of all calls').waitFor();

    await board.getByRole('button', { name: 'Change search' }).click();
    await dialog.getByRole('radio', { name: /^cached/ }).press('ArrowDown');
    await dialog.getByRole('button', { name: 'Change in production' }).click();
    await until(async () => (await answer('acme')) === 'nothing');
    expect(await answer('globex')).toBe('fresh');

    await board.getByRole('link', { name: 'search' }).click();
    await page.getByRole('heading', { name: 'search', level: 1 }).waitFor();
    const refused: string[] = [];
    page.on('response', (response) => response.status() >= 400 && refused.push(response.url()));
    await page.getByRole('button', { name: 'Restore search' }).click();
    await dialog.getByText('restored').waitFor();
    await dialog.getByRole('button', { name: 'Restore in production' }).click();
    await until(async () => (await answer('acme')) === 'fresh');
    await page.getByText('Nothing is tripped').waitFor();
    // What it would do is not asked once it is done.
    expect(refused).toEqual([]);
  });

  test('a trip names builds without its mode, and says which calls, instances and routes it concerns', async () => {
    const { url, sdkKey } = world.server;
    const start = async (key: string, about: Record<string, string>, modes: Record<string, () => string>) => {
      const sluice = createClient({ url, sdkKey, instance: { key, ...about } });
      onTestFinished(() => sluice.close());
      await sluice.ready({ timeoutMs: 60_000 });
      return sluice.valve('feed', { modes });
    };
    const old = { normal: () => 'fresh', 'off-404': () => 'nothing' };
    await start('feed-1', { version: '1.0', zone: 'eu-1a' }, old);
    const feed = await start('feed-2', { version: '2.0', zone: 'eu-1b' }, { ...old, cached: () => 'old' });
    for (const [account, route] of [
      ['acme', '/feed'],
      ['acme', '/feed'],
      ['acme', '/start'],
      ['globex', '/start'],
    ] as const) {
      await feed.run({ kind: 'multi', account: { key: account }, request: { key: 'any', route } });
    }
    const counted = '/projects/default/environments/production/flags/feed/telemetry?window=5m';
    await until(async () => (await world.server.api('GET', counted)).body.valve?.routes.length === 2);

    const page = await world.open('valves/feed');
    await page.getByText('2 instances have it in their code: build 1.0 on 1, 2.0 on 1.').waitFor();
    const lack = '1 of 2 instances runs a build without cached (1.0): feed-1. It does off-404 instead.';
    await page.getByText(lack).waitFor();
    await page.getByRole('button', { name: 'Trip' }).click();
    const dialog = page.getByRole('dialog');
    const says = async (...texts: readonly string[]) => {
      for (const text of texts) await dialog.getByText(text, { exact: true }).waitFor();
    };
    await says(lack, '100% of calls', 'All 2 instances', '2 routes', '/feed, /start');
    await dialog.getByRole('radio', { name: /^off-404/ }).check({ force: true });
    await dialog.getByText(lack).waitFor({ state: 'detached' });
    await dialog.getByRole('radio', { name: /^cached/ }).check({ force: true });
    await says(lack);

    await dialog.getByRole('radio', { name: 'One account' }).click();
    await dialog.getByRole('combobox', { name: 'Account' }).fill('acme');
    await says(lack, '75% of calls', 'All 2 instances', 'At most 2 routes');
    await dialog.getByRole('radio', { name: 'A route' }).click();
    await dialog.getByRole('combobox', { name: 'Route' }).fill('/feed');
    await says(lack, '50% of calls', 'All 2 instances', '1 route');
    await dialog.getByRole('radio', { name: 'Instances' }).click();
    await dialog.getByRole('combobox', { name: 'Instances' }).fill('eu-1b');
    await says('Share not known', '1 of 2 instances', 'At most 2 routes');
    expect(await dialog.getByText(lack).count()).toBe(0);
  });

  test('on a phone a valve is restored from Now', async () => {
    const { sluice, search } = createSearch();
    await sluice.ready({ timeoutMs: 60_000 });
    const trip = { kind: 'trip', mode: 'cached', reason: 'slow index' };
    await world.server.change({ flag: 'search', instructions: [{ kind: 'restore' }, trip] });
    await until(() => search.mode(account('acme')) === 'cached');

    const page = await world.open('now', phone);
    await page.getByRole('button', { name: 'Restore search' }).tap();
    await page.getByRole('dialog').getByRole('button', { name: 'Restore in production' }).tap();
    await until(() => search.mode(account('acme')) === 'normal');
    await page.getByRole('heading', { name: 'All normal in production' }).waitFor();
    expect((await search.run(account('acme'))).value).toBe('fresh');
  });

  test('a trip says what is missing, and is not sent before', async () => {
    const page = await world.open('valves', phone);
    await page.getByRole('button', { name: 'Trip mail' }).tap();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('radio', { name: 'IP range' }).tap();
    await dialog.getByRole('combobox', { name: 'IP range' }).fill('10.0.0/8');
    await dialog.getByText('10.0.0/8 is no IP range').first().waitFor();
    await page.keyboard.press('Control+Enter');
    const refused = dialog.getByRole('button', { name: 'Trip in production' });
    expect(await refused.getAttribute('aria-disabled')).toBe('true');
    const { body } = await world.server.api('GET', '/projects/default/environments/production/flags/mail');
    expect(body.rules).toEqual([]);
  });
});
