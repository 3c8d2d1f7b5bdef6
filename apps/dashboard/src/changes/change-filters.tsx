import type { ChangeView } from '@sluice/api-client';
import { flagKinds } from '@sluice/authoring';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { ChevronDown } from 'lucide-react';
import { type ReactNode, useEffect, useState } from 'react';
import { after } from '../platform.ts';
import { useSession } from '../session/session.ts';
import { SearchField } from '../ui/field.tsx';
import { Menu, MenuItem, MenuTitle } from '../ui/menu.tsx';
import { Name } from '../ui/name.tsx';
import { type FilterSearch, windows } from './change-filter.ts';

/** So many names are offered to choose from; the address takes any. */
const namesOffered = 12;

/** Whose changes, of what, how far back, and what their comments say; all of it stands in the address. */
export function ChangeFilters({ changes }: { readonly changes: readonly ChangeView[] }): ReactNode {
  const { q = '', who, what, when } = useSearch({ strict: false });
  const navigate = useNavigate();
  const me = useSession().data?.person?.name;
  const set = (part: FilterSearch) =>
    void navigate({
      to: '.',
      replace: true,
      search: (before) =>
        Object.fromEntries(
          Object.entries({ ...before, ...part }).filter(([, value]) => value !== undefined && value !== ''),
        ),
    });
  const actors = unique([who, me, ...changes.map(({ actor }) => actor)]);
  const objects = unique([
    what?.includes(':') ? what : undefined,
    ...changes.flatMap(({ effects }) => effects.map(({ kind, key }) => `${kind}:${key}`)),
  ]);
  return (
    <>
      <CommentField key={q} comment={q} search={(next) => set({ q: next })} />
      <Filter label="Who" chosen={who} any="anyone" choose={(next) => set({ who: next })}>
        {actors.map((actor) => (
          <MenuItem key={actor} isChosen={actor === who} act={() => set({ who: actor })}>
            {actor}
            {actor === me && <span className="text-ink-3"> (you)</span>}
          </MenuItem>
        ))}
      </Filter>
      <Filter label="What" chosen={what?.replace(/^\w+:/, '')} any="anything" choose={(next) => set({ what: next })}>
        {[...flagKinds, 'segment'].map((kind) => (
          <MenuItem key={kind} isChosen={kind === what} act={() => set({ what: kind })}>
            {kind === 'release' ? 'release flags' : `${kind}s`}
          </MenuItem>
        ))}
        {objects.length > 0 && <MenuTitle>Changed lately</MenuTitle>}
        {objects.map((object) => (
          <MenuItem key={object} isChosen={object === what} act={() => set({ what: object })}>
            <Name isBold={false}>{object.replace(/^\w+:/, '')}</Name>
          </MenuItem>
        ))}
      </Filter>
      <Filter
        label="When"
        chosen={windows.find((window) => window.when === when)?.label}
        any="ever"
        choose={(next) => set({ when: next })}
      >
        {windows.map((window) => (
          <MenuItem key={window.when} isChosen={window.when === when} act={() => set({ when: window.when })}>
            {window.label}
          </MenuItem>
        ))}
      </Filter>
    </>
  );
}

interface FilterProps {
  readonly label: string;
  readonly chosen: string | undefined;
  readonly any: string;
  readonly choose: (value: undefined) => void;
  readonly children: ReactNode;
}

function Filter({ label, chosen, any, choose, children }: FilterProps): ReactNode {
  return (
    <Menu
      trigger={
        <button
          type="button"
          className="inline-flex h-7 max-w-60 items-center gap-1.5 rounded-control border border-line-strong bg-raised px-2.5 text-ink-2 hover:bg-hover max-tablet:h-11"
        >
          {label} <b className="min-w-0 truncate text-ink">{chosen ?? any}</b>
          <ChevronDown aria-hidden size={13} className="shrink-0" />
        </button>
      }
    >
      <MenuItem isChosen={chosen === undefined} act={() => choose(undefined)}>
        {any}
      </MenuItem>
      {children}
    </Menu>
  );
}

interface CommentFieldProps {
  readonly comment: string;
  readonly search: (comment: string) => void;
}

/** What one types is looked for once one pauses. */
function CommentField({ comment, search }: CommentFieldProps): ReactNode {
  const [text, setText] = useState(comment);
  useEffect(() => {
    if (text === comment) return;
    return after(300, () => search(text));
  });
  return (
    <SearchField
      label="Comment"
      className="w-48 max-tablet:w-full"
      value={text}
      onChange={({ target }) => setText(target.value)}
    />
  );
}

function unique(names: readonly (string | undefined)[]): readonly string[] {
  return [...new Set(names.filter((name) => name !== undefined))].slice(0, namesOffered);
}
