import { findFreePort, startTestOidcProvider } from '@sluice/testkit';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { hasBrowser } from '../browser.ts';
import { byKeyboard } from '../by-keyboard.ts';
import { administrator, startWorld, type World } from '../world.ts';

const production = '/projects/default/environments/production';

describe.runIf(hasBrowser())('without a pointer, what is there already', () => {
  let world: World;

  beforeAll(async () => {
    world = await startWorld();
    // Signs in once for all.
    await (await world.open('now')).context().close();
  }, 300_000);
  afterAll(() => world.close());

  async function open(path: string) {
    const page = await world.open(path);
    onTestFinished(() => page.context().close());
    await page.getByRole('heading', { level: 1 }).waitFor();
    return { page, hands: byKeyboard(page), review: page.getByRole('region', { name: 'Review' }) };
  }

  async function create(key: string, more: object = {}): Promise<void> {
    const { status, body } = await world.server.api('POST', '/projects/default/flags', { key, ...more });
    expect(status, JSON.stringify(body)).toBe(201);
  }

  const read = async (path: string) => (await world.server.api('GET', `${production}/${path}`)).body;

  /** Nothing is applied before what it does could be read. */
  const isRead = (page: Page) =>
    page.getByRole('button', { name: 'Apply to production' }).and(page.locator(':not([aria-disabled])')).waitFor();

  const forPlan = (plan: string) => ({
    kind: 'add-rule',
    rule: { id: plan, clauses: [{ attribute: 'plan', op: 'in', values: [plan] }], variation: 'on' },
  });

  test('of two who edit a flag that somebody else changes, one keeps hers, another takes theirs', async () => {
    await create('contested');
    const edit = async () => {
      const hers = await open('flags/contested');
      await hers.hands.tabTo('While off, everyone gets off');
      await hers.hands.press('Enter');
      await hers.page.getByRole('dialog').waitFor();
      await hers.hands.tabTo('on true', 5);
      await hers.hands.press('Enter');
      await hers.hands.isOn('While off, everyone gets on');
      await hers.review.getByText('when off').waitFor();
      return hers;
    };
    const [keeps, takes] = [await edit(), await edit()];
    await world.server.change({ flag: 'contested', instructions: [forPlan('business')] });
    for (const { page, hands } of [keeps, takes]) {
      const conflict = page.getByRole('alert').filter({ hasText: 'changed this flag' });
      await conflict.getByText('business').waitFor();
      await conflict.getByText('when off').waitFor();
      // What came did not take the focus from whoever types.
      await hands.isOn('While off, everyone gets on');
      await hands.press('Control+Enter');
    }
    expect((await read('flags/contested')).offVariation).toBe('off');

    await takes.hands.backTo('Take theirs');
    await takes.hands.press('Enter');
    await takes.review.waitFor({ state: 'detached' });
    await takes.hands.isOn('While off, everyone gets off');
    await takes.page.getByRole('button', { name: 'Values business' }).waitFor();

    await keeps.hands.backTo('Keep mine');
    await keeps.hands.press('Enter');
    await keeps.hands.isOn('While off, everyone gets on');
    await keeps.review.getByText('Rule 1 removed').waitFor();
    await keeps.hands.tabTo('Why');
    await keeps.hands.type('talked to them');
    await keeps.hands.tabTo('Apply to production');
    await keeps.hands.press('Enter');
    await keeps.page.getByRole('region', { name: 'Convergence' }).waitFor();
    await keeps.hands.isOn('While off, everyone gets on');
    expect(await read('flags/contested')).toMatchObject({ offVariation: 'on', rules: [] });
  });

  test('what a flag does in staging is read beside production, and copied', async () => {
    await create('copied');
    await world.server.api('POST', '/projects/default/environments/staging/changes', {
      flag: 'copied',
      instructions: [{ kind: 'turn-on' }, forPlan('business')],
    });
    const { page, hands, review } = await open('flags/copied');
    await hands.tabTo('Targeting');
    await hands.tabTo('Environments', 1);
    await hands.press('Enter');
    const table = page.getByRole('region', { name: 'Environments side by side' });
    await table.getByRole('row', { name: /^Rule 1 not there/ }).waitFor();
    await hands.tabTo('Copy from staging…');
    await hands.press('Enter');
    await review.getByText('business').waitFor();
    await hands.tabTo('Discard');
    await hands.press('Enter');
    await review.waitFor({ state: 'detached' });
    await hands.isOn('Copy from staging…');
    await hands.press('Enter');
    await review.getByText('business').waitFor();
    await hands.tabTo('Why');
    await hands.type('it went well there');
    await hands.tabTo('Apply to production');
    await hands.press('Enter');
    await review.waitFor({ state: 'detached' });
    await hands.isOn('Copy from staging…');
    await page.getByText('It does the same everywhere.').waitFor();
    expect(await read('flags/copied')).toMatchObject({ on: true, rules: [{ variation: 'on' }] });
  });

  test('what is taken out leaves the focus at what stands next', async () => {
    await create('thinned');
    await world.server.change({ flag: 'thinned', instructions: [forPlan('free'), forPlan('business')] });
    const { page, hands } = await open('flags/thinned');
    await hands.tabTo('Remove rule 1');
    await hands.press('Enter');
    await hands.isOn('Move rule 1 of 1');
    await hands.tabTo('Values business');
    await hands.press('Backspace');
    await hands.isOn(/^and… another condition of rule 1/);
    await hands.tabTo('Remove rule 1');
    await hands.press('Enter');
    await hands.isOn('Serves on');
    await isRead(page);
    await hands.tabTo('Apply to production');
    await hands.press('Enter');
    const convergence = page.getByRole('region', { name: 'Convergence' });
    await convergence.waitFor();
    await hands.tabTo('Revert…');
    await hands.press('Enter');
    await page.getByRole('dialog').waitFor();
    await hands.press('Escape');
    await hands.isOn('Revert…');
    await hands.tabTo('Close', 1);
    await hands.press('Enter');
    await convergence.waitFor({ state: 'detached' });
    await hands.isOn('the content');
    expect((await read('flags/thinned')).rules).toEqual([]);
  });

  test('one goes back to a time, but for what is left out', async () => {
    for (const flag of ['back', 'stays']) await create(flag);
    for (const flag of ['back', 'stays']) await world.server.change({ flag, instructions: [{ kind: 'turn-on' }] });
    const { page, hands } = await open('changes');
    const panel = page.getByRole('region', { name: 'Revert since' });
    await hands.tabTo('Revert since…');
    await hands.press('Enter');
    await panel.getByRole('button', { name: 'Revert 1 in production' }).waitFor();
    await hands.isOn('Revert since');
    // The line is moved by keys from wherever one is, and by its own buttons.
    await hands.press('[');
    await panel.getByRole('button', { name: 'Revert 2 in production' }).waitFor();
    await hands.isOn('Revert since');
    await hands.backTo('One change less', 400);
    await hands.press('Enter');
    await panel.getByRole('button', { name: 'Revert 1 in production' }).waitFor();
    await hands.isOn('One change less');
    await hands.backTo('One change further back', 1);
    await hands.press('Enter');
    await panel.getByRole('button', { name: 'Revert 2 in production' }).waitFor();
    await hands.isOn('One change further back');

    await hands.tabTo('Set back stays', 400);
    await hands.press('Space');
    await panel.getByRole('button', { name: 'Revert 1 in production' }).waitFor();
    await panel.getByText('turned off').waitFor();
    await hands.isOn('Set back stays');
    await hands.tabTo('Why');
    await hands.type('errors since then');
    await hands.tabTo('Revert 1 in production');
    await hands.press('Enter');
    await panel.waitFor({ state: 'detached' });
    await hands.isOn('the content');
    expect([(await read('flags/back')).on, (await read('flags/stays')).on]).toEqual([false, true]);
    expect((await read('changes?limit=1')).items).toMatchObject([{ comment: 'errors since then' }]);
  });

  test('a config has another value, once it was read', async () => {
    await create('cache.ttl', {
      kind: 'config',
      value: 60,
      config: { schema: { type: 'integer', minimum: 5 }, unit: 's' },
    });
    const { page, hands, review } = await open('configs');
    await hands.tabTo(/cache\.ttl$/);
    await hands.press('Enter');
    await page.getByRole('heading', { name: 'cache.ttl', level: 1 }).waitFor();
    await hands.tabTo(/^cache\.ttl everywhere/);
    await hands.type('2min');
    await review.getByText('120 s').waitFor();
    await hands.isOn(/^cache\.ttl everywhere/);
    await hands.press('ArrowUp');
    await review.getByText('121 s').waitFor();
    await hands.tabTo('Discard');
    await hands.press('Enter');
    await review.waitFor({ state: 'detached' });
    await hands.isOn('the content');
    await hands.tabTo(/^cache\.ttl everywhere/);
    await hands.type('90');
    await review.getByText('90 s').waitFor();
    await hands.tabTo('Why');
    await hands.type('too many misses');
    await hands.tabTo('Apply to production');
    await hands.press('Enter');
    await review.waitFor({ state: 'detached' });
    await hands.isOn(/^cache\.ttl everywhere/);
    const value = page.getByRole('textbox', { name: /^cache\.ttl everywhere/ });
    expect(await value.inputValue()).toBe('90');
    expect((await read('changes?limit=1')).items).toMatchObject([
      { comment: 'too many misses', effects: [{ key: 'cache.ttl', text: expect.stringContaining('90 s') }] },
    ]);
  });

  test('a segment has a key more, and one less', async () => {
    await world.server.change({
      segment: 'beta',
      instructions: [{ kind: 'create-segment' }, { kind: 'add-members', keys: ['ann', 'mara'] }],
    });
    const { page, hands, review } = await open('segments');
    await hands.tabTo(/beta$/);
    await hands.press('Enter');
    await page.getByRole('heading', { name: 'beta', level: 1 }).waitFor();
    await hands.tabTo('Add to included…');
    await hands.press('Enter');
    await hands.isOn('Keys');
    await hands.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await hands.isOn('Add to included…');
    await hands.press('Enter');
    await hands.isOn('Keys');
    await hands.type('lena, typo');
    await hands.tabTo('Add 2 keys');
    await hands.press('Enter');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await hands.isOn('Add to included…');
    await hands.tabTo('Remove typo', 5);
    await hands.press('Enter');
    await hands.isOn('Add to included…');
    await hands.tabTo('Remove mara', 5);
    await hands.press('Enter');
    await hands.isOn('Keep mara');
    await hands.press('Enter');
    await hands.isOn('Remove mara');
    await hands.press('Enter');
    await hands.isOn('Keep mara');
    await review.getByText('lena').first().waitFor();
    await hands.tabTo('Why');
    await hands.type('she asked');
    await world.server.change({ segment: 'beta', instructions: [{ kind: 'add-members', keys: ['tom'] }] });
    await page.getByRole('alert').getByText('changed this segment').waitFor();
    await hands.isOn('Why');
    await hands.backTo('Keep mine');
    await hands.press('Enter');
    await hands.isOn('Why');
    await isRead(page);
    await hands.tabTo('Apply to production');
    await hands.press('Enter');
    await review.waitFor({ state: 'detached' });
    await hands.isOn('Add to included…');
    expect((await read('segments/beta')).included).toEqual([{ contextKind: 'user', keys: ['ann', 'tom', 'lena'] }]);
  });

  test('an environment is made, called otherwise, and marked as production', async () => {
    const { page, hands } = await open('environments');
    const dialog = page.getByRole('dialog');
    await hands.tabTo('New environment…');
    await hands.press('Enter');
    await hands.isOn('Key');
    await hands.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    await hands.isOn('New environment…');
    await hands.press('Enter');
    await hands.isOn('Key');
    await hands.type('live-eu');
    await hands.tabTo('Create environment');
    await hands.press('Enter');
    await page.getByLabel('SDK key, for servers', { exact: true }).waitFor();
    await hands.tabTo('Done');
    await hands.press('Enter');
    await dialog.waitFor({ state: 'detached' });
    await hands.isOn('New environment…');

    await hands.tabTo('Edit live-eu');
    await hands.press('Enter');
    await hands.isOn('Name');
    await hands.press('Control+a');
    await hands.type('Europe');
    await hands.tabTo('Not production', 2);
    await hands.press('ArrowLeft');
    await hands.isOn('Production');
    await hands.press('Space');
    await dialog.getByText('Real users depend on it').waitFor();
    await hands.tabTo('Change live-eu');
    await hands.press('Enter');
    await dialog.waitFor({ state: 'detached' });
    await hands.isOn('Edit live-eu');
    const { items } = (await world.server.api('GET', '/projects/default/environments')).body;
    expect(items).toContainEqual(expect.objectContaining({ key: 'live-eu', name: 'Europe', isProduction: true }));
  });
});

describe.runIf(hasBrowser())('without a pointer, coming in', () => {
  let world: World;
  let closeProvider = async (): Promise<void> => {};

  beforeAll(async () => {
    const port = await findFreePort();
    const client = { clientId: 'sluice', clientSecret: 'a secret that both know of each other' };
    const redirectUri = `http://127.0.0.1:${port}/api/v1/session/sign-on/callback/oidc`;
    const provider = await startTestOidcProvider({ ...client, redirectUri });
    closeProvider = () => provider.close();
    const variables = {
      SLUICE_OIDC_ISSUER: provider.issuer,
      SLUICE_OIDC_CLIENT_ID: client.clientId,
      SLUICE_OIDC_CLIENT_SECRET: client.clientSecret,
      SLUICE_OIDC_NAME: 'Example',
    };
    world = await startWorld({ port, variables });
  }, 300_000);
  afterAll(async () => {
    await world.close();
    await closeProvider();
  });

  test('the setup link makes the first administrator, who goes out and comes in again', async () => {
    const page = await world.open('/', { isStranger: true });
    onTestFinished(() => page.context().close());
    const hands = byKeyboard(page);
    await page.goto(world.setupLink);
    await hands.isOn('Your name');
    await hands.type(administrator.name);
    await hands.tabTo('E-mail', 1);
    await hands.type(administrator.email);
    await hands.tabTo('Password', 1);
    await hands.type('short');
    await hands.tabTo('Come in', 1);
    await hands.press('Enter');
    await page.getByRole('alert').waitFor();
    await hands.isOn('Come in');
    await hands.backTo('Password', 1);
    await hands.press('Control+a');
    await hands.type(administrator.password);
    await hands.press('Enter');
    await page.getByRole('navigation', { name: 'Pages' }).waitFor();
    await page.getByRole('heading', { level: 1 }).waitFor();
    await hands.tabTo('Skip to the content', 1);

    await hands.tabTo(/you, Mara Kessler$/);
    await hands.press('Enter');
    await page.getByRole('menuitem', { name: 'Sign out' }).waitFor();
    await hands.press('End', 'Enter');
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    await hands.isOn('E-mail');
    await hands.type(administrator.email);
    await hands.tabTo('Password', 1);
    await hands.type(administrator.password);
    await hands.press('Enter');
    await page.getByRole('button', { name: `You, ${administrator.name}` }).waitFor();
  });

  test('single sign-on is reached on the page of signing in, and followed through the provider', async () => {
    // Signing on is offered once there is an administrator.
    await (await world.open('now')).context().close();
    const page = await world.open('/', { isStranger: true });
    onTestFinished(() => page.context().close());
    const hands = byKeyboard(page);
    await hands.isOn('E-mail');
    await hands.tabTo('Sign in with Example', 5);
    await hands.press('Enter');
    await page.locator('input[name=login]').waitFor();
    await hands.isOn(/login/i);
    await hands.type('sue');
    await hands.press('Tab');
    await hands.type('any');
    await hands.press('Enter');
    await page.getByRole('button', { name: 'Continue' }).waitFor();
    await hands.tabTo('Continue');
    await hands.press('Enter');
    await page.getByRole('button', { name: 'You, sue' }).waitFor();
    await hands.tabTo('Skip to the content', 1);
    await hands.tabTo(/you, sue$/);
    await hands.press('Enter');
    await page.getByRole('menuitem', { name: 'Your settings' }).waitFor();
    await hands.press('Home', 'Enter');
    await page.getByText('viewer everywhere').waitFor();
  });
});
