import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startTestServer, type TestServer, type TestServerOptions } from '@sluice/testkit';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { buildDashboard, dashboardFolder } from '../build.ts';
import { launchBrowser } from './browser.ts';

/** A server with the dashboard as it is built from the sources, and a real browser. */
export interface World {
  readonly server: TestServer;
  readonly browser: Browser;
  /** Where the first administrator comes in. */
  readonly setupLink: string;
  /** A browser of somebody, signed in as the first administrator unless told otherwise; at `path` in production. */
  open(path?: string, options?: OpenOptions): Promise<Page>;
  close(): Promise<void>;
}

export interface OpenOptions extends BrowserContextOptions {
  /** Nobody is signed in. */
  readonly isStranger?: boolean;
  readonly environment?: string;
}

export const administrator = {
  name: 'Mara Kessler',
  email: 'mara@example.com',
  password: 'a sluice is a gate for water',
};

/** Sizes that the pages are made for. */
export const desktop = { viewport: { width: 1440, height: 900 } } as const;
export const phone = { viewport: { width: 360, height: 780 }, hasTouch: true, isMobile: true } as const;

/** Both sizes in both themes. */
export const looks = [
  ['wide and light', { ...desktop, colorScheme: 'light' }],
  ['on a phone and dark', { ...phone, colorScheme: 'dark' }],
  ['wide and dark', { ...desktop, colorScheme: 'dark' }],
  ['on a phone and light', { ...phone, colorScheme: 'light' }],
] as const;

export async function startWorld(options: TestServerOptions = {}): Promise<World> {
  await buildDashboard();
  const server = await startTestServer({ dashboard: dashboardFolder, ...options });
  const browser = await launchBrowser();
  const [, setupLink = ''] =
    /^setup-link: (.*)$/m.exec(readFileSync(join(server.folder, 'first-start.txt'), 'utf8')) ?? [];
  let state: Awaited<ReturnType<BrowserContext['storageState']>> | undefined;

  /** Once; then everybody has her cookie. */
  async function signIn(): Promise<typeof state> {
    if (state !== undefined) return state;
    const context = await browser.newContext();
    const page = await context.newPage();
    const { isSetUp } = (await server.api('GET', '/session')).body;
    if (isSetUp) await logIn(page, `${server.url}/`);
    else await comeIn(page, setupLink);
    state = await context.storageState();
    await context.close();
    return state;
  }

  return {
    server,
    browser,
    setupLink,
    open: async (path = 'now', { isStranger = false, environment = 'production', ...rest } = {}) => {
      const storageState = isStranger ? undefined : await signIn();
      const context = await browser.newContext({
        ...desktop,
        ...rest,
        ...(storageState !== undefined && { storageState }),
      });
      const page = await context.newPage();
      // Below the time of a test: what was waited for in vain is named.
      page.setDefaultTimeout(30_000);
      await page.goto(path.startsWith('/') ? `${server.url}${path}` : `${server.url}/default/${environment}/${path}`);
      return page;
    },
    close: async () => {
      await browser.close();
      await server.close();
    },
  };
}

/** By a link of setup or invitation. */
export async function comeIn(page: Page, link: string, who: typeof administrator = administrator): Promise<void> {
  await page.goto(link);
  await page.getByLabel('Your name').fill(who.name);
  await page.getByLabel('E-mail').fill(who.email);
  await page.getByLabel('Password').fill(who.password);
  await page.getByRole('button', { name: 'Come in' }).click();
  await page.getByRole('navigation', { name: 'Pages' }).waitFor();
}

/** With the password, at the page that is asked for. */
export async function logIn(page: Page, url: string, who: typeof administrator = administrator): Promise<void> {
  await page.goto(url);
  await page.getByLabel('E-mail').fill(who.email);
  await page.getByLabel('Password').fill(who.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('navigation', { name: 'Pages' }).waitFor();
}
