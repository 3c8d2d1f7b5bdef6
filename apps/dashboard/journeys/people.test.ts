import { findFreePort, startTestOidcProvider, totpCode } from '@sluice/testkit';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { hasBrowser } from './browser.ts';
import { type administrator, comeIn, startWorld, type World } from './world.ts';

const lena = { name: 'Lena Ortiz', email: 'lena@example.com', password: 'another sentence that is long' };
const vic = { name: 'Vic Looker', email: 'vic@example.com', password: 'a sentence of somebody who looks' };

describe.runIf(hasBrowser())('people', () => {
  let world: World;

  beforeAll(async () => {
    world = await startWorld();
    await world.server.api('POST', '/projects/default/flags', { key: 'new-checkout' });
  }, 300_000);
  afterAll(() => world.close());

  test('somebody is invited by a link, comes in with another browser, and gets another role', async () => {
    const page = await world.open('people');
    await page.getByRole('button', { name: 'Invite somebody' }).click();
    await page.getByLabel('E-mail').fill(lena.email);
    await page.getByLabel('Role 1').selectOption('editor');
    await page.getByLabel('Where 1').selectOption('default/staging');
    await page.getByRole('button', { name: 'Make the link' }).click();
    const link = await page.getByLabel('Link', { exact: true }).inputValue();
    await page.getByRole('button', { name: 'Done' }).click();
    await page.getByRole('list', { name: 'Invitations' }).getByText(lena.email).waitFor();

    const hers = await world.open('/', { isStranger: true });
    await comeIn(hers, link, lena);
    await hers.goto(`${world.server.url}/default/staging/flags/new-checkout`);
    await turnOn(hers);
    await hers.getByRole('button', { name: 'Apply to staging' }).click();
    await hers.getByRole('region', { name: 'Review' }).waitFor({ state: 'hidden' });

    await page.reload();
    await page.getByRole('button', { name: `Change what ${lena.name} may do` }).click();
    await page.getByLabel('Role 1').selectOption('viewer');
    await page.getByRole('dialog').getByText('viewer in default / staging').last().waitFor();
    await page.getByRole('button', { name: 'Change roles' }).click();
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    const { body } = await world.server.api('GET', '/people');
    expect(body.items.find(({ email }: { email: string }) => email === lena.email).grants).toEqual([
      { role: 'viewer', project: 'default', environment: 'staging' },
    ]);
  });

  test('a viewer sees what they may not do and who could, and is refused by a direct call too', async () => {
    const { link } = (await world.server.api('POST', '/invitations', { grants: [{ role: 'viewer' }] })).body;
    const page = await world.open('/', { isStranger: true });
    await comeIn(page, link, vic);
    await page.goto(`${world.server.url}/default/production/flags/new-checkout`);
    await page.getByText('You can look, not change. Editors can: Mara Kessler.', { exact: true }).waitFor();
    await turnOn(page);
    // What it would do is shown all the same.
    await page.getByRole('region', { name: 'Review' }).getByText('turned on').waitFor();
    const words = /You can look, not change\. Editors can: Mara Kessler/;
    await page.getByRole('region', { name: 'Review' }).getByText(words).waitFor();
    const apply = page.getByRole('button', { name: 'Apply to production' });
    expect(await apply.getAttribute('aria-disabled')).toBe('true');
    await apply.focus();
    await page.getByRole('tooltip').getByText(words).waitFor();
    await apply.press('Control+Enter');
    expect((await world.server.findServed('new-checkout')).on).toBe(false);

    const status = await page.evaluate(async () => {
      const { csrfToken } = (await (await fetch('/api/v1/session')).json()) as { csrfToken: string };
      const body = JSON.stringify({ flag: 'new-checkout', instructions: [{ kind: 'turn-on' }] });
      const headers = { 'content-type': 'application/json', 'x-csrf-token': csrfToken };
      const path = '/api/v1/projects/default/environments/production/changes';
      return (await fetch(path, { method: 'POST', headers, body })).status;
    });
    expect(status).toBe(403);
    await page.goto(`${world.server.url}/default/production/people`);
    await page
      .getByText(/Administrators can: Mara Kessler/)
      .first()
      .waitFor();
  });

  test('an API token is made for one environment, used, and revoked', async () => {
    const page = await world.open('people?tab=tokens');
    await page.getByRole('button', { name: 'New token' }).click();
    await page.getByLabel('Who uses it').fill('pipeline');
    await page.getByLabel('Role 1').selectOption('editor');
    await page.getByLabel('Where 1').selectOption('default/staging');
    await page.getByRole('button', { name: 'Create token' }).click();
    const token = await page.getByLabel('API token', { exact: true }).inputValue();
    await page.getByRole('button', { name: 'Done' }).click();
    const turn = async (environment: string, kind: string) => {
      const path = `/projects/default/environments/${environment}/changes`;
      const body = { flag: 'new-checkout', instructions: [{ kind }] };
      return (await world.server.api('POST', path, body, { authorization: `Bearer ${token}` })).status;
    };
    expect([await turn('staging', 'turn-off'), await turn('production', 'turn-on')]).toEqual([200, 403]);
    await page.getByRole('list', { name: 'API tokens' }).getByText('editor in default / staging').waitFor();
    await page.getByRole('button', { name: 'Revoke pipeline' }).click();
    await page.getByRole('button', { name: 'Revoke token' }).click();
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    expect(await turn('staging', 'turn-on')).toBe(401);
  });

  test('with an authenticator app, signing in takes a code; a session is ended from elsewhere', async () => {
    const { link } = (await world.server.api('POST', '/invitations', { grants: [{ role: 'viewer' }] })).body;
    const page = await world.open('/', { isStranger: true });
    const tom = { name: 'Tom', email: 'tom@example.com', password: 'a sentence that Tom knows' };
    await comeIn(page, link, tom);
    await page.goto(`${world.server.url}/default/production/now`);
    await page.getByRole('button', { name: 'You, Tom' }).click();
    await page.getByRole('menuitem', { name: 'Your settings' }).click();
    await page.getByRole('button', { name: 'Turn on' }).click();
    await page.getByLabel('Your password').fill(tom.password);
    await page.getByRole('button', { name: 'Go on' }).click();
    const url = (await page.getByRole('link', { name: 'open the app' }).getAttribute('href')) ?? '';
    await page.getByLabel('Code that the app shows').fill(totpCode(url));
    await page.getByRole('dialog').getByRole('button', { name: 'Turn on' }).click();
    await page.getByText('signing in takes your password, and a code').waitFor();

    const other = await world.open('/', { isStranger: true });
    await signIn(other, tom);
    await other.getByRole('heading', { name: 'One more thing' }).waitFor();
    await other.getByLabel('Code of the authenticator app').fill(totpCode(url));
    await other.getByRole('button', { name: 'Sign in' }).click();
    await other.getByRole('navigation', { name: 'Pages' }).waitFor();

    await page.reload();
    const sessions = page.getByRole('list', { name: 'Sessions' });
    await sessions.getByRole('button', { name: 'Sign out' }).first().click();
    await sessions.getByRole('button', { name: 'Sign out' }).first().waitFor({ state: 'hidden' });
    await other.reload();
    await other.getByRole('heading', { name: 'Sign in' }).waitFor();

    await signIn(other, tom);
    await other.getByLabel('Code of the authenticator app').fill(totpCode(url));
    await other.getByRole('button', { name: 'Sign in' }).click();
    await other.getByRole('navigation', { name: 'Pages' }).waitFor();
    await page.getByRole('button', { name: 'Change password' }).click();
    await page.getByLabel('Old password').fill('not the old one');
    await page.getByLabel('New password').fill('another sentence that Tom knows');
    await page.getByLabel('New password').press('Enter');
    await page.getByRole('alert').getByText('the password is wrong').waitFor();
    await page.getByLabel('Old password').fill(tom.password);
    await page.getByRole('dialog').getByRole('button', { name: 'Change password' }).click();
    await page.getByText('signed out everywhere but here').waitFor();
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    await other.reload();
    await other.getByRole('heading', { name: 'Sign in' }).waitFor();

    await page.getByRole('button', { name: 'You, Tom' }).click();
    await page.getByRole('menuitem', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    const { body } = await world.server.api('GET', '/people');
    expect(body.items.find(({ email }: { email: string }) => email === tom.email).hasTotp).toBe(true);
    await signIn(page, tom);
    await page.getByRole('alert').getByText('the password is wrong').waitFor();
    await signIn(page, { ...tom, password: 'another sentence that Tom knows' });
    await page.getByRole('heading', { name: 'One more thing' }).waitFor();
  });

  test('single sign-on comes in as a viewer', async () => {
    const port = await findFreePort();
    const client = { clientId: 'sluice', clientSecret: 'a secret that both know of each other' };
    const redirectUri = `http://127.0.0.1:${port}/api/v1/session/sign-on/callback/oidc`;
    const provider = await startTestOidcProvider({ ...client, redirectUri });
    onTestFinished(() => provider.close());
    const variables = {
      SLUICE_OIDC_ISSUER: provider.issuer,
      SLUICE_OIDC_CLIENT_ID: client.clientId,
      SLUICE_OIDC_CLIENT_SECRET: client.clientSecret,
      SLUICE_OIDC_NAME: 'Example',
    };
    const theirs = await startWorld({ port, variables });
    onTestFinished(() => theirs.close());
    // Signing on is offered once there is an administrator.
    await theirs.open('now');
    const page = await theirs.open('/', { isStranger: true });
    await page.getByRole('link', { name: 'Sign in with Example' }).click();
    await page.locator('input[name=login]').fill('sue');
    await page.locator('input[name=password]').fill('any');
    await page.locator('button[type=submit]').click();
    await page.locator('button[type=submit]').click();
    await page.getByRole('button', { name: 'You, sue' }).waitFor();
    await page.goto(`${theirs.server.url}/default/production/you`);
    await page.getByText('viewer everywhere').waitFor();
    expect(await page.getByText('sue@example.com').count()).toBe(1);
  });
});

async function turnOn(page: Page): Promise<void> {
  await page.getByRole('switch', { name: 'Off' }).click();
}

async function signIn(page: Page, who: typeof administrator): Promise<void> {
  await page.getByLabel('E-mail').fill(who.email);
  await page.getByLabel('Password').fill(who.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
}
