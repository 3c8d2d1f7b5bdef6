import { createClient } from '@sluice/sdk-node';
import { until } from '@sluice/testkit';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { hasBrowser } from './browser.ts';
import { startWorld, type World } from './world.ts';

describe.runIf(hasBrowser())('environments and their keys', () => {
  let world: World;

  beforeAll(async () => {
    world = await startWorld();
  }, 300_000);
  afterAll(() => world.close());

  test('a key is made, shown once, used, and revoked: the SDK is cut', async () => {
    const page = await world.open('environments');
    await page.getByRole('button', { name: 'New key' }).click();
    await page.getByLabel('Who uses it').fill('checkout');
    await page.getByRole('button', { name: 'Create key' }).click();
    const sdkKey = await page.getByLabel('SDK key', { exact: true }).inputValue();
    await page.getByRole('button', { name: 'Done' }).click();
    expect(await page.locator('main').textContent()).not.toContain(sdkKey);

    await world.server.api('POST', '/projects/default/flags', { key: 'banner' });
    const sluice = createClient({ url: world.server.url, sdkKey, instance: { key: 'checkout-7' } });
    onTestFinished(() => sluice.close());
    await sluice.ready({ timeoutMs: 60_000 });
    // Uses are written down every half minute.
    await world.server.running.context.usage.flush();
    await page.reload();
    await page.getByRole('button', { name: 'Revoke checkout' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('checkout-7').waitFor();
    await dialog.getByText(/used .* ago/).waitFor();
    await dialog.getByRole('button', { name: 'Revoke in production' }).click();
    await page.getByText('1 key was revoked').waitFor();
    await until(() => sluice.status.state !== 'live');
    // What it knew it still serves.
    await world.server.change({ flag: 'banner', instructions: [{ kind: 'turn-on' }] });
    expect(sluice.enabled('banner', { kind: 'user', key: 'a' })).toBe(false);
  });

  test('a key that is shown once stays for who clicks twice, beside it, or presses Escape', async () => {
    const page = await world.open('environments');
    await page.getByRole('button', { name: 'New key' }).click();
    await page.getByLabel('Who uses it').fill('twice');
    await page.evaluate(clickDoneAtOnce);
    await page.getByRole('button', { name: 'Create key' }).click();
    const secret = page.getByLabel('SDK key', { exact: true });
    await secret.waitFor();
    await page.mouse.click(2, 2);
    await page.keyboard.press('Escape');
    expect(await secret.inputValue()).not.toBe('');
    await page.getByRole('button', { name: 'Done' }).click();
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
  });

  test('an environment is made with keys that work, and marked as production', async () => {
    const page = await world.open('environments');
    await page.getByRole('button', { name: 'New environment' }).click();
    await page.getByLabel('Key', { exact: true }).fill('live-eu');
    await page.getByRole('button', { name: 'Create environment' }).click();
    const sdkKey = await page.getByLabel('SDK key, for servers', { exact: true }).inputValue();
    const sluice = createClient({ url: world.server.url, sdkKey });
    onTestFinished(() => sluice.close());
    await sluice.ready({ timeoutMs: 60_000 });
    await page.getByRole('link', { name: 'Go to live-eu' }).click();
    await page.getByRole('heading', { name: 'Keys of live-eu' }).waitFor();

    await page.getByRole('button', { name: 'Edit live-eu' }).click();
    await page.getByRole('radio', { name: 'Production', exact: true }).click();
    await page.getByRole('button', { name: 'Change live-eu' }).click();
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    await page.getByRole('button', { name: 'New key' }).click();
    // The mark is on everything that writes there.
    await page.getByRole('dialog').getByText('live-eu').waitFor();
    const { body } = await world.server.api('GET', '/projects/default/environments');
    expect(body.items.find(({ key }: { key: string }) => key === 'live-eu').isProduction).toBe(true);
  });
});

/** Run in the page: a second click, at what comes to lie where Done is as soon as that is drawn. */
function clickDoneAtOnce(): void {
  const observer = new MutationObserver(() => {
    const done = [...document.querySelectorAll('[role=dialog] button')].find((each) => each.textContent === 'Done');
    if (done === undefined) return;
    observer.disconnect();
    const { x, y, width, height } = done.getBoundingClientRect();
    const hit = document.elementFromPoint(x + width / 2, y + height / 2);
    if (hit instanceof HTMLElement) hit.click();
  });
  observer.observe(document.body, { childList: true, subtree: true });
}
