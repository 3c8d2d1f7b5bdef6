import { AxeBuilder } from '@axe-core/playwright';
import { createClient } from '@sluice/sdk-node';
import { until } from '@sluice/testkit';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasBrowser } from '../browser.ts';
import { phone, startWorld, type World } from '../world.ts';

/** A cache whose code works with 90 s at most. */
function startShop({ server }: World, key: string) {
  const client = createClient({
    url: server.url,
    sdkKey: server.sdkKey,
    cacheFolder: false,
    instance: { key },
    log: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
  });
  return { client, ttl: client.config('cache.ttl', { default: 60, min: 1, max: 90, unit: 's' }) };
}

describe.runIf(hasBrowser())('a config in the dashboard', () => {
  let world: World;
  let shop: ReturnType<typeof startShop>;
  let page: Page;

  beforeAll(async () => {
    world = await startWorld();
    shop = startShop(world, 'shop-1');
    await shop.client.ready({ timeoutMs: 60_000 });
    page = await world.open('configs');
    // What does not come is named, before the test is over.
    page.setDefaultTimeout(25_000);
  }, 300_000);
  afterAll(async () => {
    await shop.client.close();
    await world.close();
  });

  const review = () => page.getByRole('region', { name: 'Review' });
  const value = () => page.getByRole('textbox', { name: /^cache\.ttl everywhere/ });
  const apply = () => page.getByRole('button', { name: 'Apply to production' }).click();

  test('is created with bounds, and code reads it', async () => {
    await page.getByRole('button', { name: 'New config' }).click();
    await page.getByLabel(/^Key/).fill('cache.ttl');
    await page.getByLabel('Value', { exact: true }).fill('1min');
    await page.getByLabel('Unit').selectOption('s');
    await page.getByLabel('At least').fill('5');
    await page.getByLabel('At most').fill('1h');
    await page.getByLabel('One change, times').fill('4');
    await page.getByLabel(/^Varies by/).fill('account, route');
    await page.getByRole('button', { name: 'Create config' }).click();
    await page.getByRole('heading', { name: 'cache.ttl' }).waitFor();
    await page.getByText('5 s to 1 h').waitFor();
    expect(await value().inputValue()).toBe('60');
    await until(() => shop.client.findFlag('cache.ttl') !== undefined);
    expect(shop.ttl.get()).toBe(60);
  });

  test('is changed in its page, and code has the new value', async () => {
    await value().fill('80');
    await review().getByText('80 s').waitFor();
    await apply();
    await page
      .getByRole('region', { name: 'Convergence' })
      .getByText(/1 of 1 in/)
      .waitFor();
    await until(() => shop.ttl.get() === 80);
    await page
      .getByRole('complementary', { name: /instances have/ })
      .getByText('80 s')
      .waitFor();
    await page.getByRole('heading', { name: 'As the layers say' }).waitFor();
    expect(shop.ttl.get()).toBe(80);
  });

  test('stays within its bounds, and goes further than it should at once only if somebody means it', async () => {
    await value().fill('4');
    await review().getByText('4 is below the minimum of 5').first().waitFor();
    await value().fill('2h');
    await review().getByText('7200 is above the maximum of 3600').first().waitFor();
    await value().fill('1h');
    await review().getByText('cache.ttl may change by a factor of at most 4 at once').first().waitFor();
    const button = page.getByRole('button', { name: 'Apply to production' });
    expect(await button.getAttribute('aria-disabled')).toBe('true');
    await page.getByLabel('I mean it').check();
    await review().locator('ins', { hasText: '3600 s' }).waitFor();
    expect(await button.getAttribute('aria-disabled')).toBeNull();
    // Another value is another intention.
    await value().fill('1800');
    await review().getByText('may change by a factor').first().waitFor();
    expect(await page.getByLabel('I mean it').isChecked()).toBe(false);
    await page.getByRole('button', { name: 'Discard' }).click();
    expect(await value().inputValue()).toBe('80');
  });

  test('that somebody else changed meanwhile shows both differences, and theirs can be taken', async () => {
    const set = (next: number) =>
      world.server.change({ flag: 'cache.ttl', instructions: [{ kind: 'set-value', value: next }] });
    await value().fill('70');
    await review().getByText('70 s').waitFor();
    await set(75);
    const conflict = page.getByRole('alert').filter({ hasText: 'changed this flag' });
    await conflict.getByRole('definition').first().getByText('75 s').waitFor();
    await conflict.getByRole('definition').last().getByText('70 s').waitFor();
    await conflict.getByRole('button', { name: 'Take theirs' }).click();
    await review().waitFor({ state: 'detached' });
    expect(await value().inputValue()).toBe('75');
    await set(80);
    await until(async () => (await value().inputValue()) === '80');

    // Kept, it goes on top of theirs.
    await value().fill('70');
    await review().getByText('70 s').waitFor();
    const when = [{ contextKind: 'account', attribute: 'key', op: 'in', values: ['7'] }];
    const override = (instruction: object) => world.server.change({ flag: 'cache.ttl', instructions: [instruction] });
    await override({ kind: 'set-override', id: 'seven', when, value: 85 });
    await page.getByRole('button', { name: 'Keep mine' }).click();
    expect(await page.getByRole('textbox', { name: 'for account key 7' }).inputValue()).toBe('85');
    expect(await value().inputValue()).toBe('70');
    await review().getByText('1 edit, nothing applied yet').waitFor();
    await page.getByRole('button', { name: 'Discard' }).click();
    await override({ kind: 'remove-override', id: 'seven' });
    await page.getByRole('textbox', { name: 'for account key 7' }).waitFor({ state: 'detached' });
  });

  test('is moved on its ruler by keys', async () => {
    const ruler = page.getByRole('slider');
    await ruler.focus();
    await ruler.press('ArrowRight');
    expect(await value().inputValue()).toBe('81');
    await ruler.press('Shift+ArrowLeft');
    expect(await value().inputValue()).toBe('71');
    await ruler.press('Home');
    expect(await value().inputValue()).toBe('5');
    await page.getByRole('button', { name: 'Discard' }).click();
  });

  test('that code cannot work with is refused by it, and the page says by whom, why and what it keeps', async () => {
    await value().fill('120');
    await review().getByText('120 s').waitFor();
    await apply();
    const row = page.getByRole('listitem').filter({ hasText: 'must be at most 90 s, got 120' });
    await row.filter({ hasText: 'It keeps 80 s.' }).filter({ hasText: 'shop-1' }).waitFor();
    await page.getByRole('heading', { name: 'Not as the layers say 1 of 1 instance' }).waitFor();
    expect(shop.ttl.get()).toBe(80);
    const list = await world.open('configs');
    await list.getByText('refused by 1').waitFor();
    await list.context().close();
  });

  test('is another for one account, and the page explains who gets which', async () => {
    await value().fill('60');
    await page.getByRole('button', { name: 'Override…' }).click();
    await page.getByRole('menuitem', { name: 'account' }).click();
    await review().getByText('does not say for whom').first().waitFor();
    await page.getByRole('button', { name: /^Values/ }).click();
    await page.getByLabel('Values, by comma').fill('"42"');
    await page.keyboard.press('Enter');
    await page.getByRole('textbox', { name: 'for account key 42' }).fill('90');
    await review().getByText('90 s').waitFor();
    await apply();
    await until(() => shop.ttl.get({ kind: 'account', key: '42' }) === 90);
    await until(() => shop.ttl.get({ kind: 'account', key: '43' }) === 60);
    await page.getByRole('heading', { name: 'As the layers say' }).waitFor();

    await page.getByRole('link', { name: 'Explain' }).click();
    const who = page.getByRole('textbox', { name: /^Who: a context/ });
    await who.fill('{"kind": "account", "key": "41", "key": "42"}');
    await page.getByRole('alert').getByText('key: expected each name once, got it twice').waitFor();
    await who.fill('{"kind": "account", "key": "42"}');
    await page.getByRole('button', { name: 'Explain' }).click();
    const answer = page.getByRole('region', { name: 'What they get' });
    await answer.getByText('90 s').first().waitFor();
    expect(await answer.locator('[aria-current=true]').textContent()).toMatch(/account.*42.*decides/);
    expect(await answer.getByRole('listitem').last().textContent()).toContain('applies too, and loses');
  });

  test('of several parts has a form by its schema, and the text on demand', async () => {
    const schema = {
      type: 'object',
      required: ['soft', 'mode'],
      additionalProperties: false,
      properties: {
        soft: { type: 'integer', minimum: 1 },
        mode: { enum: ['fast', 'safe'] },
        hosts: { type: 'array', items: { type: 'string', minLength: 1 } },
      },
    };
    const limits = { soft: 10, mode: 'fast', hosts: ['a'] };
    await world.server.api('POST', '/projects/default/flags', {
      key: 'limits',
      kind: 'config',
      value: limits,
      config: { schema },
    });
    const own = await world.open('configs/limits');
    own.setDefaultTimeout(25_000);
    const refusedStyles = await own.evaluateHandle(() => {
      const refused: string[] = [];
      document.addEventListener('securitypolicyviolation', ({ effectiveDirective, target }) => {
        // When what is selected is typed over, Chromium itself tries to keep the look of the line by an attribute.
        const isOfBrowser = target instanceof Element && target.closest('.cm-line') !== null;
        if (effectiveDirective !== 'style-src-attr' || !isOfBrowser) refused.push(effectiveDirective);
      });
      return refused;
    });
    await own.getByRole('button', { name: /edit limits everywhere$/ }).click();
    await own.getByRole('combobox', { name: /mode$/ }).selectOption({ label: 'safe' });
    await own.getByRole('textbox', { name: /soft$/ }).fill('0');
    await own.getByText('0 is below the minimum of 1', { exact: true }).first().waitFor();
    await own.getByRole('textbox', { name: /soft$/ }).fill('20');
    await own.getByRole('button', { name: 'Edit as JSON' }).click();
    const text = own.getByRole('textbox', { name: /as JSON$/ });
    expect(JSON.parse((await text.innerText()).trim())).toEqual({ ...limits, soft: 20, mode: 'safe' });
    await text.fill('{"soft": 20, "mode": "slow"');
    const notWhole = own.getByText('What stands in the text editor is not whole yet', { exact: false });
    await notWhole.waitFor();
    await text.fill('{"soft": 20, "mode": "safe", "soft": 30}');
    await own.locator('.cm-lintRange-error').first().waitFor();
    await notWhole.waitFor();
    await text.fill('{"soft": 20, "mode": "slow"}');
    await own.locator('.cm-lintRange-error', { hasText: '"slow"' }).waitFor();
    await text.fill('{"soft": 20, "mode": "safe"}');
    await own.getByRole('region', { name: 'Review' }).getByText('1 edit').waitFor();
    await own.getByRole('button', { name: 'Apply to production' }).click();
    await own.getByRole('region', { name: 'Convergence' }).waitFor();
    await until(
      () =>
        JSON.stringify(shop.client.value('limits', { kind: 'user', key: 'mara' }, {})) === '{"soft":20,"mode":"safe"}',
    );
    // The editor's styles are let in by the policy.
    expect(await refusedStyles.jsonValue()).toEqual([]);
    await own.context().close();
  });

  test.each([['on a phone', { ...phone }]] as const)(
    'is accessible %s, and nothing is wider than the screen',
    async (_, options) => {
      for (const path of ['configs', 'configs/cache.ttl', 'configs/limits']) {
        const seen = await world.open(path, options);
        await seen
          .getByText(path === 'configs' ? 'Value in force' : 'Bounds', { exact: true })
          .waitFor({ state: 'attached' });
        const { violations } = await new AxeBuilder({ page: seen }).analyze();
        expect(violations.map(({ id, nodes }) => [path, id, nodes.map(({ html }) => html)])).toEqual([]);
        expect(await seen.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0);
        await seen.context().close();
      }
      // axe looks at every element of three pages.
    },
    120_000,
  );
});
