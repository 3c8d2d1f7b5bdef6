import { useQuery } from '@tanstack/react-query';
import { ChevronDown } from 'lucide-react';
import type { ReactNode } from 'react';
import { api } from '../api.ts';
import { usePlace } from '../place.ts';
import { Menu, MenuItem } from '../ui/menu.tsx';
import { readFilter, withFilter } from './filter-text.ts';

const fixed = {
  kind: ['release', 'valve', 'config', 'migration'],
  state: ['on', 'off', 'tripped', 'archived'],
  evaluated: ['24h', '7d', 'not-7d', 'not-30d', 'never'],
} as const;

interface FilterMenusProps {
  readonly query: string;
  readonly change: (query: string) => void;
}

/** The same filters that one can type, to choose from. */
export function FilterMenus({ query, change }: FilterMenusProps): ReactNode {
  const place = usePlace();
  const facets = useQuery({
    queryKey: [place.project, place.environment, 'flags', 'facets'],
    queryFn: () => api.getFlagFacets(place),
  }).data;
  const options: readonly (readonly [name: string, label: string, values: readonly string[]])[] = [
    ['kind', 'Kind', fixed.kind],
    ['tag', 'Tag', facets?.tags.map(({ tag }) => tag) ?? []],
    ['owner', 'Owner', ['nobody', ...(facets?.owners.map(({ owner }) => owner).filter((owner) => owner !== '') ?? [])]],
    ['state', 'State', fixed.state],
    ['evaluated', 'Evaluated', fixed.evaluated],
  ];
  return options.map(([name, label, values]) => {
    const chosen = readFilter(query, name);
    return (
      <Menu
        key={name}
        trigger={
          <button
            type="button"
            className="inline-flex h-7 items-center gap-1.5 rounded-control border border-line-strong bg-raised px-2.5 text-ink-2 hover:bg-hover max-tablet:h-11"
          >
            {label} <b className="text-ink">{chosen ?? 'any'}</b>
            <ChevronDown aria-hidden size={13} />
          </button>
        }
      >
        <MenuItem isChosen={chosen === undefined} act={() => change(withFilter(query, name, undefined))}>
          any
        </MenuItem>
        {values.map((value) => (
          <MenuItem key={value} isChosen={chosen === value} act={() => change(withFilter(query, name, value))}>
            {value}
          </MenuItem>
        ))}
      </Menu>
    );
  });
}
