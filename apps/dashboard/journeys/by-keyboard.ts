import type { Page } from 'playwright-core';
import { expect } from 'vitest';

/** What has the focus: its role and name, and whether one sees that it has it. */
function readFocus(): { readonly name: string; readonly isSeen: boolean } {
  const at = document.activeElement;
  if (at === null || at === document.body) return { name: '', isSeen: true };
  const isField = at instanceof HTMLInputElement || at instanceof HTMLTextAreaElement;
  const labels = isField ? [...(at.labels ?? [])] : [];
  const said = at.getAttribute('aria-label') ?? labels[0]?.textContent ?? at.getAttribute('placeholder');
  const name = at.id === 'main' ? 'the content' : (said ?? at.textContent ?? '');
  // The mark is on it, on what is drawn in its place, on the label around it, or it is the one lit of a list.
  const drawn = [at, at.nextElementSibling, at.closest('label')].filter((each) => each !== null);
  const isMarked = drawn.some((each) => {
    const { outlineStyle, outlineWidth } = getComputedStyle(each);
    return outlineStyle !== 'none' && Number.parseFloat(outlineWidth) > 0;
  });
  const box = at.getBoundingClientRect();
  const isInView = box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
  // What holds others shows which of them is meant; the content as a whole is where one came to by a link.
  const isOfList = at.matches('[role=dialog], [role=menuitem], [role=menu], main');
  return { name: name.trim().replaceAll(/\s+/g, ' '), isSeen: isOfList || (isMarked && isInView) };
}

/** A person without a pointer. */
export function byKeyboard(page: Page) {
  const { keyboard } = page;
  const matches = (name: string, wanted: string | RegExp) =>
    typeof wanted === 'string' ? name === wanted || name.startsWith(`${wanted} `) : wanted.test(name);
  const go = async (key: 'Tab' | 'Shift+Tab', wanted: string | RegExp, most: number): Promise<void> => {
    const passed: string[] = [];
    for (let step = 0; step < most; step++) {
      await keyboard.press(key);
      const { name, isSeen } = await page.evaluate(readFocus);
      passed.push(name);
      expect(isSeen, `the focus is seen on “${name}” of ${page.url()}`).toBe(true);
      if (matches(name, wanted)) return;
    }
    throw new Error(`${key} never came to ${wanted}, but to: ${passed.join(' · ')}`);
  };
  return {
    press: (...presses: readonly string[]) =>
      presses.reduce((before, key) => before.then(() => keyboard.press(key)), Promise.resolve()),
    type: (text: string) => keyboard.type(text),
    tabTo: (wanted: string | RegExp, most = 60) => go('Tab', wanted, most),
    backTo: (wanted: string | RegExp, most = 60) => go('Shift+Tab', wanted, most),
    /** Waits until the focus is there by itself, as after a dialog. */
    isOn: async (wanted: string | RegExp): Promise<void> => {
      let found = await page.evaluate(readFocus);
      for (let tries = 0; tries < 100 && !matches(found.name, wanted); tries++) {
        await page.evaluate(() => new Promise(requestAnimationFrame));
        found = await page.evaluate(readFocus);
      }
      expect(matches(found.name, wanted), `the focus is on “${found.name}”, expected ${wanted}`).toBe(true);
      expect(found.isSeen, `the focus is seen on “${found.name}” of ${page.url()}`).toBe(true);
    },
  };
}
