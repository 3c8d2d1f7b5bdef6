import { createClient } from '@sluice/sdk-node';
import { until } from '@sluice/testkit';
import type { Locator } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { hasBrowser } from './browser.ts';
import { findFaults, isTooWide } from './find-faults.ts';
import { phone, startWorld, type World } from './world.ts';

const production = '/projects/default/environments/production';

/** How many points of a canvas have the colour of a class. */
function countDrawn(canvas: Locator, shade: string): Promise<number> {
  return canvas.evaluate((element, name) => {
    if (!(element instanceof HTMLCanvasElement)) throw new TypeError('this is no canvas');
    const context = element.getContext('2d');
    const probe = document.createElement('span');
    probe.className = name;
    element.parentElement?.append(probe);
    const spot = new OffscreenCanvas(1, 1).getContext('2d');
    if (context === null || spot === null) throw new TypeError('nothing can be drawn here');
    spot.fillStyle = getComputedStyle(probe).color;
    probe.remove();
    spot.fillRect(0, 0, 1, 1);
    const [red, green, blue] = spot.getImageData(0, 0, 1, 1).data;
    const { data } = context.getImageData(0, 0, element.width, element.height);
    let count = 0;
    for (let at = 0; at < data.length; at += 4) {
      if (data[at] === red && data[at + 1] === green && data[at + 2] === blue && data[at + 3] === 255) count++;
    }
    return count;
  }, shade);
}

describe.runIf(hasBrowser())('the page of a flag', () => {
  let world: World;

  beforeAll(async () => {
    world = await startWorld();
    await see('production', 40);
  }, 300_000);
  afterAll(() => world.close());

  /** So many contexts are seen, ten of them of plan business. */
  async function see(environment: string, length: number): Promise<void> {
    const { db, contexts } = world.server.running.context;
    const { id } = await db
      .selectFrom('environments')
      .select('id')
      .where('key', '=', environment)
      .executeTakeFirstOrThrow();
    contexts.recordContexts(
      id,
      Array.from({ length }, (_, at) => ({ kind: 'user', key: `user-${at}`, plan: at < 10 ? 'business' : 'free' })),
    );
    await contexts.flush();
  }

  async function createFlag(key: string, ...instructions: readonly object[]): Promise<void> {
    expect((await world.server.api('POST', '/projects/default/flags', { key })).status).toBe(201);
    await world.server.change({ flag: key, instructions: [{ kind: 'turn-on' }, ...instructions] });
  }

  const toOff = { kind: 'set-fallthrough', variation: 'off' };
  const forPlan = (plan: string) => ({
    kind: 'add-rule',
    rule: { id: plan, clauses: [{ attribute: 'plan', op: 'in', values: [plan] }], variation: 'on' },
  });

  test('the review says how many sampled contexts get another answer, and each line how many it decides for', async () => {
    await createFlag('sampled', toOff, forPlan('business'));
    const page = await world.open('flags/sampled');
    await page.getByText('Decided here, of 40 sampled').waitFor();
    const targeting = page.getByRole('region', { name: 'Targeting' });
    await targeting.getByText('25%', { exact: true }).waitFor();
    await targeting.getByText('75%', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Values business' }).click();
    await page.getByRole('textbox', { name: 'Values, by comma' }).fill('business, free');
    await page.getByRole('button', { name: 'Done' }).click();
    const review = page.getByRole('region', { name: 'Review' });
    await review.getByRole('heading', { name: '75% of sampled contexts get another answer' }).waitFor();
    expect(await review.textContent()).toContain('30 off to on');
    expect(await review.textContent()).toContain('40 sampled of 40 seen in 7 days');
    await targeting.getByText('+75').waitFor();
    await targeting.getByText('−75').waitFor();
    await review.getByRole('button', { name: 'See all 30' }).click();
    const dialog = page.getByRole('dialog', { name: 'Who gets another answer' });
    expect(await dialog.getByRole('row').count()).toBe(31);
    expect(await findFaults(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await review.getByRole('button', { name: 'Discard' }).click();
    await review.waitFor({ state: 'detached' });
  });

  test('the first contexts are counted on a page that was open before them', async () => {
    await createFlag('early');
    const page = await world.open('flags/early', { environment: 'staging' });
    await page.getByText('No contexts were seen yet').waitFor();
    await see('staging', 12);
    await page.getByRole('switch').click();
    await page.getByRole('region', { name: 'Review' }).getByText('of 12 seen').waitFor();
    await page.getByText('Decided here, of 12 sampled').waitFor();
  });

  test('a rule is made and moved by keyboard alone, and an SDK follows it', async () => {
    await createFlag('by-keyboard', toOff, forPlan('free'));
    const sluice = createClient({ url: world.server.url, sdkKey: world.server.sdkKey });
    onTestFinished(() => sluice.close());
    await sluice.ready({ timeoutMs: 60_000 });
    const page = await world.open('flags/by-keyboard');
    await page.getByRole('group', { name: 'Rule 1' }).waitFor();
    const { keyboard } = page;
    const type = async (text: string) => {
      await keyboard.press('Control+a');
      await keyboard.type(text);
    };

    await keyboard.press('r');
    const added = page.getByRole('group', { name: 'Rule 2' });
    await added.getByRole('button', { name: 'Attribute user key' }).and(page.locator(':focus')).waitFor();
    await keyboard.press('Enter');
    await page.getByLabel('Kind of context').and(page.locator(':focus')).waitFor();
    await keyboard.press('Tab');
    await type('plan');
    await keyboard.press('Enter');
    await added.getByRole('button', { name: 'Attribute user plan' }).and(page.locator(':focus')).waitFor();
    // Past the operator to the values.
    await keyboard.press('Tab');
    await keyboard.press('Tab');
    await keyboard.press('Enter');
    await page.getByRole('textbox', { name: 'Values, by comma' }).and(page.locator(':focus')).waitFor();
    await type('business');
    await keyboard.press('Enter');
    const values = added.getByRole('button', { name: 'Values business' });
    await values.and(page.locator(':focus')).waitFor();
    await keyboard.press('Alt+ArrowUp');
    const moved = page.getByRole('group', { name: 'Rule 1' }).getByRole('button', { name: 'Values business' });
    await moved.and(page.locator(':focus')).waitFor();

    await page.getByRole('heading', { name: '25% of sampled contexts get another answer' }).waitFor();
    await keyboard.press('Control+Enter');
    await page
      .getByRole('region', { name: 'Convergence' })
      .getByText(/1 of 1 in/)
      .waitFor();
    await until(() => sluice.enabled('by-keyboard', { kind: 'user', key: 'a', plan: 'business' }));
    const { body } = await world.server.api('GET', `${production}/flags/by-keyboard`);
    expect(body.rules.map(({ clauses }: { clauses: readonly { values: unknown }[] }) => clauses[0]?.values)).toEqual([
      ['business'],
      ['free'],
    ]);
  });

  test('two who edit the same flag see both differences; one keeps hers, another takes theirs', async () => {
    await createFlag('contested', toOff);
    const edit = async (variation: string) => {
      const page = await world.open('flags/contested');
      await page.getByRole('button', { name: 'While off, everyone gets off' }).click();
      await page.getByRole('button', { name: new RegExp(`^${variation}\\b`) }).click();
      await page.getByRole('region', { name: 'Review' }).getByText('when off').waitFor();
      return page;
    };
    const [keeps, takes] = [await edit('on'), await edit('on')];
    await world.server.change({ flag: 'contested', instructions: [forPlan('business')], comment: 'theirs' });
    for (const page of [keeps, takes]) {
      const conflict = page.getByRole('alert').filter({ hasText: 'changed this flag' });
      await conflict.getByText('business').waitFor();
      await conflict.getByText('when off').waitFor();
      expect(await page.getByRole('button', { name: 'Apply to production' }).getAttribute('aria-disabled')).toBe(
        'true',
      );
    }
    await takes.getByRole('button', { name: 'Take theirs', exact: true }).click();
    await takes.getByRole('button', { name: 'While off, everyone gets off' }).waitFor();
    await takes.getByRole('button', { name: 'Values business' }).waitFor();

    await keeps.getByRole('button', { name: 'Keep mine', exact: true }).click();
    const review = keeps.getByRole('region', { name: 'Review' });
    await review.getByText('Rule 1 removed').waitFor();
    await review.getByRole('button', { name: 'Apply to production' }).click();
    await keeps.getByRole('region', { name: 'Convergence' }).waitFor();
    const { body } = await world.server.api('GET', `${production}/flags/contested`);
    expect(body).toMatchObject({ offVariation: 'on', rules: [] });
  });

  test('edits stay over the parts of the page, are not applied from under what is open, nor left unasked', async () => {
    await createFlag('kept', toOff);
    const page = await world.open('flags/kept');
    await page.getByRole('button', { name: 'While off, everyone gets off' }).click();
    await page.getByRole('button', { name: /^on\b/ }).click();
    const review = page.getByRole('region', { name: 'Review' });
    await review.getByText('when off').waitFor();
    const parts = page.getByRole('navigation', { name: 'Parts of this page' });
    await parts.getByRole('link', { name: 'Settings' }).click();
    await page.getByRole('textbox', { name: 'Owner' }).fill('Lena Ortiz');
    await review.getByText('Lena Ortiz').waitFor();
    await review.getByText('when off').waitFor();
    expect(await page.getByRole('button', { name: 'Archive flag…' }).getAttribute('aria-disabled')).toBe('true');
    await parts.getByRole('link', { name: 'Targeting' }).click();

    await page.getByRole('button', { name: 'While off, everyone gets on' }).click();
    await page.keyboard.press('Control+Enter');
    await page.keyboard.press('Escape');
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox').fill('nothing is called like this');
    await page.keyboard.press('Control+Enter');
    await page.keyboard.press('Escape');

    await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Segments' }).click();
    const leaving = page.getByRole('dialog', { name: 'Leave without applying?' });
    await leaving.getByText('2 edits on this page would be lost.').waitFor();
    expect(await findFaults(page)).toEqual([]);
    await leaving.getByRole('button', { name: 'Stay' }).click();
    await parts.getByRole('link', { name: 'Settings' }).click();
    expect(await page.getByRole('textbox', { name: 'Owner' }).inputValue()).toBe('Lena Ortiz');
    await review.getByRole('heading', { name: '2 edits, nothing applied yet' }).waitFor();

    await page.keyboard.press('Control+Enter');
    await page.getByRole('region', { name: 'Convergence' }).waitFor();
    const { items } = (await world.server.api('GET', `${production}/changes?flag=kept&limit=1`)).body;
    expect(items[0].instructions.map(({ kind }: { kind: string }) => kind)).toEqual([
      'update-definition',
      'set-off-variation',
    ]);
    await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Segments' }).click();
    await page.getByRole('heading', { level: 1, name: 'Segments' }).waitFor();
  });

  test('a preview that does not come stops nobody, and one that is late is waited for', async () => {
    await createFlag('unread', toOff);
    const page = await world.open('flags/unread');
    let answer: 'busy' | 'late' = 'busy';
    let go: () => void = () => {};
    await page.route('**/preview', async (route) => {
      if (answer === 'busy') {
        const body = JSON.stringify({ type: 'about:blank', status: 503, code: 'unavailable', title: 'try again soon' });
        return route.fulfill({ status: 503, contentType: 'application/problem+json', body });
      }
      await new Promise<void>((resolve) => {
        go = resolve;
      });
      return route.continue();
    });
    await page.getByRole('switch').click();
    const review = page.getByRole('region', { name: 'Review' });
    const apply = review.getByRole('button', { name: 'Apply to production' });
    await review.getByText('Try again soon.').waitFor();
    expect(await apply.getAttribute('aria-disabled')).toBe(null);
    answer = 'late';
    await review.getByRole('button', { name: 'Ask again' }).click();
    await until(async () => (await apply.getAttribute('aria-disabled')) === 'true');
    await page.keyboard.press('Control+Enter');
    go();
    await review.getByText('turned off').waitFor();
    await review.getByRole('heading', { name: '1 edit, nothing applied yet' }).waitFor();
    const { body } = await world.server.api('GET', `${production}/flags/unread`);
    expect(body.on).toBe(true);

    await page.route('**/changes', (route) => route.abort());
    await apply.click();
    await review.getByText('It is not known whether this was applied.').waitFor();
  });

  test('a typo in JSON makes no flag', async () => {
    const page = await world.open('flags');
    await page.getByRole('button', { name: 'New flag' }).first().click();
    const dialog = page.getByRole('dialog', { name: 'New flag' });
    await dialog.getByLabel('Key', { exact: true }).fill('mistyped');
    await dialog.getByRole('radio', { name: 'Config' }).click();
    await dialog.getByLabel('Value', { exact: true }).fill('{oops');
    await dialog.getByRole('alert').getByText('{oops begins like JSON and is none').waitFor();
    await dialog.getByLabel('Value', { exact: true }).press('Enter');
    expect(await dialog.getByRole('button', { name: 'Create flag' }).getAttribute('aria-disabled')).toBe('true');
    expect((await world.server.api('GET', '/projects/default/flags/mistyped')).status).toBe(404);
  });

  test('a value that was only looked at stays as it is, and of thousands only the first are its name', async () => {
    const named = (values: readonly string[]) => ({
      kind: 'add-rule',
      rule: { id: values[0]?.slice(0, 1), clauses: [{ attribute: 'name', op: 'in', values }], variation: 'on' },
    });
    const many = Array.from({ length: 10_000 }, (_, at) => `name-${at}`);
    await createFlag('looked-at', toOff, named(['Smith, John']), named(many));
    const page = await world.open('flags/looked-at');
    await page.getByRole('button', { name: 'Values "Smith, John"', exact: true }).click();
    const editor = page.getByRole('textbox', { name: 'Values, by comma' });
    expect(await editor.inputValue()).toBe('"Smith, John"');
    await page.getByRole('button', { name: 'Done' }).click();
    await editor.waitFor({ state: 'detached' });
    expect(await page.getByRole('region', { name: 'Review' }).count()).toBe(0);
    await page.getByRole('button', { name: 'Values name-0, name-1, name-2, name-3, 9996 more', exact: true }).waitFor();

    await page.getByRole('button', { name: 'Values "Smith, John"', exact: true }).click();
    await editor.fill('"Smith, John", " Ann "');
    await page.getByRole('button', { name: 'Done' }).click();
    await page.getByRole('region', { name: 'Review' }).getByText('" Ann "').waitFor();
  });

  test('a percentage is chosen beside the variations, and typed in a field that shows all of it', async () => {
    await createFlag('shared', { kind: 'set-fallthrough', variation: 'on' });
    for (const options of [{}, phone]) {
      const page = await world.open('flags/shared', options);
      await page.getByRole('button', { name: 'Serves on' }).click();
      await page.getByRole('button', { name: 'Percentage…' }).click();
      const percentOf = (id: string) => page.getByRole('spinbutton', { name: `Percent of ${id}` });
      const [on, off] = [percentOf('on'), percentOf('off')] as const;
      await on.and(page.locator(':focus')).waitFor();
      await on.press('Control+a');
      await on.press('Delete');
      expect(await on.inputValue()).toBe('');
      expect(await off.inputValue()).toBe('0');
      await on.pressSequentially('33.333');
      expect(await Promise.all([on, off].map((field) => field.inputValue()))).toEqual(['33.333', '66.667']);
      // Beside its digits a field has its padding, and the two arrows that step it.
      const room = await on.evaluate((field) => {
        const { font, paddingLeft, paddingRight } = getComputedStyle(field);
        const canvas = document.createElement('canvas').getContext('2d');
        if (canvas === null) throw new Error('there is no canvas to measure on');
        canvas.font = font;
        const arrows = 20;
        const digits = canvas.measureText('33.333').width;
        return field.clientWidth - Number.parseFloat(paddingLeft) - Number.parseFloat(paddingRight) - arrows - digits;
      });
      expect(room).toBeGreaterThan(0);
      await page.getByRole('button', { name: 'Split by user key' }).click();
      await page.getByLabel('Kind of context that is split').fill('account');
      await page.getByRole('button', { name: 'Done' }).click();
      await page.getByRole('button', { name: 'Split by account key' }).waitFor();
      expect(await isTooWide(page)).toBe(false);
    }
  });

  test('staging is shown beside production, and copied from', async () => {
    await createFlag('copied', toOff);
    await world.server.api('POST', '/projects/default/environments/staging/changes', {
      flag: 'copied',
      instructions: [{ kind: 'turn-on' }, { kind: 'set-fallthrough', variation: 'on' }, forPlan('business')],
    });
    const page = await world.open('flags/copied?tab=environments');
    const table = page.getByRole('region', { name: 'Environments side by side' });
    await table.getByRole('row', { name: /^Rule 1 not there if user plan is "business": on/ }).waitFor();
    expect(await table.getByRole('row', { name: /^While off/ }).count()).toBe(0);
    await page.getByRole('radio', { name: 'All lines' }).click();
    await table.getByRole('row', { name: /^While off/ }).waitFor();
    expect(await findFaults(page)).toEqual([]);
    await page.getByRole('button', { name: 'Copy from staging…' }).click();
    await page.getByRole('region', { name: 'Review' }).getByText('rule added: if user plan is "business"').waitFor();
    await page.getByRole('button', { name: 'Apply to production' }).click();
    await page.getByText('It does the same everywhere.').or(table.getByText('While off')).first().waitFor();
    const { body } = await world.server.api('GET', `${production}/flags/copied`);
    expect(body).toMatchObject({ fallthrough: { variation: 'on' }, rules: [{ variation: 'on' }] });
  });

  test('explaining lights the line that decided', async () => {
    await createFlag('explained', toOff, forPlan('business'), forPlan('free'));
    const page = await world.open('flags/explained?tab=explain');
    await page.getByLabel('Who: a context').fill('{ "kind": "user", "key": "a", "plan": "free" }');
    await page.getByRole('button', { name: 'Explain' }).click();
    const lit = page.locator('[aria-current=true]');
    await lit.waitFor();
    expect(await lit.count()).toBe(1);
    expect(await lit.textContent()).toContain('user plan is free');
    await page.getByText(/^rule 2 matches, .*plan is "free"/).waitFor();
    // Here sentences are read, not edited.
    expect(await page.getByRole('region', { name: 'Targeting' }).getByRole('button').count()).toBe(0);
    expect(await findFaults(page)).toEqual([]);
  });

  test('a prerequisite is chosen among flags and their variations', async () => {
    await createFlag('asking');
    await createFlag('asked-first');
    const page = await world.open('flags/asking');
    await page.getByRole('button', { name: 'Prerequisite', exact: true }).click();
    await page.getByRole('button', { name: 'Choose a flag' }).click();
    await page.getByRole('searchbox', { name: 'Find a flag' }).fill('asked-first');
    await page.getByRole('button', { name: 'asked-first' }).click();
    await page.getByRole('button', { name: 'Choose what asked-first has to serve' }).click();
    await page.getByRole('button', { name: 'on true' }).click();
    await page.getByRole('region', { name: 'Review' }).getByText('must serve').waitFor();
    await page.getByRole('button', { name: 'Apply to production' }).click();
    await page.getByRole('region', { name: 'Convergence' }).waitFor();
    const { body } = await world.server.api('GET', `${production}/flags/asking`);
    expect(body.prerequisites).toEqual([{ flag: 'asked-first', variation: 'on' }]);
  });

  test('evaluations are a chart with a sentence and a table', async () => {
    await createFlag('counted');
    await fetch(`${world.server.url}/bulk`, {
      method: 'POST',
      headers: { authorization: world.server.sdkKey, 'content-type': 'application/json' },
      body: JSON.stringify([
        {
          kind: 'summary',
          features: {
            counted: {
              counters: [
                { count: 30, variation: 0, version: 1 },
                { count: 10, variation: 1, version: 1 },
              ],
            },
          },
        },
      ]),
    });
    await world.server.running.context.evaluations.flush();
    const page = await world.open('flags/counted?tab=evaluations');
    const chart = page.getByRole('img', { name: '40 evaluations in 24 hours: 75% on, 25% off' });
    await chart.locator('canvas').waitFor();
    // What happened in the last minutes is in the picture.
    await until(async () => (await countDrawn(chart.locator('canvas'), 'text-series-1')) > 100);
    await page.getByText('As a table').click();
    await page.getByRole('cell', { name: '30', exact: true }).waitFor();
    expect(await findFaults(page)).toEqual([]);
  });

  test('what a flag is can be changed, archived, and deleted after its key was typed', async () => {
    await createFlag('ending');
    const page = await world.open('flags/ending?tab=settings');
    await page.getByRole('textbox', { name: 'Owner' }).fill('Lena Ortiz');
    await page.getByRole('region', { name: 'Review' }).getByText('Lena Ortiz').waitFor();
    await page.getByRole('button', { name: 'Apply to production' }).click();
    await page.getByText('Owner Lena Ortiz').waitFor();
    await page.getByRole('button', { name: 'Archive flag…' }).click();
    await page.getByRole('button', { name: 'Apply to production' }).click();
    await page.getByRole('button', { name: 'Take out of the archive…' }).waitFor();
    expect(await world.server.findServed('ending')).toBeUndefined();
    expect(await findFaults(page)).toEqual([]);

    await page.getByRole('button', { name: 'Delete flag…' }).click();
    const dialog = page.getByRole('dialog');
    const confirm = dialog.getByRole('button', { name: 'Delete flag' });
    expect(await confirm.getAttribute('aria-disabled')).toBe('true');
    await dialog.getByLabel('Type ending').fill('ending');
    await confirm.click();
    await page.getByRole('heading', { name: 'Flags' }).waitFor();
    expect((await world.server.api('GET', '/projects/default/flags/ending')).status).toBe(404);
  });

  test('it reads well to those who do not see it, in the dark and on a phone', async () => {
    const key = 'checkout-split-shipments-over-two-warehouses-when-one-of-them-is-closed';
    await createFlag(key, forPlan('business'), {
      kind: 'set-fallthrough',
      rollout: {
        variations: [
          { variation: 'on', weight: 30_000 },
          { variation: 'off', weight: 70_000 },
        ],
      },
    });
    for (const options of [{ ...phone, colorScheme: 'dark' as const }]) {
      const page = await world.open(`flags/${key}`, options);
      await page.getByRole('button', { name: '30% get on' }).click();
      await page.getByRole('button', { name: '50% get on' }).first().click();
      await page.getByRole('heading', { name: /of sampled contexts get another answer/ }).waitFor();
      expect(await findFaults(page)).toEqual([]);
      expect(await isTooWide(page)).toBe(false);
    }
  });
});
