import { type ReactNode, useState } from 'react';
import { Menu, MenuItem, MenuTitle } from '../ui/menu.tsx';
import { chooseTheme, readTheme, type Theme } from './theme.ts';

const themes: readonly { readonly theme: Theme; readonly name: string }[] = [
  { theme: 'system', name: 'As the machine' },
  { theme: 'light', name: 'Light' },
  { theme: 'dark', name: 'Dark' },
];

/** Who is signed in, how the pages look, and the way out. */
export function PersonMenu(): ReactNode {
  const [theme, setTheme] = useState(readTheme);
  return (
    <Menu
      trigger={
        <button
          type="button"
          className="flex size-7 items-center justify-center rounded-full border border-current/30 font-semibold text-hint max-tablet:size-9"
        >
          <span aria-hidden>Me</span>
          <span className="sr-only">You</span>
        </button>
      }
    >
      <MenuTitle>Colours</MenuTitle>
      {themes.map(({ theme: each, name }) => (
        <MenuItem
          key={each}
          isChosen={each === theme}
          act={() => {
            chooseTheme(each);
            setTheme(each);
          }}
        >
          {name}
        </MenuItem>
      ))}
    </Menu>
  );
}
