import type { ChangeView, FlagRowView } from '@sluice/api-client';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useVirtualizer } from '@tanstack/react-virtual';
import { Plus } from 'lucide-react';
import { type ReactNode, useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { api } from '../api.ts';
import { Converging } from '../convergence/converging.tsx';
import { useLiveStatus } from '../live/live.tsx';
import { usePlace } from '../place.ts';
import { after } from '../platform.ts';
import { useMay } from '../session/may.ts';
import { useEnvironment, useEnvironments } from '../shell/environment.ts';
import { Button } from '../ui/button.tsx';
import { formatCount } from '../ui/duration.ts';
import { SearchField } from '../ui/field.tsx';
import { KeyHint } from '../ui/key-hint.tsx';
import { Failure } from '../ui/loaded.tsx';
import { Loading } from '../ui/loading.tsx';
import { Message } from '../ui/message.tsx';
import { Page } from '../ui/page.tsx';
import { BulkBar } from './bulk-bar.tsx';
import { CreateFlagDialog } from './create-flag-dialog.tsx';
import { FilterMenus } from './filter-menus.tsx';
import { FlagRow, flagRowGrid } from './flag-row.tsx';
import { listWords } from './highlight.ts';

const pageSize = 100;
const rowHeight = 36;

/** What the address says of the list. */
export interface FlagsSearch {
  readonly q?: string;
}

/** Thousands of flags: found by the server, and of what is found only the rows in view are drawn. */
export function FlagsPage(): ReactNode {
  const place = usePlace();
  const environment = useEnvironment();
  const environments = useEnvironments().data ?? [];
  const { q = '' } = useSearch({ strict: false });
  const navigate = useNavigate();
  const [text, setText] = useState(q);
  const [isCreating, setCreating] = useState(false);
  const [{ selected, since }, setSelection] = useState<Selection>(none);
  const [applied, setApplied] = useState<ChangeView>();
  const clear = () => setSelection(none);
  const forbidden = useMay().refuseInProject('editor');
  const create = () => forbidden === undefined && setCreating(true);
  const search = (next: string) =>
    void navigate({
      to: '/$project/$environment/flags',
      params: place,
      search: next === '' ? {} : { q: next },
      replace: true,
    });
  useEffect(() => setText(q), [q]);
  useEffect(() => (text === q ? undefined : after(120, () => search(text))));
  // The other environment that matters: production, or the first other one where this is it.
  const other = environments.find(
    ({ key, isProduction }) => key !== place.environment && (isProduction || environment.isProduction),
  );
  const query = useInfiniteQuery({
    queryKey: [place.project, place.environment, 'flags', q, other?.key],
    queryFn: ({ pageParam }) =>
      api.listFlagRows(place, {
        ...(q !== '' && { search: q }),
        ...(other !== undefined && { compare: other.key }),
        limit: pageSize,
        ...(pageParam !== '' && { cursor: pageParam }),
      }),
    initialPageParam: '',
    getNextPageParam: (page) => page.nextCursor,
    placeholderData: (before) => before,
    enabled: environments.length > 0,
  });
  const [first] = query.data?.pages ?? [];
  const rows = query.data?.pages.flatMap(({ items }) => items) ?? [];
  const total = first?.total;
  const words = useMemo(() => listWords(q), [q]);
  const { version } = useLiveStatus();
  const select = useCallback(
    (row: FlagRowView) => {
      setApplied(undefined);
      setSelection((before) => {
        const next = new Map(before.selected);
        if (!next.delete(row.key)) next.set(row.key, row);
        return { selected: next, since: before.selected.size === 0 ? version : before.since };
      });
    },
    [version],
  );
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const { target, key, ctrlKey, metaKey, altKey } = event;
      if (ctrlKey || metaKey || altKey || !(target instanceof HTMLElement)) return;
      if (target.closest('[role=dialog]') !== null) return;
      if (key === 'ArrowDown' && target.matches('[data-search]')) {
        event.preventDefault();
        document.querySelector<HTMLElement>('main [data-row]')?.focus();
        return;
      }
      if (target.closest('input:not([type=checkbox]), textarea') !== null) return;
      if (key === 'c') create();
      else if (key === 'x') {
        const focused = target.closest<HTMLElement>('[data-row]')?.dataset.row;
        const row = rows.find((each) => each.key === focused);
        if (row !== undefined) select(row);
      } else if (key === 'Escape') clear();
      else return;
      event.preventDefault();
    };
    addEventListener('keydown', press);
    return () => removeEventListener('keydown', press);
  });
  return (
    <>
      <Page
        name={`Flags, ${environment.name}`}
        title="Flags"
        beside={total !== undefined && <span className="figures">{formatCount(total)}</span>}
        actions={
          <Button refusal={forbidden} onClick={create}>
            <Plus aria-hidden size={14} /> New flag <KeyHint>C</KeyHint>
          </Button>
        }
      >
        <div className="flex flex-wrap items-center gap-2 pb-3">
          <SearchField
            label="Filter flags"
            className="w-100 max-tablet:w-full"
            value={text}
            onChange={({ target }) => setText(target.value)}
            found={total !== undefined && q !== '' ? `${formatCount(total)} found` : undefined}
          />
          <FilterMenus query={q} change={search} />
        </div>
        {query.error !== null && <Failure what="The flags" error={query.error} retry={() => void query.refetch()} />}
        {query.isPending && <Loading rows={12} />}
        {total === 0 && (
          <Empty
            query={q}
            suggestion={first?.suggestion}
            clear={() => search('')}
            create={create}
            forbidden={forbidden}
          />
        )}
        {rows.length > 0 && (
          <Rows
            rows={rows}
            total={total ?? rows.length}
            words={words}
            other={other?.key}
            selected={selected}
            select={select}
            more={() => query.hasNextPage && !query.isFetchingNextPage && void query.fetchNextPage()}
          />
        )}
      </Page>
      {selected.size > 0 && (
        <BulkBar
          flags={withNews(selected, rows)}
          version={since}
          clear={clear}
          applied={(change) => {
            clear();
            setApplied(change);
          }}
        />
      )}
      {selected.size === 0 && applied !== undefined && (
        <Converging change={applied} close={() => setApplied(undefined)} />
      )}
      {isCreating && <CreateFlagDialog close={() => setCreating(false)} />}
    </>
  );
}

interface Selection {
  readonly selected: ReadonlyMap<string, FlagRowView>;
  /** The environment's version when the first was selected. */
  readonly since: number | undefined;
}

const none: Selection = { selected: new Map(), since: undefined };

/** What is selected, as it is now as far as the list shows it. */
function withNews(selected: Selection['selected'], rows: readonly FlagRowView[]): readonly FlagRowView[] {
  const now = new Map(rows.map((row) => [row.key, row]));
  return [...selected].map(([key, row]) => now.get(key) ?? row);
}

interface RowsProps {
  readonly rows: readonly FlagRowView[];
  readonly total: number;
  readonly words: readonly string[];
  readonly other: string | undefined;
  readonly selected: ReadonlyMap<string, FlagRowView>;
  readonly select: (row: FlagRowView) => void;
  readonly more: () => void;
}

function Rows({ rows, total, words, other, selected, select, more }: RowsProps): ReactNode {
  const list = useRef<HTMLUListElement>(null);
  const [scroller, setScroller] = useState<HTMLElement | null>(null);
  useEffect(() => setScroller(document.getElementById('main')), []);
  const { environment } = usePlace();
  const isPhone = matchMedia('(max-width: 719px)').matches;
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller,
    estimateSize: () => (isPhone ? 84 : rowHeight),
    overscan: 12,
    scrollMargin: list.current?.offsetTop ?? 0,
  });
  const shown = virtual.getVirtualItems();
  const last = shown.at(-1)?.index ?? 0;
  const inView = virtual.range ?? { startIndex: 0, endIndex: 0 };
  useEffect(() => {
    if (last >= rows.length - 30) more();
  }, [last, rows.length, more]);
  return (
    <>
      <div aria-hidden className={`${flagRowGrid} border-line border-b pb-1.5 text-ink-3 max-tablet:hidden`}>
        <span />
        <span>Key</span>
        <span>Here, in {environment}</span>
        <span>Evaluations, 24 h</span>
        <span>{other !== undefined && `In ${other}`}</span>
        <span className="max-desktop:hidden">Tags</span>
        <span className="max-desktop:hidden">Owner</span>
        <span className="text-right">Changed</span>
      </div>
      <ul
        ref={list}
        aria-label="Flags"
        className="relative -mx-6 max-tablet:-mx-4"
        style={{ height: virtual.getTotalSize() }}
      >
        {shown.map(({ index, start, size }) => {
          const row = rows[index];
          return (
            row !== undefined && (
              <li
                key={row.key}
                // On a phone a key takes as many lines as it needs.
                {...(isPhone && { ref: virtual.measureElement, 'data-index': index })}
                aria-setsize={total}
                aria-posinset={index + 1}
                className="absolute inset-x-0"
                style={{ top: start - (list.current?.offsetTop ?? 0), ...(!isPhone && { height: size }) }}
              >
                <FlagRow row={row} words={words} isSelected={selected.has(row.key)} select={select} />
              </li>
            )
          );
        })}
      </ul>
      <div className="sticky bottom-0 z-20 -mx-6 flex flex-wrap justify-between gap-x-6 border-line border-t bg-page px-6 py-2 text-ink-3 text-small max-tablet:-mx-4 max-tablet:px-4">
        <span className="figures">
          {formatCount(inView.startIndex + 1)} to {formatCount(Math.min(inView.endIndex + 1, total))} of{' '}
          {formatCount(total)}
        </span>
        <span className="flex gap-4 max-tablet:hidden">
          <span>
            <KeyHint>J</KeyHint> <KeyHint>K</KeyHint> move
          </span>
          <span>
            <KeyHint>X</KeyHint> select
          </span>
          <span>
            <KeyHint>Enter</KeyHint> open
          </span>
        </span>
      </div>
    </>
  );
}

interface EmptyProps {
  readonly query: string;
  readonly suggestion?: string | undefined;
  readonly clear: () => void;
  readonly create: () => void;
  readonly forbidden: string | undefined;
}

function Empty({ query, suggestion, clear, create, forbidden }: EmptyProps): ReactNode {
  if (query === '') {
    return (
      <Message
        title="No flags yet"
        action={
          <Button refusal={forbidden} onClick={create}>
            New flag
          </Button>
        }
      >
        A flag lets you turn something on for some, and off for all, without a deploy.
      </Message>
    );
  }
  return (
    <Message title={`No flag matches ${query}`} action={<Button onClick={clear}>Clear filter</Button>}>
      {suggestion === undefined
        ? 'Words are looked for in keys, names, descriptions and tags.'
        : `Did you mean ${suggestion}?`}
    </Message>
  );
}
