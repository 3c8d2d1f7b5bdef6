import { until } from '@sluice/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasBrowser } from '../browser.ts';
import { findFaults, isTooWide } from '../find-faults.ts';
import { phone, startWorld, type World } from '../world.ts';

const longName = 'checkout-split-shipments-over-two-warehouses-when-one-of-them-is-closed-for-the-day';

describe.runIf(hasBrowser())('the list of flags', () => {
  let world: World;

  beforeAll(async () => {
    world = await startWorld();
    const { server } = world;
    for (const key of ['search', 'prices']) {
      const variations = [{ value: 'normal' }, { value: 'cached' }];
      await server.api('POST', '/projects/default/flags', { key, kind: 'valve', variations });
    }
    // As many as the page is made for.
    for (let block = 0; block < 5; block++) {
      await server.change({
        instructions: Array.from({ length: 1000 }, (_, at) => ({
          kind: 'create-flag',
          flag: `flag-${String(block * 1000 + at).padStart(4, '0')}`,
          definition: { tags: at % 2 === 0 ? ['even'] : [], owner: at % 10 === 0 ? 'Jonas Weber' : '' },
        })),
      });
    }
    await server.api('POST', '/projects/default/flags', { key: longName, description: 'Two parcels' });
    await server.change({
      instructions: ['flag-0001', 'flag-0002', 'flag-0003'].map((flag) => ({ kind: 'turn-on', flag })),
    });
  }, 300_000);
  afterAll(() => world.close());

  test('words and filters find flags, and "kill switch" finds valves', async () => {
    const page = await world.open('flags');
    const filter = page.getByRole('searchbox', { name: 'Filter flags' });
    await page.getByText('of 5,003', { exact: false }).waitFor();
    await filter.fill('kill switch');
    await page.getByText('1 to 2 of 2').waitFor();
    await filter.fill('kind:valve sea');
    await page.getByText('1 to 1 of 1').waitFor();
    await page.getByRole('link', { name: 'search' }).waitFor();
    await filter.fill('tag:even owner:"Jonas Weber"');
    await page.getByText('of 500', { exact: false }).waitFor();
    expect(new URL(page.url()).searchParams.get('q')).toBe('tag:even owner:"Jonas Weber"');
    await filter.fill('tag:evne');
    await page.getByText('Did you mean').waitFor();
    expect(await page.locator('main').textContent()).toContain('even');
    await page.getByRole('button', { name: 'Clear filter' }).click();
    await page.getByText('of 5,003', { exact: false }).waitFor();
  });

  test('menus leave those of an owner, and those evaluated lately, long ago or never', async () => {
    const { server } = world;
    const { db } = server.running.context;
    const { id } = await db
      .selectFrom('environments')
      .select('id')
      .where('key', '=', 'production')
      .executeTakeFirstOrThrow();
    const evaluated = (flagKey: string, daysAgo: number) => {
      const hour = Math.floor(Date.now() / 3_600_000) - 24 * daysAgo;
      return { environmentId: id, flagKey, variation: 0, hour: hour * 3_600_000, count: 7 };
    };
    // Of flag-1000 to flag-1030 every tenth is his.
    const values = [
      evaluated('flag-1000', 0),
      evaluated('flag-1001', 0),
      evaluated('flag-1010', 3),
      evaluated('flag-1020', 20),
    ];
    await db.insertInto('evaluationHours').values(values).execute();
    const page = await world.open('flags?q=flag-10');
    const rows = () => page.locator('[data-row]').evaluateAll((all) => all.map((row) => row.getAttribute('data-row')));
    const choose = async (menu: string, item: string) => {
      await page.getByRole('button', { name: new RegExp(`^${menu} `) }).click();
      await page.getByRole('menuitem', { name: item, exact: true }).click();
    };
    await page.getByText('of 100', { exact: false }).waitFor();
    await choose('Owner', 'Jonas Weber');
    await page.getByText('1 to 10 of 10').waitFor();
    expect(await rows()).toEqual(Array.from({ length: 10 }, (_, at) => `flag-10${at}0`));
    await choose('Evaluated', '24h');
    await page.getByText('1 to 1 of 1').waitFor();
    expect(await rows()).toEqual(['flag-1000']);
    await choose('Evaluated', '7d');
    await page.getByText('1 to 2 of 2').waitFor();
    expect(await rows()).toEqual(['flag-1000', 'flag-1010']);
    await choose('Evaluated', 'not-7d');
    await page.getByText('1 to 8 of 8').waitFor();
    expect(await rows()).toEqual(Array.from({ length: 8 }, (_, at) => `flag-10${at + 2}0`));
    await choose('Evaluated', 'never');
    await page.getByText('1 to 7 of 7').waitFor();
    expect(await rows()).toEqual(Array.from({ length: 7 }, (_, at) => `flag-10${at + 3}0`));
    expect(new URL(page.url()).searchParams.get('q')).toBe('flag-10 owner:"Jonas Weber" evaluated:never');
    await choose('Owner', 'nobody');
    await choose('Evaluated', '24h');
    await page.getByText('1 to 1 of 1').waitFor();
    expect(await rows()).toEqual(['flag-1001']);
    await page.getByRole('searchbox', { name: 'Filter flags' }).fill('flag-10 owner:nobody evaluated:not-30d');
    await page.getByText('of 89', { exact: false }).waitFor();
    expect(await rows()).not.toContain('flag-1001');
  });

  test('thousands of flags scroll while only those in view are drawn', async () => {
    const page = await world.open('flags');
    await page.getByText('of 5,003', { exact: false }).waitFor();
    const list = page.getByRole('list', { name: 'Flags' });
    const rows = list.getByRole('listitem');
    const main = page.locator('#main');
    // Page by page they come as one goes on scrolling to their end.
    await until(async () => {
      await main.evaluate((element) => element.scrollTo(0, element.scrollHeight));
      return Number(await rows.last().getAttribute('aria-posinset')) >= 400;
    });
    expect(await rows.count()).toBeLessThan(80);
    expect(await rows.first().getAttribute('aria-setsize')).toBe('5003');
  });

  test('two flags are selected by keyboard and turned off by one change, after it was read', async () => {
    const page = await world.open('flags?q=flag-000 state:on');
    await page.locator('[data-row=flag-0001]').waitFor();
    await page.getByRole('searchbox', { name: 'Filter flags' }).press('ArrowDown');
    await page.keyboard.press('x');
    await page.keyboard.press('j');
    await page.keyboard.press('x');
    await page.getByText('2 selected').waitFor();
    await page.getByRole('button', { name: 'Turn off…' }).click();
    const review = page.getByRole('region', { name: 'Review' });
    await review.getByText('turned off').nth(1).waitFor();
    await page.getByLabel('Why').fill('both make noise');
    await review.getByRole('button', { name: 'Apply to production' }).click();
    await page.getByRole('region', { name: 'Convergence' }).waitFor();
    const { items } = (await world.server.api('GET', '/projects/default/environments/production/changes?limit=1')).body;
    expect(items[0]).toMatchObject({
      comment: 'both make noise',
      instructions: [
        { kind: 'turn-off', flag: 'flag-0001' },
        { kind: 'turn-off', flag: 'flag-0002' },
      ],
    });
    // The list shows what is so, without a reload.
    await page.getByText('1 to 1 of 1').waitFor();
  });

  test('a tag joins those that selected flags have', async () => {
    const page = await world.open('flags?q=flag-0004');
    await page.getByRole('checkbox', { name: 'Select flag-0004' }).check();
    await page.getByRole('button', { name: 'Tag…' }).click();
    await page.getByRole('textbox', { name: 'Tag' }).fill('cleanup');
    await page.getByRole('button', { name: 'Review tag' }).click();
    await page.getByRole('button', { name: 'Apply to production' }).click();
    await page.getByRole('region', { name: 'Convergence' }).waitFor();
    const { body } = await world.server.api('GET', '/projects/default/flags/flag-0004');
    expect(body.tags).toEqual(['cleanup', 'even']);
  });

  test('a tag that somebody else gave a selected flag meanwhile is not lost', async () => {
    const page = await world.open('flags?q=flag-0006');
    await page.getByRole('checkbox', { name: 'Select flag-0006' }).check();
    await world.server.change({
      flag: 'flag-0006',
      instructions: [{ kind: 'update-definition', definition: { tags: ['even', 'theirs'] } }],
    });
    await page.getByRole('button', { name: 'Tag…' }).click();
    await page.getByRole('textbox', { name: 'Tag' }).fill('cleanup');
    await page.getByRole('button', { name: 'Review tag' }).click();
    const review = page.getByRole('region', { name: 'Review' });
    await review.getByRole('button', { name: 'Apply to production' }).click();
    await review.getByText('Somebody else changed flag `flag-0006`').waitFor();
    const { body } = await world.server.api('GET', '/projects/default/flags/flag-0006');
    expect(body.tags).toEqual(['even', 'theirs']);
  });

  test('flags are archived together, and found where archived ones are asked for', async () => {
    const page = await world.open('flags?q=flag-0005');
    await page.getByRole('checkbox', { name: 'Select flag-0005' }).check();
    await page.getByRole('button', { name: 'Archive…' }).click();
    await page.getByRole('region', { name: 'Review' }).getByText('archived').waitFor();
    await page.getByRole('button', { name: 'Apply to production' }).click();
    await page.getByRole('heading', { name: 'No flag matches flag-0005' }).waitFor();
    await page.getByRole('searchbox', { name: 'Filter flags' }).fill('flag-0005 state:archived');
    await page.getByText('1 to 1 of 1').waitFor();
    expect(await world.server.findServed('flag-0005')).toBeUndefined();
  });

  test('it reads well to those who do not see it, also on a phone with long names', async () => {
    const page = await world.open('flags');
    await page.getByText('of 5,00', { exact: false }).waitFor();
    expect(await findFaults(page)).toEqual([]);
    const small = await world.open(`flags?q=${longName.slice(0, 30)}`, { ...phone, colorScheme: 'dark' });
    await small.locator(`[data-row=${longName}]`).waitFor();
    expect(await findFaults(small)).toEqual([]);
    expect(await isTooWide(small)).toBe(false);
  });
});
