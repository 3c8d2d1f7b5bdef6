import { useNavigate } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import { usePlace } from '../place.ts';
import { useSession } from '../session/session.ts';
import { useSignOut } from '../session/sign-out.tsx';
import { Menu, MenuItem, MenuTitle } from '../ui/menu.tsx';
import { chooseTheme, readTheme, type Theme } from './theme.ts';

const themes: readonly { readonly theme: Theme; readonly name: string }[] = [
  { theme: 'system', name: 'As the machine' },
  { theme: 'light', name: 'Light' },
  { theme: 'dark', name: 'Dark' },
];

/** Who is signed in, how the pages look, and the way out. */
export function PersonMenu(): ReactNode {
  const place = usePlace();
  const navigate = useNavigate();
  const person = useSession().data?.person;
  const { signOut, failure } = useSignOut();
  const [theme, setTheme] = useState(readTheme);
  const initials = initialsOf(person?.name ?? '');
  return (
    <>
      {failure}
      <Menu
        trigger={
          <button
            type="button"
            // With what is seen of it, so that it can be said to a machine.
            aria-label={`${initials}, you, ${person?.name ?? ''}`}
            className="flex size-7 shrink-0 items-center justify-center rounded-full border border-current/30 font-semibold text-hint hover:bg-current/10 max-tablet:size-9"
          >
            <span aria-hidden>{initials}</span>
          </button>
        }
      >
        <MenuTitle>
          {person?.name}, {person?.email}
        </MenuTitle>
        <MenuItem act={() => void navigate({ to: '/$project/$environment/you', params: place })}>
          Your settings
        </MenuItem>
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
        <MenuTitle>This browser</MenuTitle>
        <MenuItem act={signOut}>Sign out</MenuItem>
      </Menu>
    </>
  );
}

/** `MK` of Mara Kessler. */
function initialsOf(name: string): string {
  const words = name.split(/\s+/).filter((word) => word !== '');
  return [words[0], words.length > 1 ? words.at(-1) : undefined]
    .map((word) => word?.[0] ?? '')
    .join('')
    .toUpperCase();
}
