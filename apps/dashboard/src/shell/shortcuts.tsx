import { useNavigate } from '@tanstack/react-router';
import { type ReactNode, useEffect, useState } from 'react';
import { closePalette, openPalette } from '../palette/palette-state.ts';
import { usePlace } from '../place.ts';
import { readKept } from '../platform.ts';
import { Button } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { KeyHint } from '../ui/key-hint.tsx';
import { pages } from './pages.ts';

/** So long after G a letter is the name of a page. */
const afterGMs = 1500;

/** The keys that work on every page. */
export function Shortcuts(): ReactNode {
  const place = usePlace();
  const navigate = useNavigate();
  const [isListOpen, setListOpen] = useState(false);
  useEffect(() => {
    let letterDueUntil = 0;
    // Before the page hears of it: the letter after G is none of its keys.
    const goTo = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event)) return;
      const isAfterG = event.timeStamp < letterDueUntil;
      letterDueUntil = event.key === 'g' && !isAfterG ? event.timeStamp + afterGMs : 0;
      const page = pages.find(({ letter }) => letter === event.key.toLowerCase());
      if (!isAfterG || page === undefined) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      void navigate({ to: `/$project/$environment/${page.path}`, params: place });
    };
    const press = (event: KeyboardEvent): void => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
        event.preventDefault();
        openPalette();
        return;
      }
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event)) return;
      const act = {
        '/': () => document.querySelector<HTMLInputElement>('[data-search]')?.focus(),
        e: openEnvironments,
        '?': () => setListOpen(true),
        j: () => moveRow(1),
        k: () => moveRow(-1),
      }[event.key];
      if (act === undefined) return;
      event.preventDefault();
      act();
    };
    addEventListener('keydown', stopLetters, true);
    addEventListener('keydown', goTo, true);
    addEventListener('keydown', press);
    return () => {
      removeEventListener('keydown', stopLetters, true);
      removeEventListener('keydown', goTo, true);
      removeEventListener('keydown', press);
      closePalette();
    };
  }, [navigate, place]);
  return isListOpen && <KeyList close={() => setListOpen(false)} />;
}

/** Who has switched single letters off is not surprised by any page's: they go no further than here. */
function stopLetters(event: KeyboardEvent): void {
  const isLetter = event.key.length === 1 && event.key !== ' ';
  if (!isLetter || event.ctrlKey || event.metaKey || event.altKey || isTyping(event)) return;
  if (!readKept('letters', true)) event.stopImmediatePropagation();
}

/** Letters belong to fields and dialogs while one is in them. */
export function isTyping({ target }: KeyboardEvent): boolean {
  return (
    target instanceof HTMLElement &&
    target.closest('input, textarea, select, [contenteditable=true], [role=dialog], [role=menu]') !== null
  );
}

/** Menus open by the pointer or by a key on their button; a click that no pointer made does nothing. */
function openEnvironments(): void {
  const button = document.querySelector<HTMLButtonElement>('[data-environment-menu]');
  button?.focus();
  button?.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, cancelable: true }));
}

/** Focus goes from row to row of a list; rows mark their link. */
function moveRow(by: 1 | -1): void {
  const rows = [...document.querySelectorAll<HTMLElement>('main [data-row]')];
  const here = rows.indexOf(document.activeElement?.closest<HTMLElement>('[data-row]') ?? document.body);
  const next = rows[here === -1 && by === -1 ? rows.length - 1 : here + by];
  next?.focus();
  next?.scrollIntoView({ block: 'nearest' });
}

const keys: readonly (readonly [string, string])[] = [
  ['Ctrl K', 'find or do anything'],
  ['/', 'filter this list'],
  ['E', 'change the environment'],
  ['J  K', 'next row, row before'],
  ['X', 'select a row'],
  ['Enter', 'open what is focused'],
  ['[  ]', 'since when: further back, less'],
  ['R', 'revert the focused change'],
  ['Shift R', 'revert all since'],
  ['Esc', 'back one level'],
  ['Ctrl Enter', 'apply'],
  ...pages.map(({ letter, name }): readonly [string, string] => [`G ${letter.toUpperCase()}`, name]),
  ['?', 'this list'],
];

function KeyList({ close }: { readonly close: () => void }): ReactNode {
  return (
    <Dialog title="Keys" close={close} actions={<Button onClick={close}>Close</Button>}>
      <dl className="grid gap-x-6 gap-y-2 px-6 py-4 tablet:grid-cols-2">
        {keys.map(([key, meaning]) => (
          <div key={key} className="flex items-center gap-3">
            <dt className="flex w-24 gap-1">
              {key
                .split(' ')
                .filter(Boolean)
                .map((part) => (
                  <KeyHint key={part}>{part}</KeyHint>
                ))}
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
