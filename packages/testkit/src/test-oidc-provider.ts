import { fork } from 'node:child_process';
import { findFreePort } from './free-port.ts';
import type { TestBrowser } from './test-browser.ts';

export interface TestOidcProvider {
  readonly issuer: string;
  /** Says there who one is, as a person would; resolves with the address that the provider sends them back to. */
  logIn(browser: TestBrowser, authorizationUrl: string, as: string): Promise<string>;
  close(): Promise<void>;
}

interface OidcClient {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly redirectUri: string;
}

/** A real provider for one client, in a process of its own. */
export async function startTestOidcProvider({
  clientId,
  clientSecret,
  redirectUri,
}: OidcClient): Promise<TestOidcProvider> {
  const port = await findFreePort();
  const script = new URL('./oidc-provider-process.ts', import.meta.url);
  const child = fork(script, [String(port), clientId, clientSecret, redirectUri], { stdio: 'ignore' });
  await new Promise<void>((resolve, reject) => {
    child.once('message', () => resolve());
    child.once('exit', (code) => reject(new Error(`the provider ended with ${code}`)));
  });
  const issuer = `http://127.0.0.1:${port}`;
  return {
    issuer,
    logIn: async (browser, authorizationUrl, as) => {
      let url = authorizationUrl;
      for (let step = 0; step < 20; step++) {
        if (!url.startsWith(issuer)) return url;
        const page = await browser.fetch(url);
        const next = page.headers.get('location') ?? (await answer(browser, url, await page.text(), as));
        url = new URL(next, url).href;
      }
      throw new Error(`the provider sends people round and round, at last to ${url}`);
    },
    close: async () => {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill();
      await ended;
    },
  };
}

/** Fills in what the provider asks: who it is, then whether that is all right. */
async function answer(browser: TestBrowser, url: string, page: string, login: string): Promise<string> {
  const [, action] = /action="([^"]+)"/.exec(page) ?? [];
  const [, prompt] = /name="prompt" value="(\w+)"/.exec(page) ?? [];
  if (action === undefined || prompt === undefined) throw new Error(`the provider asks nothing at ${url}: ${page}`);
  const body = new URLSearchParams({ prompt, login, password: 'any' });
  const response = await browser.fetch(new URL(action, url).href, { method: 'POST', body });
  const location = response.headers.get('location');
  if (location === null) throw new Error(`the provider takes no answer at ${url}: ${response.status}`);
  return location;
}
