import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from '@sluice/sdk-node';
import { findFreePort, startTestServer, until } from '@sluice/testkit';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { dashboardFolder } from '../build.ts';
import { hasBrowser } from './browser.ts';
import { settled } from './settled.ts';
import { desktop, phone, startWorld, type World } from './world.ts';

const user = { kind: 'user', key: 'ann' };

describe.runIf(hasBrowser())('Now', () => {
  let world: World;

  beforeAll(async () => {
    world = await startWorld();
  }, 300_000);
  afterAll(() => world.close());

  async function createFlag(key: string): Promise<void> {
    await world.server.api('POST', '/projects/default/flags', { key });
    await world.server.change({ flag: key, instructions: [{ kind: 'turn-on' }] });
  }

  async function watch() {
    const sluice = createClient({ url: world.server.url, sdkKey: world.server.sdkKey });
    onTestFinished(() => sluice.close());
    await sluice.ready({ timeoutMs: 60_000 });
    return sluice;
  }

  test('turns a flag off in two taps on a phone, and an SDK follows', async () => {
    await createFlag('killed');
    const sluice = await watch();
    expect(sluice.enabled('killed', user)).toBe(true);
    const page = await world.open('now', phone);
    await page.getByRole('button', { name: 'Turn off killed' }).tap();
    const sheet = page.getByRole('dialog', { name: 'Turn off killed' });
    await sheet.getByText('Everyone gets false').waitFor();
    await sheet.getByRole('button', { name: 'Turn off in production' }).tap();
    await until(() => !sluice.enabled('killed', user));
    await sheet.waitFor({ state: 'detached' });
    await page.getByText('killed turned off').waitFor();
    await page.getByRole('button', { name: 'Turn off killed' }).waitFor({ state: 'detached' });
  });

  test('shows what somebody else changed without being loaded again, with how far it got', async () => {
    await createFlag('elsewhere');
    await watch();
    const page = await world.open('now', desktop);
    const rows = page.getByRole('list', { name: 'Changes in the last 30 minutes' });
    await rows.getByText('elsewhere turned on').waitFor();
    await page.evaluate(() => Object.assign(globalThis, { wasLoaded: 'once' }));
    await world.server.change({ flag: 'elsewhere', instructions: [{ kind: 'turn-off' }], comment: 'by a script' });
    const row = rows.getByRole('listitem').filter({ hasText: 'by a script' });
    await row.getByText('elsewhere turned off').waitFor();
    await row.getByText(/^in (\d+ m?s|\d\.\d\d s)$/).waitFor();
    await row.getByTitle(/^1 of 1 instance has it, after \d/).waitFor();
    expect(await page.evaluate(() => (globalThis as { wasLoaded?: string }).wasLoaded)).toBe('once');
  });

  test('keeps the since line in the address, and leads to what going back would do', async () => {
    for (const key of ['since-a', 'since-b']) await createFlag(key);
    const page = await world.open('now', desktop);
    await page.getByText('since-b turned on').waitFor();
    await page.keyboard.press('[');
    await page.getByRole('button', { name: /^Revert 1 change since/ }).waitFor();
    await page.keyboard.press('[');
    await page.getByRole('button', { name: /^Revert 2 changes since/ }).waitFor();
    expect(new URL(page.url()).searchParams.get('since')).toMatch(/^\d{4}-\d\d-\d\dT/);
    await page.reload();
    await page.getByRole('button', { name: /^Revert 2 changes since/ }).waitFor();
    await page.keyboard.press(']');
    await page.getByRole('button', { name: /^Revert 1 change since/ }).waitFor();
    await page.keyboard.press('Shift+R');
    const panel = page.getByRole('region', { name: 'Revert since' });
    await panel.getByText('since-b').first().waitFor();
    await panel.getByRole('heading', { name: /^Back to how it was at \d\d:\d\d:\d\d$/ }).waitFor();
    expect(new URL(page.url()).pathname).toBe('/default/production/changes');
  });
});

describe.runIf(hasBrowser())('a page that loses its server', () => {
  test('says so with the time that it shows, and that applications go on; and goes on itself when the server is back', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-journey-'));
    const port = await findFreePort();
    const world = await startWorld({ folder, port });
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    await world.server.api('POST', '/projects/default/flags', { key: 'shown' });
    const page = await world.open('now', desktop);
    await page.getByRole('status').filter({ hasText: /^Live/ }).waitFor();
    await settled(page);
    await world.server.close();
    const banner = page.getByRole('alert');
    await banner.getByText(/No contact for \d+ s/).waitFor({ timeout: 30_000 });
    expect(await banner.textContent()).toMatch(/This page shows \d\d:\d\d:\d\d\. *Your applications keep working\./);
    await page.getByRole('status').filter({ hasText: 'No contact' }).waitFor();
    // While it is away: once it is back, the page may be sooner than a hand.
    const tried = page.waitForRequest(/\/events\b/);
    await banner.getByRole('button', { name: 'Try now' }).click();
    await tried;

    const again = await startTestServer({ folder, port, dashboard: dashboardFolder });
    onTestFinished(async () => {
      await world.browser.close();
      await again.close();
    });
    await banner.waitFor({ state: 'detached', timeout: 30_000 });
    await again.change({ flag: 'shown', instructions: [{ kind: 'turn-on' }] });
    await page.getByText('shown turned on').waitFor();
  }, 120_000);
});
