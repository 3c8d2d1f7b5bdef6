import type { Client } from '@sluice/sdk-node';
import { until } from '@sluice/testkit';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasBrowser } from '../browser.ts';
import { isTooWide } from '../find-faults.ts';
import { settled } from '../settled.ts';
import { desktop, phone, startWorld, type World } from '../world.ts';
import { hostile, seedHostile } from './hostile-seed.ts';

/** What came of a name that is more than text, or that reaches into what stands beside it. */
function listTraces(): readonly string[] {
  const outer = (element: Element) => element.outerHTML.slice(0, 160);
  const made = [...document.querySelectorAll('img, script, iframe, object, embed, base, form[action], a[href]')]
    .filter(
      (element) =>
        !element.matches('script[src^="/"], script[nonce], img[src^="/"]') &&
        !(element instanceof HTMLAnchorElement && ['http:', 'https:'].includes(element.protocol)),
    )
    .map((element) => `made: ${outer(element)}`);
  const armed = [...document.querySelectorAll('*')]
    .filter((element) => element.getAttributeNames().some((name) => name.startsWith('on')))
    .map((element) => `armed: ${outer(element)}`);
  // What turns the direction of writing stays within an element of its own, or what follows is turned too.
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const turned: string[] = [];
  for (let text = texts.nextNode(); text !== null; text = texts.nextNode()) {
    const parent = text.parentElement;
    if (parent === null || !/[\u202A-\u202E\u2066-\u2069]/.test(text.textContent ?? '')) continue;
    const { display, unicodeBidi } = getComputedStyle(parent);
    // Pieces of a row are apart anyway; so is what is inline and isolated, whatever it says besides.
    const isApart = /flex|grid/.test(display) || (display === 'inline' && unicodeBidi.includes('isolate'));
    const after = [...parent.childNodes].slice([...parent.childNodes].indexOf(text as ChildNode) + 1);
    const isLast = display !== 'inline' && after.every((each) => /^[\s“”".,:;()]*$/.test(each.textContent ?? ''));
    if (!isApart && !isLast) turned.push(`turned: ${parent.outerHTML.slice(0, 300)}`);
  }
  return [...made, ...armed, ...turned];
}

describe.runIf(hasBrowser())('names and values that mean harm', () => {
  let world: World;
  let clients: readonly Client[];
  let pages: readonly string[];
  let absent: readonly string[];

  beforeAll(async () => {
    world = await startWorld();
    ({ clients, pages, absent } = await seedHostile(world.server));
    const at = '/projects/default/environments/production';
    const ask = async (path: string) => (await world.server.api('GET', `${at}/${path}`)).body;
    await until(async () => (await ask('contexts')).sampled >= hostile.length);
    await until(async () => (await ask('flags/propertyIsEnumerable/mismatches')).kept >= hostile.length);
  }, 300_000);
  afterAll(async () => {
    await Promise.all(clients.map((client) => client.close()));
    await world.close();
  });

  test.each([
    ['a phone', phone],
    ['a desktop', desktop],
  ])('are text and nothing else on every page, on %s', async (_, size) => {
    const page = await world.open('now', size);
    const told = await listen(page);
    const found: string[] = [];
    for (const path of [...pages, ...absent]) {
      await page.goto(`${world.server.url}/default/production/${path}`);
      await settled(page, absent.includes(path) ? 2 : 1);
      if (absent.includes(path)) {
        const words = (await page.locator('#main').textContent()) ?? '';
        if (!words.includes('There is no such thing here')) found.push(`${path}: says ${words}`);
      }
      const traces = await page.evaluate(listTraces);
      if (await isTooWide(page)) found.push(`${path}: too wide`);
      found.push(...traces.map((trace) => `${path}: ${trace}`), ...told.splice(0).map((words) => `${path}: ${words}`));
    }
    // That there is no such thing may be told, in the console later than on the page.
    const isAbsence = (line: string) =>
      /status of 40[04]/.test(line) && absent.some((path) => line.includes(`/${path.split('/')[1]}`));
    expect(found.filter((line) => !isAbsence(line))).toEqual([]);
  });

  test('are shown as they are', async () => {
    const page = await world.open('now');
    const lists = [
      'valves/valueOf',
      'flags',
      'segments',
      'contexts',
      'fleet?state=current',
      'changes',
      'environments',
      'people',
    ];
    const missing: string[] = [];
    for (const path of [...lists, 'people?tab=tokens', 'configs/isPrototypeOf', 'migrations/propertyIsEnumerable']) {
      await page.goto(`${world.server.url}/default/production/${path}`);
      await settled(page);
      const text = (await page.locator('#main').textContent()) ?? '';
      missing.push(...hostile.filter((name) => !text.includes(name)).map((name) => `${path}: ${name}`));
    }
    expect(missing).toEqual([]);
  });

  test('do nothing where they are typed, found, reviewed and asked about', async () => {
    const page = await world.open('flags/constructor');
    const told = await listen(page);
    await settled(page);
    await page.keyboard.press('Control+k');
    for (const name of hostile) {
      await page.getByRole('combobox', { name: 'Find or do anything' }).fill(name);
      await page.waitForTimeout(0);
    }
    await page.keyboard.press('Escape');
    await page.getByRole('switch', { name: 'On' }).click();
    await page.getByRole('region', { name: 'Review' }).getByText('turned off').waitFor();
    await page.getByLabel('Why').fill(hostile[0] ?? '');
    expect(await page.evaluate(listTraces)).toEqual([]);
    for (const button of ['Change environment', 'You']) {
      await page.getByRole('button', { name: button }).click();
      await page.getByRole('menu').waitFor();
      expect(await page.evaluate(listTraces)).toEqual([]);
      expect(await isTooWide(page)).toBe(false);
      await page.keyboard.press('Escape');
    }
    expect(told).toEqual([]);
  });
});

/** Everything that must not happen, as it happens. */
async function listen(page: Page): Promise<string[]> {
  const told: string[] = [];
  const tell = "addEventListener('securitypolicyviolation', (e) => console.error('policy ' + e.violatedDirective))";
  await page.addInitScript({ content: tell });
  page.on(
    'console',
    (message) => message.type() === 'error' && told.push(`${message.text()} ${message.location().url}`),
  );
  page.on('pageerror', (error) => told.push(error.message));
  page.on('dialog', (dialog) => {
    told.push(`a dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  return told;
}
