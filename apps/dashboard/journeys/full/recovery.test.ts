import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasBrowser } from '../browser.ts';
import { comeIn, startWorld, type World } from '../world.ts';

describe.runIf(hasBrowser())('a link to come back', () => {
  let world: World;

  beforeAll(async () => {
    world = await startWorld();
  }, 300_000);
  afterAll(() => world.close());

  test('who lost the password and the phone is let back in by a link', async () => {
    const { link } = (await world.server.api('POST', '/invitations', { grants: [{ role: 'viewer' }] })).body;
    const theirs = await world.open('/', { isStranger: true });
    const kim = { name: 'Kim', email: 'kim@example.com', password: 'a sentence that Kim forgets' };
    await comeIn(theirs, link, kim);
    const page = await world.open('people');
    const people = page.getByRole('list', { name: 'People' });
    const open = () => people.getByRole('button', { name: 'Let in Kim again' }).click();
    await open();
    await page.getByRole('button', { name: 'Make the link' }).click();
    const first = await page.getByLabel('Link', { exact: true }).inputValue();
    await page.getByRole('button', { name: 'Done' }).click();
    await people.getByText('link to come back until').waitFor();
    await open();
    await page.getByRole('button', { name: 'Make another link' }).click();
    const second = await page.getByLabel('Link', { exact: true }).inputValue();
    await page.getByRole('button', { name: 'Done' }).click();

    const elsewhere = await world.open('/', { isStranger: true });
    const choose = async (from: string, password: string) => {
      // Only the part after the # differs, which loads nothing anew.
      await elsewhere.goto('about:blank');
      await elsewhere.goto(from);
      await elsewhere.getByLabel('Another password').fill(password);
      await elsewhere.getByRole('button', { name: 'Come back' }).click();
    };
    await choose(first, 'a sentence that Kim keeps');
    await elsewhere.getByRole('alert').getByText('this link is not known').waitFor();
    await choose(second, 'too short');
    await elsewhere.getByRole('alert').getByText('expected at least 12 characters, got 9').waitFor();
    await choose(second, 'a sentence that Kim keeps');
    await elsewhere.getByRole('navigation', { name: 'Pages' }).waitFor();
    await theirs.reload();
    await theirs.getByRole('heading', { name: 'Sign in' }).waitFor();
    await page.reload();
    await people.getByText('kim@example.com').waitFor();
    expect(await people.getByText('link to come back until').count()).toBe(0);

    await open();
    await page.getByRole('button', { name: 'Make the link' }).click();
    await page.getByRole('button', { name: 'Done' }).click();
    await open();
    await page.getByRole('button', { name: 'Take the link back' }).click();
    await people.getByText('link to come back until').waitFor({ state: 'hidden' });
  });
});
