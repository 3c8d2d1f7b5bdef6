import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright-core';

/** What axe finds wrong with a page as it is, one line for each; empty: nothing. */
export async function findFaults(page: Page): Promise<readonly string[]> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`);
}

/** Whether the page is wider than its window. */
export function isTooWide(page: Page): Promise<boolean> {
  return page.locator('html').evaluate(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth);
}

/** What axe finds against the guidelines, and what does not fit; one line for each. */
export async function findPageFaults(page: Page): Promise<readonly string[]> {
  const overflows = await page.evaluate(listOverflows);
  const { violations } = await new AxeBuilder({ page })
    .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'])
    .analyze();
  return [...overflows, ...violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html.slice(0, 160)}`)];
}

/** What does not fit in the width of the window, or is cut off without a way to see it. */
function listOverflows(): readonly string[] {
  const name = (element: Element) =>
    `${element.tagName.toLowerCase()} “${(element.textContent ?? '').trim().slice(0, 40)}”`;
  const wide =
    document.documentElement.scrollWidth > innerWidth
      ? [`the page is ${document.documentElement.scrollWidth} px wide`]
      : [];
  const main = document.getElementById('main');
  const inMain =
    main !== null && main.scrollWidth > main.clientWidth
      ? [`the content is ${main.scrollWidth} of ${main.clientWidth} px wide`]
      : [];
  const cut = [...document.querySelectorAll('button, h1, h2, [role=switch]')].filter(
    (element) => element.clientWidth > 0 && element.scrollWidth > element.clientWidth + 1,
  );
  const low = [...document.querySelectorAll('textarea')]
    .filter(({ clientHeight, scrollHeight }) => scrollHeight > clientHeight + 1 && clientHeight < 60)
    .map(() => 'a text of many lines has the height of one');
  // What floats a little over the edge of a row, as the place for the blue line does, hides nothing.
  const over = [...document.querySelectorAll('main li')].filter(
    (row) => row.clientHeight > 0 && row.scrollHeight > row.clientHeight + 8,
  );
  return [
    ...wide,
    ...inMain,
    ...low,
    ...over.map((row) => `over the next row: ${name(row)}`),
    ...cut.map((element) => `cut: ${name(element)}`),
  ];
}
