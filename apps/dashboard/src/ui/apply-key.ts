import { type RefObject, useEffect } from 'react';

/**
 * Ctrl Enter, or Command Enter, does what the button does that writes: that of the dialog `within`, or without one that
 * of the page. Only what lies on top hears it: below a dialog, a menu or the editor of a value nothing is applied.
 */
export function useApplyKey(act: (() => void) | undefined, within?: RefObject<Element | null>): void {
  useEffect(() => {
    if (act === undefined) return;
    const press = (event: KeyboardEvent): void => {
      if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
      // In the order in which they were opened.
      const top = [...document.querySelectorAll('[role=dialog], [role=menu]')].at(-1) ?? null;
      if (top !== (within?.current ?? null)) return;
      event.preventDefault();
      if (!event.repeat) act();
    };
    // On the way down: a value's editor that this press closes is still there.
    addEventListener('keydown', press, true);
    return () => removeEventListener('keydown', press, true);
  });
}
