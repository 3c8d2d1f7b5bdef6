import { AxeBuilder } from '@axe-core/playwright';
import { createClient } from '@sluice/sdk-node';
import { openTestSocket } from '@sluice/testkit';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { hasBrowser } from '../browser.ts';
import { phone, startWorld, type World } from '../world.ts';

// Many steps each, on machines that have more to do.
describe.runIf(hasBrowser())('the fleet in the dashboard', () => {
  let world: World;

  beforeAll(async () => {
    world = await startWorld();
  }, 300_000);
  afterAll(() => world.close());

  async function startInstance(key: string, zone: string) {
    const instance = { key, zone, service: 'checkout', version: '1.4.2' };
    const client = createClient({ url: world.server.url, sdkKey: world.server.sdkKey, instance });
    onTestFinished(() => client.close());
    await client.ready({ timeoutMs: 60_000 });
    return client;
  }

  test('is nobody at first, and instances appear, are found by zone, and leave while one looks', async () => {
    const page = await world.open('fleet');
    await page.getByText('No instance is connected yet').waitFor();

    await startInstance('checkout-1', 'eu-1a');
    const second = await startInstance('checkout-2', 'eu-1b');
    await title(page, '2 of 2 instances run the newest version').waitFor();
    await page.getByText('Nobody: no instance refused anything').waitFor();

    await page.getByRole('link', { name: 'eu-1b 1' }).click();
    await page.getByRole('heading', { name: 'Instances of checkout in eu-1b' }).waitFor();
    expect(await names(page)).toEqual(['checkout-2']);
    expect(new URL(page.url()).search).toBe('?service=checkout&zone=eu-1b');
    await page.reload();
    await page.getByRole('heading', { name: 'Instances of checkout in eu-1b' }).waitFor();
    expect(await names(page)).toEqual(['checkout-2']);
    expect(await findFaults(page)).toEqual([]);

    await page.getByRole('button', { name: 'Clear filter' }).click();
    await page.getByLabel('Find an instance').fill('checkout-1');
    await page.getByRole('heading', { name: 'Instances like “checkout-1”' }).waitFor();
    expect(await names(page)).toEqual(['checkout-1']);

    await second.close();
    await title(page, 'The one instance runs the newest version').waitFor();
    await page.getByRole('button', { name: 'State' }).click();
    await page.getByRole('menuitem', { name: 'gone' }).click();
    await page.getByLabel('Find an instance').fill('');
    await page.getByRole('heading', { name: 'Instances gone within the last day' }).waitFor();
    await page.getByRole('link', { name: 'checkout-2' }).waitFor();
  });

  test('shows an instance: what it says of itself, what it runs, and the change it just had', async () => {
    await startInstance('checkout-7f9c-xk2', 'eu-1c');
    const page = await world.open('fleet?zone=eu-1c');
    await page.getByRole('link', { name: 'checkout-7f9c-xk2' }).click();
    await page.getByRole('heading', { level: 1, name: 'checkout-7f9c-xk2' }).waitFor();
    await fact(page, 'zone', 'eu-1c').waitFor();
    await fact(page, 'Contact', 'connected by socket').waitFor();

    await world.server.api('POST', '/projects/default/flags', { key: 'new-checkout' });
    const { version } = await world.server.change({ flag: 'new-checkout', instructions: [{ kind: 'turn-on' }] });
    await fact(page, 'Version', `v${version}`).waitFor();
    await fact(page, `v${version}`, 'after').waitFor();
    expect(await findFaults(page)).toEqual([]);
  });

  test('names an instance that refused something, and says why', async () => {
    const socket = await openTestSocket(world.server.url, world.server.sdkKey);
    onTestFinished(() => socket.cut());
    const { state } = JSON.parse((await socket.until('payload-transferred')).at(-1)?.data ?? '');
    const refused = [{ kind: 'flag', key: 'new-checkout', version: 2, reason: 'this build has no such variation' }];
    const who = { key: 'checkout-old', session: 'session of checkout-old', connection: 1, via: 'socket' };
    socket.send({ kind: 'hello', ...who, running: { state, refused } });
    socket.send({ kind: 'events', id: 'first', events: [] });
    await socket.until('taken');
    const page = await world.open('now');
    await page.getByRole('link', { name: 'See 1' }).click();
    await page.getByRole('heading', { name: 'Instances that refused something' }).waitFor();
    const row = page.getByRole('listitem').filter({ hasText: 'checkout-old' });
    await row.getByText('this build has no such variation').waitFor();
    await row.getByRole('link').click();
    await page.getByRole('heading', { name: 'It could not use' }).waitFor();
    expect(await findFaults(page)).toEqual([]);
  });

  test('fits a phone', async () => {
    await startInstance('a-very-long-name-of-an-instance-that-somebody-chose-7f9c5d8b6c-xk2qv', 'europe-west-1-zone-b');
    const page = await world.open('fleet?service=checkout', phone);
    await page.getByRole('list', { name: 'Instances' }).waitFor();
    expect(await page.evaluate('document.getElementById("main").scrollWidth')).toBe(360);
    expect(await findFaults(page)).toEqual([]);
  });
});

function title(page: Page, name: string) {
  return page.getByRole('heading', { level: 1, name });
}

async function names(page: Page): Promise<string[]> {
  const links = page.getByRole('list', { name: 'Instances' }).getByRole('link');
  // The heading says what was asked for before the answer is there.
  await links.first().waitFor();
  return links.evaluateAll((all) => all.map((link) => link.getAttribute('data-row') ?? ''));
}

/** A fact of a list of facts: its name, and what it is. */
function fact(page: Page, name: string, value: string) {
  return page
    .locator('dl > div')
    .filter({ has: page.locator('dt').getByText(name, { exact: true }) })
    .getByText(value);
}

/** What axe finds, in a line for each. */
async function findFaults(page: Page): Promise<readonly string[]> {
  const { violations } = await new AxeBuilder({ page }).include('#main').analyze();
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
}
