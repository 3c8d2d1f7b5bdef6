import { AxeBuilder } from '@axe-core/playwright';
import { createClient } from '@sluice/sdk-node';
import { until } from '@sluice/testkit';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { hasBrowser } from '../browser.ts';
import { phone, startWorld, type World } from '../world.ts';

// Many steps each, on machines that have more to do.
describe.runIf(hasBrowser())('segments in the dashboard', () => {
  let world: World;

  beforeAll(async () => {
    world = await startWorld();
  }, 300_000);
  afterAll(() => world.close());

  test('one is made, with pasted members and a rule, a flag asks it, and an SDK sees it', async () => {
    const sluice = createClient({ url: world.server.url, sdkKey: world.server.sdkKey });
    onTestFinished(() => sluice.close());
    await sluice.ready({ timeoutMs: 60_000 });
    await world.server.api('POST', '/projects/default/flags', { key: 'new-checkout' });
    const page = await world.open('segments');
    await page.getByText('No segments yet').waitFor();

    await page.getByRole('button', { name: 'New segment' }).first().click();
    await page.getByRole('textbox', { name: /^Key/ }).fill('beta-customers');
    await page.getByLabel('Who is meant').fill('those who asked for it');
    await page.getByRole('button', { name: 'Create in production' }).click();
    await page.getByRole('heading', { name: 'beta-customers' }).waitFor();
    await page.getByText('nobody', { exact: true }).waitFor();

    await page.getByRole('button', { name: 'Add to included…' }).click();
    await page.getByLabel('Keys', { exact: true }).fill('mara\nlena, jonas\nmara');
    await page.getByRole('button', { name: 'Add 3 keys' }).click();
    await page.getByRole('button', { name: 'Add to excluded…' }).click();
    await page.getByLabel('Keys', { exact: true }).fill('"anton"');
    await page.getByRole('button', { name: 'Add 1 key' }).click();
    await page.getByRole('button', { name: 'Rule', exact: true }).click();
    await page.getByText('Rule 1 has a condition without a value.', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Attribute user key' }).click();
    await page.getByRole('textbox', { name: /^Attribute/ }).fill('plan');
    await page.getByRole('button', { name: 'Done' }).click();
    await page.getByRole('button', { name: 'Values' }).click();
    await page.getByRole('textbox', { name: 'Values, by comma' }).fill('enterprise');
    await page.getByRole('button', { name: 'Done' }).click();
    const review = page.getByRole('region', { name: 'Review' });
    await review.getByText('lena').first().waitFor();
    await review.getByText(/^Rule 1 added: .*plan is "enterprise"/).waitFor();
    expect(await findFaults(page)).toEqual([]);
    await page.getByLabel('Why').fill('the first ones');
    await page.getByRole('button', { name: 'Apply to production' }).click();
    await page.getByRole('region', { name: 'Convergence' }).getByText('1 of 1 in').waitFor();
    await page.getByText('3 keys, 1 rule, 1 kept out').waitFor();
    await page.getByText('Nobody yet.').waitFor();

    await page.goto(`${world.server.url}/default/production/flags/new-checkout`);
    await page.getByRole('heading', { name: 'new-checkout' }).waitFor();
    await page.getByRole('button', { name: /^Rule/ }).click();
    await page.getByRole('button', { name: 'Operator is' }).click();
    await page.getByRole('button', { name: 'is in segment', exact: true }).click();
    await page.getByRole('button', { name: 'Values' }).click();
    await page.getByRole('button', { name: 'beta-customers' }).click();
    await page.getByRole('group', { name: 'Rule 1' }).getByRole('button', { name: 'Serves on' }).click();
    await page.getByRole('dialog').getByRole('button', { name: /^off/ }).click();
    await page.getByRole('switch', { name: 'Off' }).click();
    await page.getByRole('button', { name: 'Apply to production' }).click();

    const sees = (key: string, plan = 'free') => sluice.enabled('new-checkout', { kind: 'user', key, plan });
    await until(() => sees('anton'));
    expect(['mara', 'lena', 'jonas'].map((key) => sees(key))).toEqual([false, false, false]);
    expect([sees('paul', 'enterprise'), sees('paul'), sees('anton', 'enterprise')]).toEqual([false, true, true]);

    // Who uses it is said, and it cannot go before that flag does without it.
    await page.goto(`${world.server.url}/default/production/segments`);
    await page.getByRole('link', { name: 'beta-customers' }).click();
    await page.getByRole('link', { name: 'new-checkout' }).waitFor();
    expect(await page.getByRole('button', { name: 'Delete…' }).getAttribute('aria-disabled')).toBe('true');
    await page.getByRole('button', { name: 'Remove lena' }).click();
    await page.getByRole('button', { name: 'Keep lena' }).click();
    await review.waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Remove lena' }).click();
    await page.getByRole('button', { name: 'Apply to production' }).click();
    await until(() => sees('lena'));
    await page.getByRole('link', { name: 'History' }).click();
    await page.getByText('“the first ones”').waitFor();
    await page
      .getByText(/rule added: .*plan is "enterprise"/)
      .first()
      .waitFor();
  });

  test('of thousands of members one is found by its key, and a segment nobody uses can go', async () => {
    const keys = Array.from({ length: 5000 }, (_, at) => `account-${at}`);
    const page = await world.open('segments');
    await page.getByRole('button', { name: 'New segment' }).first().click();
    await page.getByRole('textbox', { name: /^Key/ }).fill('many');
    await page.getByRole('button', { name: 'Create in production' }).click();
    await page.getByRole('heading', { name: 'many' }).waitFor();
    await page.getByRole('button', { name: 'Add to included…' }).click();
    await page.getByLabel('Kind of context').fill('account');
    await page.getByLabel('Keys', { exact: true }).fill(keys.join(','));
    await page.getByRole('button', { name: 'Add 5,000 keys' }).click();
    await page.getByRole('button', { name: 'Apply to production' }).click();
    await page.getByRole('region', { name: 'Review' }).waitFor({ state: 'detached' });
    await page.getByLabel('Find a member').fill('account-4321');
    await page.getByRole('button', { name: 'Remove account-4321' }).waitFor();
    expect(await page.getByRole('button', { name: /^Remove account/ }).count()).toBe(1);

    await page.getByRole('button', { name: 'Delete…' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Its key').fill('many');
    await dialog.getByRole('button', { name: 'Delete in production' }).click();
    await page.getByRole('heading', { name: 'Segments' }).waitFor();
    await page.getByRole('link', { name: 'many' }).waitFor({ state: 'detached' });
  });

  test('two who edit the same segment see both differences; one keeps hers on top, another takes theirs', async () => {
    await world.server.change({
      segment: 'shared',
      instructions: [{ kind: 'create-segment' }, { kind: 'add-members', keys: ['paul'] }],
    });
    const edit = async (key: string) => {
      const page = await world.open('segments/shared');
      await page.getByRole('button', { name: 'Add to included…' }).click();
      await page.getByLabel('Keys', { exact: true }).fill(key);
      await page.getByRole('button', { name: 'Add 1 key' }).click();
      await page.getByRole('region', { name: 'Review' }).getByText(key).waitFor();
      return page;
    };
    const [keeps, takes] = [await edit('mara'), await edit('mara')];
    await world.server.change({
      segment: 'shared',
      instructions: [
        { kind: 'add-members', keys: ['lena'] },
        { kind: 'remove-members', keys: ['paul'] },
      ],
    });
    for (const page of [keeps, takes]) {
      const conflict = page.getByRole('alert').filter({ hasText: 'changed this segment' });
      const [theirs, yours] = [conflict.getByRole('definition').first(), conflict.getByRole('definition').last()];
      await theirs.getByText('user "lena" now included').waitFor();
      await yours.getByText('user "mara" now included').waitFor();
      const apply = page.getByRole('button', { name: 'Apply to production' });
      expect(await apply.getAttribute('aria-disabled')).toBe('true');
      expect(await findFaults(page)).toEqual([]);
    }
    await takes.getByRole('button', { name: 'Take theirs' }).click();
    await takes.getByRole('button', { name: 'Remove lena' }).waitFor();
    expect(await takes.getByText('mara').count()).toBe(0);

    await keeps.getByRole('button', { name: 'Keep mine' }).click();
    // Hers on top of theirs: nobody is shown who will not be in it.
    const shown = keeps.getByRole('region', { name: 'Included' });
    await shown.getByText('2 keys').waitFor();
    const names = await shown.getByRole('button', { name: /^(Remove|Keep) / }).evaluateAll(readNames);
    expect(names).toEqual(['Remove mara', 'Remove lena']);
    await keeps.getByRole('button', { name: 'Apply to production' }).click();
    await keeps.getByText('2 keys', { exact: true }).first().waitFor();
    const { body } = await world.server.api('GET', '/projects/default/environments/production/segments/shared');
    expect(body.included).toEqual([{ contextKind: 'user', keys: ['lena', 'mara'] }]);
  });

  test('fit a phone, as do contexts', async () => {
    const key = `a-segment-with-${'a-long-name-'.repeat(8)}`;
    const clauses = [{ contextKind: 'user', attribute: 'plan', op: 'in', values: ['enterprise', 'business'] }];
    await world.server.change({
      segment: key,
      instructions: [
        { kind: 'create-segment', description: 'those who were asked, and said yes' },
        { kind: 'add-members', keys: ['mara', `user-${'x'.repeat(200)}`] },
        { kind: 'add-segment-rule', rule: { clauses, weight: 25_000 } },
      ],
    });
    for (const path of ['segments', `segments/${key}`, 'contexts']) {
      const page = await world.open(path, { ...phone, environment: path === 'contexts' ? 'staging' : 'production' });
      await page.getByRole('heading', { level: 1 }).waitFor();
      const content = { segments: key, contexts: 'No contexts yet' }[path] ?? 'enterprise, business';
      await page.locator('#main').getByText(content).first().waitFor({ state: 'attached' });
      const width = await page.evaluate<number>('document.getElementById("main").scrollWidth');
      expect(width, path).toBeLessThanOrEqual(360);
      expect(await findFaults(page)).toEqual([]);
      await page.context().close();
    }
  });
});

function readNames(buttons: readonly Element[]): readonly (string | null)[] {
  return buttons.map((button) => button.getAttribute('aria-label'));
}

/** What axe finds, in a line for each. */
async function findFaults(page: Page): Promise<readonly string[]> {
  const { violations } = await new AxeBuilder({ page }).include('#main').analyze();
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
}
