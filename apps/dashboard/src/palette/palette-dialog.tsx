import type { FlagRowView } from '@sluice/api-client';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { Command } from 'cmdk';
import { History, Plus, Power, Search } from 'lucide-react';
import { type KeyboardEvent, type ReactNode, useEffect, useState } from 'react';
import { api } from '../api.ts';
import { State } from '../flags/flag-row.tsx';
import { usePlace } from '../place.ts';
import { after } from '../platform.ts';
import { useEnvironment, useEnvironments, useNowView } from '../shell/environment.ts';
import { PageIcon } from '../shell/page-icon.tsx';
import { pages } from '../shell/pages.ts';
import { Chip } from '../ui/chip.tsx';
import { useFocusBack } from '../ui/focus-back.ts';
import { KeyHint } from '../ui/key-hint.tsx';
import { KindIcon } from '../ui/kind-icon.tsx';
import { Name } from '../ui/name.tsx';
import { readPlaces } from './last-places.ts';
import { type Act, describeAct, listActs, listWaysBack } from './list-acts.ts';
import { closePalette } from './palette-state.ts';
import { readWords, searchFor } from './read-words.ts';

interface PaletteDialogProps {
  readonly first: string;
  /** Opens what says what the act does. */
  readonly begin: (act: Act) => void;
}

/** One field: what is typed finds acts, then places. */
export function PaletteDialog({ first, begin }: PaletteDialogProps): ReactNode {
  useFocusBack();
  const place = usePlace();
  const navigate = useNavigate();
  const environment = useEnvironment();
  const [text, setText] = useState(first);
  const words = readWords(text);
  const { flags, segments } = useFound(searchFor(words));
  const environments = useEnvironments().data ?? [];
  const matters = useNowView().data?.matters ?? [];
  const isEmpty = text.trim() === '';
  const acts = isEmpty ? listWaysBack(matters) : listActs({ words, rows: flags, environments, here: environment.key });

  const go = (path: string) => {
    closePalette();
    void navigate({ to: path });
  };
  const act = (next: Act) => {
    if (next.kind === 'switch') go(`/${place.project}/${next.environment}/now`);
    else begin(next);
  };
  const here = `/${place.project}/${place.environment}`;
  const found: readonly Place[] =
    words.acts !== undefined && acts.length > 0 && words.rest === ''
      ? []
      : [
          ...flags.map((row) => flagPlace(here, row)),
          ...segments.map(
            ({ key, included, rules }): Place => ({
              path: `${here}/segments/${encodeURIComponent(key)}`,
              icon: <KindIcon kind="segment" />,
              name: key,
              about: `segment, ${included} by name, ${rules} ${rules === 1 ? 'rule' : 'rules'}`,
              isKey: true,
            }),
          ),
          ...pages
            .filter(({ name, path }) => isIn(`${name} ${path} ${pageWords[path] ?? ''}`, words.rest))
            .map((page) => pagePlace(here, page)),
          ...(words.acts === undefined
            ? [
                {
                  path: `${here}/fleet?q=${encodeURIComponent(text.trim())}`,
                  icon: <KindIcon kind="instance" />,
                  name: `Instances with “${text.trim()}”`,
                },
              ]
            : []),
        ];
  const lastPlaces = readPlaces().filter((path) => path !== location.pathname);
  const groups: readonly PlaceGroup[] = isEmpty
    ? [
        { heading: 'Last places', places: lastPlaces.slice(0, 5).map(toPlace) },
        // On a phone there is no other way to most of them.
        { heading: 'Pages', places: pages.map((page) => pagePlace(here, page)) },
      ]
    : [{ heading: 'Go to', places: found }];
  // What is first is chosen, also when it comes later than what was there at once.
  const [top] = [...acts.map(nameOf), ...groups.flatMap((group) => group.places.map((each) => itemValue(group, each)))];
  const [chosen, setChosen] = useState('');
  useEffect(() => setChosen(top ?? ''), [top]);
  /** Beside a link, cmdk knows no other tab. */
  const openBeside = (event: KeyboardEvent<HTMLDivElement>) => {
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
    const path = event.currentTarget.querySelector<HTMLElement>('[data-selected=true]')?.dataset.path;
    if (path === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    window.open(path, '_blank', 'noopener');
  };
  return (
    <Command.Dialog
      open
      label="Find or do anything"
      shouldFilter={false}
      loop
      value={chosen}
      onValueChange={setChosen}
      onOpenChange={(isOpen) => !isOpen && closePalette()}
      onKeyDownCapture={openBeside}
      overlayClassName="fixed inset-0 z-40 bg-black/30"
      contentClassName="fixed z-50 bg-page shadow-float max-tablet:inset-x-0 max-tablet:top-0 max-tablet:rounded-b-sheet tablet:top-[12vh] tablet:left-1/2 tablet:w-[min(672px,94vw)] tablet:-translate-x-1/2 tablet:rounded-dialog"
    >
      <div className="flex items-center gap-3 border-line border-b px-4">
        <Search aria-hidden size={15} className="shrink-0 text-ink-2" />
        <Command.Input
          value={text}
          onValueChange={setText}
          placeholder="Find or do anything"
          className="h-13 min-w-0 flex-1 bg-transparent text-panel outline-none placeholder:text-ink-3"
        />
        <Chip tone={environment.isProduction ? 'production' : 'neutral'}>{environment.name}</Chip>
      </div>
      <Command.List className="max-h-[min(60dvh,30rem)] overflow-y-auto px-2 pb-2">
        <Command.Empty className="px-3 py-6 text-ink-2">Nothing is called “{text.trim()}” here.</Command.Empty>
        {acts.length > 0 && (
          <Command.Group heading={<Heading>{isEmpty ? 'Off normal' : 'Do'}</Heading>}>
            {acts.map((each) => (
              <ActItem key={nameOf(each)} act={each} words={words.rest} rows={flags} choose={() => act(each)} />
            ))}
          </Command.Group>
        )}
        {groups
          .filter(({ places }) => places.length > 0)
          .map((group) => (
            <Command.Group key={group.heading} heading={<Heading>{group.heading}</Heading>}>
              {group.places.map((each) => (
                <PlaceItem
                  key={each.path}
                  place={each}
                  value={itemValue(group, each)}
                  words={words.rest}
                  choose={() => go(each.path)}
                />
              ))}
            </Command.Group>
          ))}
      </Command.List>
      <p className="flex flex-wrap gap-x-4 border-line border-t px-4 py-2 text-ink-3 text-small max-tablet:hidden">
        <span>
          <KeyHint>↑</KeyHint> <KeyHint>↓</KeyHint> choose
        </span>
        <span>
          <KeyHint>Ctrl Enter</KeyHint> open in a new tab
        </span>
        <span className="ml-auto">“kill switch” finds valves</span>
      </p>
    </Command.Dialog>
  );
}

const itemStyle =
  'flex min-h-9.5 cursor-pointer items-center gap-3 rounded-control px-3 py-1 data-[selected=true]:bg-hover max-tablet:min-h-11';

function Heading({ children }: { readonly children: ReactNode }): ReactNode {
  return <span className="block px-3 pt-3 pb-1 text-ink-2">{children}</span>;
}

interface Place {
  readonly path: string;
  readonly icon: ReactNode;
  readonly name: string;
  readonly about?: string;
  readonly state?: ReactNode;
  /** Its name is a key. */
  readonly isKey?: boolean;
}

interface PlaceGroup {
  readonly heading: string;
  readonly places: readonly Place[];
}

/** Of its item: the same place may be in two groups. */
function itemValue({ heading }: PlaceGroup, { path }: Place): string {
  return `${heading} ${path}`;
}

interface PlaceItemProps {
  readonly place: Place;
  readonly value: string;
  readonly words: string;
  readonly choose: () => void;
}

function PlaceItem({ place, value, words, choose }: PlaceItemProps): ReactNode {
  const { path, icon, name, about, state, isKey = false } = place;
  return (
    <Command.Item value={value} data-path={path} onSelect={choose} className={itemStyle}>
      <span className="inline-flex shrink-0 text-ink-2">{icon}</span>
      <span className="min-w-0 truncate">
        {isKey ? (
          <Name>
            <Match text={name} words={words} />
          </Name>
        ) : (
          name
        )}
        {about !== undefined && about !== '' && <span className="ml-2 text-ink-2">{about}</span>}
      </span>
      {state !== undefined && <span className="ml-auto max-w-[40%] shrink-0 truncate text-ink-2">{state}</span>}
    </Command.Item>
  );
}

/** Words by which people look for a page, besides its name. */
const pageWords: Readonly<Record<string, string>> = {
  valves: 'kill switch degrade',
  flags: 'feature toggle',
  configs: 'remote config setting',
  segments: 'cohort audience',
  changes: 'history audit log',
  fleet: 'instances clients',
  environments: 'keys sdk key credentials edges',
  people: 'users members tokens roles permissions invite lost password recover',
  now: 'off normal incidents',
};

function pagePlace(here: string, { path, name }: (typeof pages)[number]): Place {
  return { path: `${here}/${path}`, icon: <PageIcon path={path} />, name };
}

const flagPages = { release: 'flags', valve: 'valves', config: 'configs', migration: 'migrations' } as const;

function flagPlace(here: string, { key, kind, name, description, owner, state }: FlagRowView): Place {
  const what = description !== '' ? `“${description}”` : name !== key && name !== '' ? `“${name}”` : owner;
  return {
    path: `${here}/${flagPages[kind]}/${encodeURIComponent(key)}`,
    icon: <KindIcon kind={kind} />,
    name: key,
    about: [kind, what].filter((part) => part !== '').join(', '),
    state: <State state={state} />,
    isKey: true,
  };
}

/** Of an address that was open before. */
function toPlace(path: string): Place {
  const [, project = '', environment = '', first = '', key] = path.split('/');
  const page = pages.find((each) => each.path === first);
  return {
    path,
    icon: page === undefined ? <History aria-hidden size={15} /> : <PageIcon path={page.path} />,
    name: key === undefined ? (page?.name ?? (first === 'you' ? 'Your settings' : first)) : decodeURIComponent(key),
    about: `${project} / ${environment}`,
    isKey: key !== undefined,
  };
}

interface ActItemProps {
  readonly act: Act;
  readonly words: string;
  readonly rows: readonly FlagRowView[];
  readonly choose: () => void;
}

function ActItem({ act, words, rows, choose }: ActItemProps): ReactNode {
  const row = 'flag' in act ? rows.find(({ key }) => key === act.flag) : undefined;
  const object = 'flag' in act ? act.flag : 'environment' in act ? act.environment : undefined;
  return (
    <Command.Item value={nameOf(act)} onSelect={choose} className={`${itemStyle} group`}>
      <span className="inline-flex shrink-0 text-ink-2">
        <ActIcon act={act} />
      </span>
      <span className="min-w-0 truncate">
        {describeAct(act)}{' '}
        {object !== undefined && (
          <b>
            <Match text={object} words={words} />
            {'flag' in act && '…'}
          </b>
        )}
        {row !== undefined && (
          <span className="ml-2 text-ink-2">
            <State state={row.state} />
          </span>
        )}
      </span>
      {act.kind !== 'switch' && (
        <span className="ml-auto hidden shrink-0 text-ink-2 group-data-[selected=true]:inline max-tablet:group-data-[selected=true]:hidden">
          <KeyHint>Enter</KeyHint> opens a preview
        </span>
      )}
    </Command.Item>
  );
}

function ActIcon({ act: { kind } }: { readonly act: Act }): ReactNode {
  switch (kind) {
    case 'trip':
    case 'restore':
      return <KindIcon kind="valve" />;
    case 'turn-on':
    case 'turn-off':
      return <Power aria-hidden size={14} />;
    case 'revert':
      return <History aria-hidden size={14} />;
    case 'new-flag':
      return <Plus aria-hidden size={14} />;
    case 'switch':
      return <PageIcon path="environments" />;
  }
}

/** What was typed stands out in what it found. */
function Match({ text, words }: { readonly text: string; readonly words: string }): ReactNode {
  const start = words === '' ? -1 : text.toLowerCase().indexOf(words.toLowerCase());
  if (start === -1) return text;
  const end = start + words.length;
  return (
    <>
      {text.slice(0, start)}
      <span className="text-accent">{text.slice(start, end)}</span>
      {text.slice(end)}
    </>
  );
}

function nameOf(act: Act): string {
  return [act.kind, 'flag' in act ? act.flag : '', 'environment' in act ? act.environment : ''].join(' ');
}

function isIn(text: string, words: string): boolean {
  const lower = text.toLowerCase();
  return words
    .toLowerCase()
    .split(/\s+/)
    .every((word) => lower.includes(word));
}

/** What the server finds, once typing rests. */
function useFound(search: string) {
  const place = usePlace();
  const [asked, setAsked] = useState(search);
  useEffect(() => after(120, () => setAsked(search)), [search]);
  const enabled = asked !== '';
  const flags = useQuery({
    queryKey: [place.project, place.environment, 'flags', 'palette', asked],
    queryFn: () => api.listFlagRows(place, { search: asked, limit: 8 }),
    placeholderData: keepPreviousData,
    retry: false,
    enabled,
  });
  const segments = useQuery({
    queryKey: [place.project, place.environment, 'segments', 'palette', asked],
    queryFn: () => api.listSegmentRows(place, { search: asked, limit: 4 }),
    placeholderData: keepPreviousData,
    retry: false,
    enabled: enabled && !asked.includes(':'),
  });
  return { flags: (enabled && flags.data?.items) || [], segments: (enabled && segments.data?.items) || [] };
}
