import { ChevronDown } from 'lucide-react';
import type { ReactNode } from 'react';
import { Menu, MenuItem } from './menu.tsx';

interface FilterMenuProps {
  readonly label: string;
  /** Absent: any. */
  readonly chosen: string | undefined;
  readonly options: readonly { readonly value: string; readonly label: ReactNode }[];
  readonly choose: (value: string | undefined) => void;
}

/** One thing by which a list is narrowed, and what to. */
export function FilterMenu({ label, chosen, options, choose }: FilterMenuProps): ReactNode {
  const shown = options.find(({ value }) => value === chosen)?.label ?? chosen;
  return (
    <Menu
      trigger={
        <button
          type="button"
          className="inline-flex h-7 max-w-60 items-center gap-1.5 rounded-control border border-line-strong bg-raised px-2.5 text-ink-2 hover:bg-hover max-tablet:h-11"
        >
          {label} <b className="truncate text-ink">{shown ?? 'any'}</b>
          <ChevronDown aria-hidden size={13} className="shrink-0" />
        </button>
      }
    >
      <MenuItem isChosen={chosen === undefined} act={() => choose(undefined)}>
        any
      </MenuItem>
      {options.map(({ value, label: name }) => (
        <MenuItem key={value} isChosen={chosen === value} act={() => choose(value)}>
          {name}
        </MenuItem>
      ))}
    </Menu>
  );
}
