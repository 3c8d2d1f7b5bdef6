import { after } from '../platform.ts';

const focusable = '#main :is(button, a[href], input, textarea, select)';

/** Does what takes away what has the focus; that goes on to what stands next, where one can go on taking out. */
export function focusBeside(act: () => void): void {
  const here = document.activeElement;
  const all = [...document.querySelectorAll(focusable)];
  const next = here === null ? [] : all.slice(all.indexOf(here) + 1);
  act();
  after(0, () => {
    if (document.activeElement !== document.body || here === document.body) return;
    const target = next.find(({ isConnected }) => isConnected) ?? document.getElementById('main');
    if (target instanceof HTMLElement) target.focus();
  });
}
