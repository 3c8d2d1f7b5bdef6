import { useEffect, useState } from 'react';
import { after } from '../platform.ts';

/** From where the last dialog was opened: first the very thing, then what it was opened from itself. */
let last: readonly Element[] = [];

/** What has the focus, and where one was before it was opened, as the palette and menus are gone by then. */
function noteOpeners(): readonly Element[] {
  const here = document.activeElement ?? document.body;
  const menu = here.closest('[role=menu]')?.getAttribute('aria-labelledby') ?? '';
  const trigger = document.getElementById(menu);
  // What has begun this dialog may be on its way out already, and nothing has the focus.
  const isBetween = here === document.body || here.closest('[role=dialog]') !== null;
  last = [here, ...(trigger === null ? [] : [trigger]), ...(isBetween ? last : [])];
  return last;
}

/** Once a dialog is gone the focus goes back to where it was, or where that is gone too, to the content. */
export function useFocusBack(): void {
  const [openers] = useState(noteOpeners);
  useEffect(
    () => () => {
      after(0, () => {
        // A dialog that came in its place has the focus already.
        if (document.activeElement !== document.body) return;
        const target = openers.find((each) => each.isConnected && each !== document.body);
        (target instanceof HTMLElement ? target : document.getElementById('main'))?.focus();
      });
    },
    [openers],
  );
}
