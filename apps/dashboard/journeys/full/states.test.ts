import { type Client, createClient } from '@sluice/sdk-node';
import { startTcpProxy, type TestServer, until } from '@sluice/testkit';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { hasBrowser } from '../browser.ts';
import { findFaults, isTooWide } from '../find-faults.ts';
import { settled } from '../settled.ts';
import { comeIn, desktop, logIn, phone, startWorld, type World } from '../world.ts';

/** Pages with a list: what stands where there is nothing yet, the first thing to do about it, and what they ask for. */
const lists = [
  { path: 'now', empty: 'All normal in production', asks: 'changes' },
  { path: 'valves', empty: 'No valves yet', act: 'New valve', asks: 'valves' },
  { path: 'migrations', empty: 'No migrations yet', act: 'New migration', asks: 'migration-rows' },
  { path: 'configs', empty: 'No configs yet', act: 'New config', asks: 'flag-rows' },
  { path: 'flags', empty: 'No flags yet', act: 'New flag', asks: 'flag-rows' },
  { path: 'segments', empty: 'No segments yet', act: 'New segment', asks: 'segment-rows' },
  { path: 'contexts', empty: 'No contexts yet', asks: 'contexts' },
  { path: 'fleet', empty: 'No instance is connected yet', asks: 'fleet' },
  { path: 'changes', empty: 'Nothing was changed yet', asks: 'changes' },
  { path: 'environments', empty: 'No edges yet', act: 'New edge', asks: 'credentials' },
  { path: 'people', empty: 'People and tokens', act: 'Invite somebody', asks: 'people' },
  { path: 'people?tab=tokens', empty: 'People and tokens', act: 'New token', asks: 'tokens' },
] as const;

const keyOf = (kind: string, at: number) => `${kind}-${at}-of-many-with-a-name-that-is-not-short-at-all`;

/** So many of everything that has a list. */
async function seedMany(server: TestServer, count: number): Promise<readonly Client[]> {
  const create = async (path: string, body: object) => {
    const answer = await server.api('POST', path, body);
    if (answer.status >= 300) throw new Error(`${path}: ${JSON.stringify(answer.body)}`);
  };
  const about = { owner: 'Logistics and returns', tags: ['checkout', 'payments', 'a-long-tag-for-cleaning-up'] };
  const variations = [{ value: 'normal' }, { value: 'cached' }, { value: 'off-404' }];
  for (let at = 0; at < count; at++) {
    const flag = (kind: string, more: object = {}) =>
      create('/projects/default/flags', { key: keyOf(kind, at), kind, ...about, ...more });
    await flag('release');
    await flag('valve', { variations });
    await flag('config', { value: 60 });
    await flag('migration');
    await server.change({ segment: keyOf('segment', at), instructions: [{ kind: 'create-segment' }] });
    await server.change({ flag: keyOf('release', at), comment: 'for all', instructions: [{ kind: 'turn-on' }] });
    if (at % 4 === 0) {
      const trip = { kind: 'trip', mode: 'cached', reason: 'The nodes of the search are in long collections' };
      await server.change({ flag: keyOf('valve', at), instructions: [trip] });
      await server.change({ flag: keyOf('migration', at), instructions: [{ kind: 'set-stage', stage: 'dualwrite' }] });
    }
    await create('/tokens', { name: keyOf('token', at), grants: [{ role: 'viewer' }] });
    await create('/projects/default/environments/production/credentials', { name: keyOf('key', at) });
    await create('/edges', {
      name: keyOf('edge', at),
      environments: [{ project: 'default', environment: 'production' }],
    });
    await create('/invitations', { email: `${keyOf('person', at)}@example.com`, grants: [{ role: 'viewer' }] });
  }
  return Promise.all(
    Array.from({ length: Math.min(12, count) }, async (_, at) => {
      const instance = { key: keyOf('instance', at), service: keyOf('service', at % 5), zone: `zone-${at % 7}` };
      const client = createClient({ url: server.url, sdkKey: server.sdkKey, instance });
      await client.ready({ timeoutMs: 60_000 });
      for (let user = 0; user < count; user++)
        client.enabled(keyOf('release', 0), { kind: 'user', key: keyOf('user', user) });
      await client.flush();
      return client;
    }),
  );
}

/** More than come at once. */
const many = 105;

describe.runIf(hasBrowser()).each([0, 1, many])('lists with %i rows', (count) => {
  let world: World;
  let clients: readonly Client[] = [];

  beforeAll(async () => {
    world = await startWorld();
    clients = await seedMany(world.server, count);
    const contexts = '/projects/default/environments/production/contexts';
    await until(async () => (await world.server.api('GET', contexts)).body.sampled >= count);
    // Signs in once for all.
    await (await world.open('now')).context().close();
  }, 300_000);
  afterAll(async () => {
    await Promise.all(clients.map((client) => client.close()));
    await world.close();
  });

  async function visit(page: Page, path: string): Promise<void> {
    await page.goto(`${world.server.url}/default/production/${path}`);
    await settled(page);
  }

  test.each([
    ['a phone', { ...phone, colorScheme: 'light' }],
    ['a desktop', { ...desktop, colorScheme: 'dark' }],
  ] as const)('fit and break no rule of accessibility, on %s', async (_, options) => {
    const page = await world.open('now', options);
    const found: string[] = [];
    for (const { path } of lists) {
      await visit(page, path);
      if (await isTooWide(page)) found.push(`${path}: too wide`);
      if (await page.locator('#main').evaluate((main) => main.scrollWidth > main.clientWidth)) {
        found.push(`${path}: cut off`);
      }
      found.push(...(await findFaults(page)).map((fault) => `${path}: ${fault}`));
    }
    expect(found).toEqual([]);
  });

  if (count === 0)
    test('say what belongs there, and what to do', async () => {
      const page = await world.open('now');
      const found: string[] = [];
      for (const { path, empty, ...rest } of lists) {
        await visit(page, path);
        const main = page.locator('#main');
        if ((await main.getByRole('heading', { name: empty }).count()) === 0)
          found.push(`${path}: does not say ${empty}`);
        if (!('act' in rest)) continue;
        const act = main.getByRole('button', { name: rest.act });
        if ((await act.count()) === 0) found.push(`${path}: does not offer ${rest.act}`);
      }
      expect(found).toEqual([]);
    });

  if (count === many)
    test('show on', async () => {
      const page = await world.open('now');
      for (const path of ['migrations', 'configs', 'segments', 'contexts']) {
        await visit(page, path);
        const last = page.locator(`main li[aria-posinset="${many}"]`);
        await until(async () => {
          await page.locator('#main').evaluate((main) => main.scrollTo(0, main.scrollHeight));
          return (await last.count()) > 0;
        });
      }
      await visit(page, 'flags');
      await page.getByText(new RegExp(`^1 to \\d+ of ${4 * many}$`)).waitFor();
      expect(await page.locator('main li').count()).toBeLessThan(100);
    });
});

describe.runIf(hasBrowser())('pages', () => {
  let world: World;

  beforeAll(async () => {
    world = await startWorld();
    const { server } = world;
    const variations = [{ value: 'normal' }, { value: 'cached' }];
    await server.api('POST', '/projects/default/flags', { key: 'banner' });
    await server.api('POST', '/projects/default/flags', { key: 'search', kind: 'valve', variations });
    await server.api('POST', '/projects/default/flags', { key: 'orders', kind: 'migration' });
    await server.api('POST', '/projects/default/flags', { key: 'cache.ttl', kind: 'config', value: 60 });
    await server.change({ segment: 'beta', instructions: [{ kind: 'create-segment' }] });
    await server.change({ flag: 'banner', instructions: [{ kind: 'turn-on' }] });
    const trip = { kind: 'trip', mode: 'cached', reason: 'slow' };
    await server.change({ flag: 'search', instructions: [trip] });
    await (await world.open('now')).context().close();
  }, 300_000);
  afterAll(() => world.close());

  test('tell a viewer why a button is not for them, wherever something is written', async () => {
    const { link } = (await world.server.api('POST', '/invitations', { grants: [{ role: 'viewer' }] })).body;
    const page = await world.open('/', { isStranger: true });
    await comeIn(page, link, { name: 'Vic Looker', email: 'vic@example.com', password: 'a sentence of somebody' });
    const words = /^You can look, not change\. (Operators|Editors|Administrators) can: Mara Kessler$/;
    for (const [path, name] of [
      ['valves', 'Restore search'],
      ['valves', 'Change search'],
      ['valves/search', 'Trip…'],
      ['migrations/orders', 'Advance to dualwrite…'],
      ['configs', 'New config'],
      ['flags', 'New flag'],
      ['segments', 'New segment'],
      ['segments/beta', 'Delete…'],
      ['changes?since=1', /^Revert \d+ in production$/],
      ['environments', 'New environment…'],
      ['environments', 'New key…'],
      ['environments', 'Edit production'],
      ['people', 'Invite somebody…'],
      ['people?tab=tokens', 'New token…'],
    ] as const) {
      await page.goto(`${world.server.url}/default/production/${path}`);
      const button = page.locator('#main').getByRole('button', { name }).first();
      await button.and(page.locator('[aria-disabled=true]')).waitFor();
      await button.focus();
      await page.getByRole('tooltip').getByText(words).waitFor();
      expect(await page.getByRole('dialog').count()).toBe(0);
    }
    // Where it is asked about first, the question says so.
    for (const [path, open] of [
      ['now', 'Restore search'],
      ['now', 'Revert the change of search'],
      ['valves/search', 'Restore search'],
    ] as const) {
      await page.goto(`${world.server.url}/default/production/${path}`);
      const button = page.locator('#main').getByRole('button', { name: open }).first();
      await button.waitFor();
      if ((await button.getAttribute('aria-disabled')) === 'true') continue;
      await button.click();
      await page
        .getByRole('dialog')
        .getByText(/You can look, not change/)
        .waitFor();
    }
  });

  test('say that they lost the server and what they show, and go on by themselves once it is back', async () => {
    const { hostname: host, port } = new URL(world.server.url);
    const network = await startTcpProxy({ host, port: Number(port) });
    onTestFinished(() => network.close());
    const page = await world.open('now');
    await page.goto(`http://127.0.0.1:${network.port}/default/production/flags`);
    await page.getByRole('banner').getByText('Live').waitFor();
    await page.getByRole('link', { name: /banner/ }).waitFor();
    network.swallow();
    network.disconnect();
    await page.getByRole('banner').getByText('Reconnecting').waitFor();
    await page
      .getByRole('alert')
      .getByText(/^No contact for/)
      .waitFor();
    await page.getByText('Your applications keep working.').waitFor();
    expect(await page.getByRole('link', { name: /banner/ }).count()).toBe(1);
    expect(await findFaults(page)).toEqual([]);
    await world.server.change({ flag: 'banner', instructions: [{ kind: 'turn-off' }] });
    // While it is away: once it is back, the page may be sooner than a hand.
    await page.getByRole('button', { name: 'Try now' }).click();
    network.heal();
    network.disconnect();
    await page.getByRole('banner').getByText('Live').waitFor();
    await page.getByRole('alert').waitFor({ state: 'detached' });
    await untilOff(page);
  });

  test('whose code does not come say so within their frame, and come once the server is back', async () => {
    const page = await world.open('flags');
    await page.getByRole('banner').getByText('Live').waitFor();
    await page.context().setOffline(true);
    await page.getByRole('link', { name: 'Segments' }).click();
    await page.getByRole('heading', { name: 'This page did not come' }).waitFor();
    expect(await findFaults(page)).toEqual([]);
    const again = page.getByRole('button', { name: 'Try again' });
    await again.click();
    await again.waitFor();
    await page.context().setOffline(false);
    await again.click();
    await page.getByRole('heading', { name: 'Segments', level: 1 }).waitFor();

    // Of a server that was updated, which has it under another name.
    await page.route('**/assets/contexts-page*.js', (route) => route.fulfill({ status: 404 }));
    await page.getByRole('link', { name: 'Contexts' }).click();
    const loaded = page.waitForEvent('load');
    await again.click();
    await loaded;
  });

  test('say so too where the stream of events never began', async () => {
    const page = await world.open('now');
    await page.route('**/events', (route) => route.abort());
    await page.reload();
    await page
      .getByRole('alert')
      .getByText(/^No contact for/)
      .waitFor();
    expect(await page.getByRole('banner').textContent()).toContain('No contact');
  });

  /** In the list of flags of production: in staging `banner` is off all the time, and a state alike is not said twice. */
  async function untilOff(page: Page): Promise<void> {
    await page.getByRole('listitem').filter({ hasText: 'banner' }).getByText('same', { exact: true }).waitFor();
  }

  async function untilOn(page: Page): Promise<void> {
    const row = page.getByRole('listitem').filter({ hasText: 'banner' });
    // What is said of staging.
    await row.getByText('off', { exact: true }).waitFor();
    expect(await row.getByText('same', { exact: true }).count()).toBe(0);
  }

  test('show what was changed while another environment was looked at', async () => {
    const turn = (kind: string) => world.server.change({ flag: 'banner', instructions: [{ kind }] });
    await turn('turn-on');
    const page = await world.open('flags');
    await untilOn(page);
    for (const environment of ['staging', 'production']) {
      await page.getByRole('button', { name: /change environment/ }).click();
      await page.getByRole('menuitem', { name: environment }).click();
      await page.waitForURL(`**/default/${environment}/flags`);
      await page.getByRole('banner').getByText('Live').waitFor();
      if (environment === 'staging') await turn('turn-off');
    }
    await untilOff(page);
  });

  test('show what was written on them, also where the stream is held up', async () => {
    const page = await world.open('now');
    await page.route('**/events', () => undefined);
    await page.goto(`${world.server.url}/default/production/valves/search`);
    await page.getByRole('banner').getByText('Connecting').waitFor();
    await page.getByRole('button', { name: 'Restore search' }).click();
    await page
      .getByRole('dialog')
      .getByRole('button', { name: /^Restore/ })
      .click();
    await page.getByRole('banner').getByText('nothing off normal').waitFor();
    expect(await page.getByRole('banner').textContent()).toContain('Connecting');
    const trip = { kind: 'trip', mode: 'cached', reason: 'slow' };
    await world.server.change({ flag: 'search', instructions: [trip] });
  });

  test('give their connection up while nobody looks, and are right again when seen', async () => {
    const turn = (kind: string) => world.server.change({ flag: 'banner', instructions: [{ kind }] });
    await turn('turn-on');
    const page = await world.open('now');
    await page.clock.install();
    await page.goto(`${world.server.url}/default/production/flags`);
    await page.getByRole('banner').getByText('Live').waitFor();
    await untilOn(page);
    const see = (state: string) =>
      page.evaluate((visibilityState) => {
        Object.defineProperty(document, 'visibilityState', { value: visibilityState, configurable: true });
        document.dispatchEvent(new Event('visibilitychange'));
      }, state);
    const ended = page.waitForEvent('requestfailed', (request) => request.url().endsWith('/events'));
    await see('hidden');
    await page.clock.runFor(61_000);
    await ended;
    await turn('turn-off');
    await see('visible');
    await page.getByRole('banner').getByText('Live').waitFor();
    await page.clock.runFor(1000);
    await untilOff(page);
  });

  test('say that the session has ended, and after signing in show the same', async () => {
    const page = await world.open('/', { isStranger: true });
    await logIn(page, `${world.server.url}/default/production/flags?q=banner`);
    await page.getByRole('link', { name: /banner/ }).waitFor();
    // Elsewhere, so that this page has to find out.
    await page.evaluate(async () => {
      const { csrfToken } = await (await fetch('/api/v1/session')).json();
      await fetch('/api/v1/session', { method: 'DELETE', headers: { 'x-csrf-token': csrfToken } });
    });
    await page.getByText('Your session has ended.').waitFor();
    expect(await findFaults(page)).toEqual([]);
    await logIn(page, page.url());
    expect(new URL(page.url()).search).toBe('?q=banner');
    await page.getByRole('link', { name: /banner/ }).waitFor();
  });

  test('say that one is still signed in where signing out did not work', async () => {
    const page = await world.open('now');
    await page.route('**/api/v1/session', (route) =>
      route.request().method() === 'DELETE' ? route.abort() : route.fallback(),
    );
    await page.getByRole('button', { name: /^MK, you/ }).click();
    await page.getByRole('menuitem', { name: 'Sign out' }).click();
    await page.getByRole('dialog', { name: 'You are still signed in' }).waitFor();
    expect(await findFaults(page)).toEqual([]);
    await page.getByRole('button', { name: 'Stay' }).click();
    await page.getByRole('heading', { level: 1 }).waitFor();
  });

  test('forget after signing out what somebody typed and looked at, and not how pages look', async () => {
    const page = await world.open('/', { isStranger: true });
    await logIn(page, `${world.server.url}/default/production/flags/banner`);
    await page.evaluate(() => {
      localStorage.setItem('sluice.context', JSON.stringify('{"key":"somebody@example.com"}'));
      localStorage.setItem('sluice.theme', JSON.stringify('dark'));
    });
    await page.getByRole('button', { name: /^MK, you/ }).click();
    await page.getByRole('menuitem', { name: 'Sign out' }).click();
    await page.waitForURL('**/login');
    await page.getByLabel('E-mail').waitFor();
    expect(await page.evaluate(() => Object.keys(localStorage))).toEqual(['sluice.theme']);
    expect(await page.getByText('Your session has ended.').count()).toBe(0);
  });

  test('say what somebody without a role can do, and that an environment is not there', async () => {
    const { body } = await world.server.api('POST', '/invitations', {
      grants: [{ role: 'viewer', project: 'default', environment: 'staging' }],
    });
    const page = await world.open('/', { isStranger: true });
    await comeIn(page, body.link, { name: 'Noa New', email: 'noa@example.com', password: 'a sentence of somebody' });
    for (const environment of ['production', 'nowhere']) {
      await page.goto(`${world.server.url}/default/${environment}/now`);
      await page.getByRole('heading', { name: 'There is no such environment' }).waitFor();
      await page.getByText(`default/${environment}`).waitFor();
    }
    expect(await findFaults(page)).toEqual([]);
    await page.getByRole('link', { name: 'To one that there is' }).click();
    await page.waitForURL('**/default/staging/now');
    const { items } = (await world.server.api('GET', '/people')).body;
    const noa = items.find(({ email }: { email: string }) => email === 'noa@example.com');
    expect((await world.server.api('PATCH', `/people/${noa.id}`, { grants: [] })).status).toBe(200);
    await page.getByRole('heading', { name: 'There is no such environment' }).waitFor();
    await page.goto(`${world.server.url}/`);
    await page.getByRole('heading', { name: 'You have no role yet' }).waitFor();
    await page.getByText('noa@example.com').waitFor();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByLabel('Password').waitFor();
  });

  test('say that what they show was deleted meanwhile, also to who edits it', async () => {
    const { server } = world;
    const path = '/projects/default/flags';
    await server.api('POST', path, { key: 'brief' });
    const variations = [{ value: 'normal' }, { value: 'cached' }];
    await server.api('POST', path, { key: 'brief-valve', kind: 'valve', variations });
    await server.change({ segment: 'brief-segment', instructions: [{ kind: 'create-segment' }] });
    const page = await world.open('flags/brief');
    await page.getByRole('switch', { name: 'Off' }).click();
    await page.getByRole('region', { name: 'Review' }).waitFor();
    expect((await server.api('DELETE', `${path}/brief`)).status).toBe(204);
    await page.getByRole('heading', { name: 'There is no flag brief any more' }).waitFor();
    expect(await page.getByRole('region', { name: 'Review' }).count()).toBe(0);

    await page.goto(`${server.url}/default/production/valves/brief-valve`);
    await page.getByRole('heading', { level: 1 }).waitFor();
    await page.getByRole('banner').getByText('Live').waitFor();
    expect((await server.api('DELETE', `${path}/brief-valve`)).status).toBe(204);
    await page.getByRole('heading', { name: 'There is no valve brief-valve any more' }).waitFor();

    await page.goto(`${server.url}/default/production/segments/brief-segment`);
    await page.getByRole('heading', { level: 1 }).waitFor();
    await page.getByRole('banner').getByText('Live').waitFor();
    await server.change({ segment: 'brief-segment', instructions: [{ kind: 'delete-segment' }] });
    await page.getByRole('heading', { name: 'There is no segment brief-segment any more' }).waitFor();
  });

  test('on a phone show which of their parts one is at, and Find leads to all of them', async () => {
    const page = await world.open('flags/banner?tab=settings', phone);
    const tab = page.getByRole('navigation', { name: 'Parts of this page' }).getByRole('link', { name: 'Settings' });
    await tab.waitFor();
    const box = await tab.boundingBox();
    expect((box?.x ?? 360) + (box?.width ?? 0)).toBeLessThanOrEqual(320);

    await page.goto(`${world.server.url}/default/production/flags/banner?tab=environments`);
    const copy = page.getByRole('button', { name: 'Copy from staging…' });
    await copy.waitFor();
    const { x = 360, width = 0 } = (await copy.boundingBox()) ?? {};
    expect(x + width).toBeLessThanOrEqual(360);
    await page
      .getByRole('button', { name: 'All lines' })
      .or(page.getByRole('radio', { name: 'All lines' }))
      .click();
    expect(await findFaults(page)).toEqual([]);

    await page.getByRole('button', { name: 'Find' }).click();
    await page.getByRole('group', { name: 'Pages' }).getByRole('option', { name: 'Segments' }).click();
    await page.getByRole('heading', { name: 'Segments', level: 1 }).waitFor();
  });

  test('hear letters as soon as they are there', async () => {
    const page = await world.open('flags');
    await page.getByRole('link', { name: /banner/ }).waitFor();
    await page.keyboard.press('c');
    await page.getByRole('dialog', { name: /New flag/ }).waitFor();
    expect(await page.getByRole('searchbox', { includeHidden: true }).inputValue()).toBe('');
    for (const path of ['contexts', 'segments']) {
      await page.goto(`${world.server.url}/default/production/${path}`);
      await page.getByRole('heading', { level: 1 }).waitFor();
      await page.keyboard.press('g');
      await page.keyboard.press('v');
      await page.waitForURL('**/valves');
    }
  });

  test('go to the page after G, and leave the letter to nobody else', async () => {
    const page = await world.open('flags');
    await page.getByRole('heading', { name: 'Flags', level: 1 }).waitFor();
    await page.getByRole('link', { name: /banner/ }).focus();
    await page.keyboard.press('g');
    await page.keyboard.press('c');
    await page.waitForURL('**/default/production/configs');
    expect(await page.getByRole('dialog').count()).toBe(0);
    await page.goBack();
    await page.getByRole('link', { name: /banner/ }).focus();
    await page.keyboard.press('g');
    await page.waitForTimeout(1600);
    await page.keyboard.press('c');
    await page.getByRole('dialog', { name: /New flag/ }).waitFor();
  });

  test.each(lists)(
    'say what did not come where the server fails, with its request and another try: $path',
    async ({ path, asks }) => {
      const page = await world.open('now');
      onTestFinished(() => page.context().close());
      const url = new RegExp(`/${asks}(\\?|$)`);
      const problem = {
        type: 'about:blank',
        status: 500,
        code: 'internal',
        title: 'the server failed',
        requestId: 'req-7f3a',
      };
      await page.route(
        (at) => at.pathname.startsWith('/api/') && url.test(`${at.pathname}${at.search}`),
        (route) =>
          route.fulfill({ status: 500, contentType: 'application/problem+json', body: JSON.stringify(problem) }),
      );
      await page.goto(`${world.server.url}/default/production/${path}`);
      await page
        .getByRole('alert')
        .getByText(/did not come/)
        .waitFor();
      await page.getByText("The server's log has request req-7f3a.").waitFor();
      expect(await findFaults(page)).toEqual([]);
      await page.unrouteAll();
      await page.getByRole('button', { name: 'Try again' }).click();
      await page.getByRole('alert').waitFor({ state: 'detached' });
    },
  );

  test('that cannot be drawn say so within their frame, and others are a step away', async () => {
    const page = await world.open('now');
    await page.route('**/segment-rows?*', (route) => route.fulfill({ json: { items: [null], total: 1 } }));
    await page.goto(`${world.server.url}/default/production/segments`);
    await page.getByRole('heading', { name: 'This page failed' }).waitFor();
    expect(await findFaults(page)).toEqual([]);
    await page.getByRole('link', { name: 'Flags' }).click();
    await page.getByRole('heading', { name: 'Flags', level: 1 }).waitFor();
  });
});
