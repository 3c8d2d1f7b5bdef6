import { createClient } from '@sluice/sdk-node';
import { until } from '@sluice/testkit';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { hasBrowser } from '../browser.ts';
import { byKeyboard } from '../by-keyboard.ts';
import { startWorld, type World } from '../world.ts';

const production = '/projects/default/environments/production';

describe.runIf(hasBrowser())('without a pointer', () => {
  let world: World;

  beforeAll(async () => {
    world = await startWorld();
    const { server } = world;
    const variations = [{ value: 'normal' }, { value: 'cached' }];
    await server.api('POST', '/projects/default/flags', { key: 'search', kind: 'valve', variations });
    await server.api('POST', '/projects/default/flags', { key: 'orders', kind: 'migration' });
    await server.api('POST', '/projects/default/flags', { key: 'banner' });
    const sluice = createClient({ url: server.url, sdkKey: server.sdkKey, instance: { key: 'web-1' } });
    await sluice.ready({ timeoutMs: 60_000 });
    // Signs in once for all.
    await (await world.open('now')).context().close();
    close = () => sluice.close();
  }, 300_000);
  let close = async (): Promise<void> => {};
  afterAll(async () => {
    await close();
    await world.close();
  });

  async function open(path: string) {
    const page = await world.open(path);
    onTestFinished(() => page.context().close());
    await page.getByRole('heading', { level: 1 }).waitFor();
    return { page, hands: byKeyboard(page) };
  }

  const read = async (path: string) => (await world.server.api('GET', `${production}/${path}`)).body;

  test('a flag is created, given a rule, turned on, reviewed and applied, and the change reverted', async () => {
    const { page, hands } = await open('flags');
    await hands.tabTo('New flag');
    await hands.press('Enter');
    await hands.isOn('Key');
    await hands.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await hands.isOn('New flag');
    await hands.press('Enter');
    await hands.isOn('Key');
    await hands.type('new-checkout');
    await hands.press('Enter');
    await page.getByRole('heading', { name: 'new-checkout' }).waitFor();

    await hands.tabTo('Off');
    await hands.press('Space');
    await page.getByRole('region', { name: 'Review' }).getByText('turned on').waitFor();
    await hands.isOn('On');
    await hands.press('r');
    await hands.isOn('Attribute user key');
    await hands.tabTo('Values');
    await hands.press('Enter');
    await hands.type('mara');
    await hands.press('Enter');
    await hands.isOn('Values mara');
    await page.getByRole('region', { name: 'Review' }).getByText('added').waitFor();
    await hands.tabTo('Why');
    await hands.type('by hand');
    await hands.tabTo('Apply to production');
    await hands.press('Enter');
    await page
      .getByRole('region', { name: 'Convergence' })
      .getByText(/1 of 1 in/)
      .waitFor();
    expect(await read('flags/new-checkout')).toMatchObject({ on: true, rules: [{ clauses: [{ values: ['mara'] }] }] });

    await hands.press('g', 'h');
    await page.getByRole('heading', { name: 'Changes', level: 1 }).waitFor();
    await page.getByText('“by hand”').waitFor();
    await hands.press('j');
    await hands.tabTo('Revert the change of new-checkout', 3);
    await hands.press('Enter');
    await hands.isOn('Why');
    await hands.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await hands.isOn('Revert the change of new-checkout');
    await hands.press('Enter');
    await page.getByRole('dialog').getByText('turned off').waitFor();
    await hands.tabTo('Revert in production');
    await hands.press('Enter');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await until(async () => !(await read('flags/new-checkout')).on);
  });

  test('a valve is tripped for one account, and restored', async () => {
    const { page, hands } = await open('valves');
    await hands.tabTo('Trip search');
    await hands.press('Enter');
    const dialog = page.getByRole('dialog');
    await dialog.waitFor();
    await hands.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    await hands.isOn('Trip search');
    await hands.press('Enter');
    await hands.tabTo(/^Everyone/);
    await hands.press('ArrowRight', 'Space');
    await hands.isOn('Account');
    await hands.type('acme');
    await hands.tabTo('Why');
    await hands.type('sends too much');
    await dialog.getByText('for everyone where account key is "acme"').waitFor();
    await hands.tabTo('Trip in production');
    await hands.press('Enter');
    await dialog.waitFor({ state: 'detached' });
    await page.getByRole('region', { name: 'Tripped' }).getByText('Account acme only').waitFor();

    await hands.press('g', 'n');
    await page.getByRole('heading', { name: /off normal/ }).waitFor();
    await hands.tabTo('Restore search');
    await hands.press('Enter');
    await dialog.getByText('restored').waitFor();
    await hands.press('Control+Enter');
    await dialog.waitFor({ state: 'detached' });
    await until(async () => (await read('flags/search')).rules.length === 0);
  });

  test('a migration advances, and returns', async () => {
    const { page, hands } = await open('migrations');
    await hands.tabTo(/orders$/);
    await hands.press('Enter');
    await page.getByRole('heading', { name: 'orders', level: 1 }).waitFor();
    await hands.tabTo('Advance to dualwrite…');
    await hands.press('Enter');
    const dialog = page.getByRole('dialog');
    await dialog.getByText('all records in dualwrite').waitFor();
    await hands.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    await hands.isOn('Advance to dualwrite…');
    await hands.press('Enter');
    await dialog.getByText('all records in dualwrite').waitFor();
    await hands.tabTo('Advance in production');
    await hands.press('Enter');
    await dialog.waitFor({ state: 'detached' });
    const here = page.getByRole('list', { name: 'Stages' }).locator('[aria-current=step]');
    await here.getByText('Writes go to both').waitFor();
    await hands.tabTo('Return to off…');
    await hands.press('Enter');
    await dialog.getByText('all records in off').waitFor();
    await hands.tabTo('Return in production');
    await hands.press('Enter');
    await dialog.waitFor({ state: 'detached' });
    await until(async () => (await read('flags/orders')).fallthrough.variation === 'off');
  });

  test('a key is created and revoked', async () => {
    const { page, hands } = await open('environments');
    await hands.tabTo('New key…');
    await hands.press('Enter');
    await hands.tabTo('Who uses it', 5);
    await hands.type('checkout');
    await hands.press('Enter');
    await page.getByLabel('SDK key', { exact: true }).waitFor();
    await hands.tabTo('Done');
    await hands.press('Enter');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await hands.isOn('New key…');
    await hands.tabTo(/^Revoke checkout/);
    await hands.press('Enter');
    await page.getByRole('dialog').waitFor();
    await hands.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await hands.isOn(/^Revoke checkout/);
    await hands.press('Enter');
    await hands.tabTo('Revoke in production');
    await hands.press('Enter');
    await page.getByText('1 key was revoked').waitFor();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
  });

  test('somebody is invited, and uninvited', async () => {
    const { page, hands } = await open('people');
    await hands.tabTo('Invite somebody…');
    await hands.press('Enter');
    await hands.isOn('E-mail');
    await hands.type('lena@example.com');
    await hands.tabTo('Make the link');
    await hands.press('Enter');
    await page.getByLabel('Link', { exact: true }).waitFor();
    await hands.tabTo('Done');
    await hands.press('Enter');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await hands.isOn('Invite somebody…');
    await page.getByRole('list', { name: 'Invitations' }).getByText('lena@example.com').waitFor();
    await hands.tabTo('Take back the invitation of lena@example.com');
    await hands.press('Enter');
    await page.getByText('lena@example.com').waitFor({ state: 'detached' });
  });

  test('the palette turns a flag on from wherever one is, and goes back there; menus too', async () => {
    const { page, hands } = await open('fleet');
    await hands.tabTo(/^State/);
    await hands.press('Control+k');
    await page.getByRole('combobox', { name: 'Find or do anything' }).waitFor();
    await hands.press('Escape');
    await page.getByRole('combobox', { name: 'Find or do anything' }).waitFor({ state: 'detached' });
    await hands.isOn(/^State/);
    await hands.press('Enter');
    await page.getByRole('menu').waitFor();
    await hands.press('Escape');
    await hands.isOn(/^State/);
    await hands.press('Control+k');
    await hands.type('turn on banner');
    await page.getByRole('option', { name: 'Turn on banner' }).waitFor();
    await hands.press('Enter');
    await page.getByRole('dialog').getByText('turned on').waitFor();
    await hands.tabTo('Turn on in production');
    await hands.press('Enter');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await until(async () => (await read('flags/banner')).on);
    await hands.isOn(/^State/);
    await hands.press('e');
    await page.getByRole('menu').and(page.locator(':focus-within')).waitFor();
    await hands.press('End', 'Enter');
    await page.getByRole('button', { name: /staging ?, change environment/ }).waitFor();
    expect(new URL(page.url()).pathname).toBe('/default/staging/fleet');
  });

  test('every page is gone through, and one sees where one is', async () => {
    const { page, hands } = await open('now');
    const paths = ['now', 'valves/search', 'migrations/orders', 'flags', 'flags/banner', 'flags/banner?tab=settings'];
    for (const path of [
      ...paths,
      'segments',
      'contexts',
      'fleet',
      'fleet/web-1',
      'changes?since=1',
      'people?tab=tokens',
      'you',
    ]) {
      await page.goto(`${world.server.url}/default/production/${path}`);
      await page.getByRole('heading', { level: 1 }).waitFor();
      // Around, until the browser's own controls would come.
      await hands.tabTo(/^Skip to the content$/, 150);
      await hands.press('Enter');
      await hands.tabTo(/^$/, 150);
    }
  });
});
