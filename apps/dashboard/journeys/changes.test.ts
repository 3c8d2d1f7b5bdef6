import { AxeBuilder } from '@axe-core/playwright';
import { createClient } from '@sluice/sdk-node';
import { until } from '@sluice/testkit';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { hasBrowser } from './browser.ts';
import { desktop, phone, startWorld, type World } from './world.ts';

const user = { kind: 'user', key: 'ann' };

describe.runIf(hasBrowser())('Changes', () => {
  let world: World;

  beforeAll(async () => {
    world = await startWorld();
  }, 300_000);
  afterAll(() => world.close());

  async function createFlag(key: string, more: object = {}): Promise<void> {
    const { status, body } = await world.server.api('POST', '/projects/default/flags', { key, ...more });
    if (status !== 201) throw new Error(JSON.stringify(body));
  }

  function turn(flag: string, kind: 'turn-on' | 'turn-off', comment = '') {
    return world.server.change({ flag, instructions: [{ kind }], comment });
  }

  function since(change: { readonly createdAt: number }): string {
    return `changes?since=${new Date(change.createdAt).toISOString()}`;
  }

  test('goes back to a time by one change, but for what is left out; an SDK sees both', async () => {
    for (const key of ['back', 'stays']) await createFlag(key);
    const sluice = createClient({ url: world.server.url, sdkKey: world.server.sdkKey });
    onTestFinished(() => sluice.close());
    await sluice.ready({ timeoutMs: 60_000 });
    const first = await turn('back', 'turn-on', 'the first of two');
    await turn('stays', 'turn-on');
    await until(() => sluice.enabled('back', user) && sluice.enabled('stays', user));

    const page = await world.open(since(first), desktop);
    const panel = page.getByRole('region', { name: 'Revert since' });
    await panel.getByRole('button', { name: 'Revert 2 in production' }).waitFor();
    await panel.getByText('turned off').first().waitFor();
    expect(sluice.enabled('back', user)).toBe(true);
    await panel.getByRole('checkbox', { name: 'Set back stays' }).uncheck();
    await panel.getByLabel('Why').fill('errors since then');
    await panel.getByRole('button', { name: 'Revert 1 in production' }).click();
    await page
      .getByRole('region', { name: 'Convergence' })
      .getByText(/1 of 1 in/)
      .waitFor();
    await until(() => !sluice.enabled('back', user));
    expect(sluice.enabled('stays', user)).toBe(true);
    const { body } = await world.server.api('GET', '/projects/default/environments/production/changes?limit=1');
    expect(body.items).toMatchObject([
      { actor: 'Mara Kessler', comment: 'errors since then', effects: [{ key: 'back', text: 'turned off' }] },
    ]);
  });

  test('never sets back a migration unasked, and says where that is done', async () => {
    await createFlag('orders', { kind: 'migration' });
    await createFlag('beside');
    const first = await world.server.change({
      flag: 'orders',
      instructions: [{ kind: 'set-stage', stage: 'dualwrite' }],
    });
    await turn('beside', 'turn-on');
    const page = await world.open(since(first), desktop);
    const panel = page.getByRole('region', { name: 'Revert since' });
    await panel.getByRole('button', { name: 'Revert 1 in production' }).waitFor();
    expect(await panel.getByRole('checkbox', { name: 'Set back orders' }).isChecked()).toBe(false);
    await panel.getByText('A migration is never returned silently.').waitFor();
    await panel.getByRole('button', { name: 'Revert 1 in production' }).click();
    await panel.waitFor({ state: 'detached' });
    const orders = await world.server.api('GET', '/projects/default/environments/production/flags/orders');
    expect(JSON.stringify(orders.body.fallthrough)).toContain('dualwrite');
    const beside = await world.server.api('GET', '/projects/default/environments/production/flags/beside');
    expect(beside.body.on).toBe(false);
  });

  test('does nothing over what somebody else changed meanwhile, and looks again', async () => {
    await createFlag('contested');
    const first = await turn('contested', 'turn-on');
    const page = await world.open(since(first), desktop);
    const panel = page.getByRole('region', { name: 'Revert since' });
    const revert = panel.getByRole('button', { name: 'Revert 1 in production' });
    await revert.waitFor();
    await world.server.change({
      flag: 'contested',
      instructions: [{ kind: 'set-fallthrough', variation: 'off' }],
    });
    await panel.getByText('Something was changed since you looked').waitFor();
    await revert.click();
    await panel.getByRole('alert').getByText('Nothing was applied.').waitFor();
    await panel.getByRole('alert').getByText('Somebody else changed flag `contested`').waitFor();
    await panel.getByRole('alert').getByRole('button', { name: 'Look again' }).click();
    await panel.getByText('everyone gets on instead of off').waitFor();
    await revert.click();
    await panel.waitFor({ state: 'detached' });
    const { body } = await world.server.api('GET', '/projects/default/environments/production/flags/contested');
    expect(body).toMatchObject({ on: false, fallthrough: { variation: 'on' } });
  });

  test('is found by who, what and comment, which stand in the address', async () => {
    await createFlag('found', { kind: 'valve', variations: [{ value: 'normal' }, { value: 'less' }] });
    await world.server.change({
      flag: 'found',
      instructions: [{ kind: 'trip', mode: 'less', reason: 'slow' }],
      comment: 'INC-4127',
    });
    const page = await world.open('changes', desktop);
    const rows = page.getByRole('list', { name: 'Changes' }).getByRole('listitem');
    await page.getByRole('button', { name: /^What/ }).click();
    await page.getByRole('menuitem', { name: 'valves' }).click();
    await page.getByLabel('Comment').fill('inc-41');
    await until(() => page.url().includes('what=valve') && page.url().includes('q=inc-41'));
    await page.getByText('No earlier change matches').waitFor();
    expect(await page.getByRole('link', { name: /^Change of/ }).count()).toBe(1);
    await page.reload();
    await rows.getByText('“INC-4127”').waitFor();
    expect(await page.getByRole('link', { name: /^Change of/ }).count()).toBe(1);
    await page.goto(`${world.server.url}/default/production/changes?who=nobody`);
    await page.getByRole('heading', { name: 'No change matches' }).waitFor();
    await page.getByRole('button', { name: 'Clear filters' }).click();
    await rows.first().waitFor();
  });

  test('is verified to the first, and says which change does not fit', async () => {
    await createFlag('verified');
    const { version } = await turn('verified', 'turn-on', 'as it was');
    const page = await world.open('changes', desktop);
    await page.getByRole('button', { name: /verify the history/ }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('verified to the first').waitFor();
    const { db } = world.server.running.context;
    await db.updateTable('changes').set({ comment: 'forged' }).where('version', '=', version).execute();
    onTestFinished(async () => {
      await db.updateTable('changes').set({ comment: 'as it was' }).where('version', '=', version).execute();
    });
    await dialog.getByRole('button', { name: 'Verify again' }).click();
    await dialog.getByText(`The history does not fit at v${version}.`).waitFor();
    expect(await dialog.textContent()).not.toContain('verified to the first');
  });

  test('has a page of its own, from which it is reverted; R does so in a list', async () => {
    await createFlag('single');
    await turn('single', 'turn-on', 'because');
    const page = await world.open('changes', desktop);
    await page.getByText('single turned on').waitFor();
    await page.keyboard.press('j');
    await page.keyboard.press('r');
    const dialog = page.getByRole('dialog', { name: 'Revert this change' });
    await dialog.getByText('single turned off').waitFor();
    await page.keyboard.press('Escape');
    await page.keyboard.press('j');
    await page.keyboard.press('k');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: /^Version \d+/ }).waitFor();
    await page.getByText('“because”').waitFor();
    await page.getByRole('button', { name: 'Revert…' }).click();
    await dialog.getByRole('button', { name: 'Revert in production' }).click();
    await dialog.waitFor({ state: 'detached' });
    const { body } = await world.server.api('GET', '/projects/default/environments/production/flags/single');
    expect(body.on).toBe(false);
  });

  test('what later changes did to it is listed, and lost only by who says so', async () => {
    await createFlag('overtaken');
    const change = await turn('overtaken', 'turn-on');
    await world.server.change({ flag: 'overtaken', instructions: [{ kind: 'set-fallthrough', variation: 'off' }] });
    const page = await world.open(`changes/${change.id}`, desktop);
    await page.getByRole('button', { name: 'Revert…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Revert this change' });
    const losses = dialog.getByRole('list', { name: 'Later changes' });
    await losses.getByText(`Version ${change.version + 1} of production`).waitFor();
    const revert = dialog.getByRole('button', { name: 'Revert in production' });
    expect(await revert.getAttribute('aria-disabled')).toBe('true');
    await dialog.getByRole('checkbox', { name: 'Also lose this' }).check();
    await dialog.getByText('turned off').waitFor();

    // One that comes now was not agreed to.
    await world.server.change({ flag: 'overtaken', instructions: [{ kind: 'set-off-variation', variation: 'on' }] });
    await losses.getByText(`Version ${change.version + 2} of production`).waitFor();
    const agree = dialog.getByRole('checkbox', { name: 'Also lose these' });
    expect(await agree.isChecked()).toBe(false);
    await agree.check();
    await dialog.getByText('turned off').waitFor();
    await revert.click();
    await dialog.waitFor({ state: 'detached' });
    const { body } = await world.server.api('GET', '/projects/default/environments/production/flags/overtaken');
    expect(body).toMatchObject({ on: false, offVariation: 'off', fallthrough: { variation: 'on' } });

    await page.getByRole('button', { name: 'Revert…' }).click();
    await losses.waitFor();
    await dialog.getByRole('checkbox').check();
    await dialog.getByText('Changes nothing: everything is so already.').waitFor();
  });

  test.each([['a phone', phone]])(
    'fits on %s, and axe finds nothing',
    async (_, options) => {
      const key = `fits-${options.viewport.width}-${'very-long-'.repeat(9)}`;
      await createFlag(key);
      const last = await turn(key, 'turn-on', 'INC-4127');
      for (const path of ['now', since(last), `changes/${last.id}`]) {
        const page = await world.open(path, options);
        await page.locator('#main').getByText(key).first().waitFor();
        const width = await page.locator('#main').evaluate(({ scrollWidth }) => scrollWidth);
        expect(width, path).toBeLessThanOrEqual(options.viewport.width);
        const { violations } = await new AxeBuilder({ page }).include('#main').analyze();
        expect(violations.map(({ id, nodes }) => [path, id, nodes.map(({ html }) => html)])).toEqual([]);
        await page.context().close();
      }
    },
    120_000,
  );
});
