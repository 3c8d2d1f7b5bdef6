import { useEffect, useState } from 'react';
import { after } from '../platform.ts';

/** From where the last of them was opened: first the very thing, then what it was opened from itself. */
let last: readonly Element[] = [];

/** What has the focus, and where one was before it was opened, as the palette and menus are gone by then. */
function noteOpeners(): readonly Element[] {
  const here = document.activeElement ?? document.body;
  const menu = here.closest('[role=menu]')?.getAttribute('aria-labelledby') ?? '';
  // The editor of a value closes as it makes the edit.
  const editor = here.closest('[role=dialog]')?.id || 'none';
  const trigger = document.getElementById(menu) ?? document.querySelector(`[aria-controls="${editor}"]`);
  // What has begun this may be on its way out already, and nothing has the focus.
  const isBetween = here === document.body || here.closest('[role=dialog]') !== null;
  last = [here, ...(trigger === null ? [] : [trigger]), ...(isBetween ? last : [])];
  return last;
}

/**
 * Once a dialog, a review or a conflict is gone, and the focus with it, that goes back to where it was before, or where
 * that is gone too, to the content.
 */
export function useFocusBack(): void {
  const [openers] = useState(noteOpeners);
  useEffect(
    () => () => {
      after(0, () => {
        // A dialog that came in its place has the focus already.
        if (document.activeElement !== document.body) return;
        const opener = openers.find((each) => each.isConnected && each !== document.body);
        const target = opener instanceof HTMLElement ? opener : document.getElementById('main');
        target?.focus({ preventScroll: true });
        // Whoever has a pointer goes on looking where it is.
        if (target?.matches(':focus-visible') === true) target.scrollIntoView({ block: 'nearest' });
      });
    },
    [openers],
  );
}
