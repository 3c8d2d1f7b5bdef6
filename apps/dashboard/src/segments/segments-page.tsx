import type { SegmentRowView } from '@sluice/api-client';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { Plus } from 'lucide-react';
import { type ReactNode, useEffect, useState } from 'react';
import { api } from '../api.ts';
import { usePlace } from '../place.ts';
import { after } from '../platform.ts';
import { useRefusal } from '../session/refusal.ts';
import { useEnvironment } from '../shell/environment.ts';
import { Button } from '../ui/button.tsx';
import { Age } from '../ui/clock.tsx';
import { formatCount } from '../ui/duration.ts';
import { SearchField } from '../ui/field.tsx';
import { join } from '../ui/join.ts';
import { KeyHint } from '../ui/key-hint.tsx';
import { KindIcon } from '../ui/kind-icon.tsx';
import { Failure } from '../ui/loaded.tsx';
import { Loading } from '../ui/loading.tsx';
import { LongList } from '../ui/long-list.tsx';
import { Message } from '../ui/message.tsx';
import { More } from '../ui/more.tsx';
import { ShortName } from '../ui/name.tsx';
import { Page } from '../ui/page.tsx';
import { CreateSegmentDialog } from './create-segment-dialog.tsx';
import { describeMembers, describeUses } from './describe-segment.ts';

const grid = 'grid items-center gap-x-4 gap-y-0.5 tablet:grid-cols-[minmax(0,3fr)_minmax(0,2fr)_minmax(0,2.4fr)_4rem]';

/** Sets of contexts that rules ask by name. */
export function SegmentsPage(): ReactNode {
  const place = usePlace();
  const { name } = useEnvironment();
  const navigate = useNavigate();
  const { q = '' } = useSearch({ strict: false });
  const [text, setText] = useState(q);
  const [isCreating, setCreating] = useState(false);
  const forbidden = useRefusal('editor');
  const create = () => forbidden === undefined && setCreating(true);
  const search = (next: string) =>
    void navigate({
      to: '/$project/$environment/segments',
      params: place,
      search: next === '' ? {} : { q: next },
      replace: true,
    });
  useEffect(() => setText(q), [q]);
  useEffect(() => (text === q ? undefined : after(150, () => search(text))));
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const { target, key, ctrlKey, metaKey, altKey } = event;
      if (key !== 'c' || ctrlKey || metaKey || altKey || !(target instanceof HTMLElement)) return;
      if (target.closest('input, textarea, [role=dialog]') !== null) return;
      event.preventDefault();
      create();
    };
    addEventListener('keydown', press);
    return () => removeEventListener('keydown', press);
  });
  const query = useInfiniteQuery({
    queryKey: [place.project, place.environment, 'segments', 'rows', q],
    queryFn: ({ pageParam }) =>
      api.listSegmentRows(place, {
        ...(q !== '' && { search: q }),
        limit: 100,
        ...(pageParam !== '' && { cursor: pageParam }),
      }),
    initialPageParam: '',
    getNextPageParam: (page) => page.nextCursor,
    placeholderData: (before) => before,
  });
  const total = query.data?.pages[0]?.total;
  const rows = query.data?.pages.flatMap(({ items }) => items) ?? [];
  return (
    <>
      <Page
        name={`Segments, ${name}`}
        title="Segments"
        beside={total !== undefined && <span className="figures">{formatCount(total)}</span>}
        actions={
          <Button refusal={forbidden} onClick={create}>
            <Plus aria-hidden size={14} /> New segment <KeyHint>C</KeyHint>
          </Button>
        }
      >
        <SearchField
          label="Filter segments"
          className="mb-3 w-100 max-tablet:w-full"
          value={text}
          onChange={({ target }) => setText(target.value)}
          found={total !== undefined && q !== '' ? `${formatCount(total)} found` : undefined}
        />
        {query.isPending && <Loading />}
        {query.error !== null && <Failure what="The segments" error={query.error} retry={() => void query.refetch()} />}
        {total === 0 &&
          (q === '' ? (
            <Message
              title="No segments yet"
              action={
                <Button refusal={forbidden} onClick={create}>
                  New segment
                </Button>
              }
            >
              A segment is a set of contexts that many rules can ask by one name.
            </Message>
          ) : (
            <Message
              title={`No segment matches ${q}`}
              action={<Button onClick={() => search('')}>Clear filter</Button>}
            >
              Words are looked for in keys, names, descriptions and tags.
            </Message>
          ))}
        {rows.length > 0 && <Rows rows={rows} total={total} />}
        <More query={query} />
      </Page>
      {isCreating && <CreateSegmentDialog close={() => setCreating(false)} />}
    </>
  );
}

interface RowsProps {
  readonly rows: readonly SegmentRowView[];
  readonly total: number | undefined;
}

function Rows({ rows, total }: RowsProps): ReactNode {
  const place = usePlace();
  return (
    <div className="-mx-6 max-tablet:-mx-4">
      <div aria-hidden className={join(grid, 'border-line border-b px-6 pb-1.5 text-ink-3 max-tablet:hidden')}>
        <span>Key</span>
        <span>Who is in it</span>
        <span>Used by</span>
        <span className="text-right">Changed</span>
      </div>
      <LongList
        rows={rows}
        keyOf={({ key }) => key}
        total={total}
        aria-label="Segments"
        className="max-tablet:border-line max-tablet:border-t"
      >
        {(row, at) => (
          <li
            key={row.key}
            {...at}
            className={join(
              grid,
              'relative min-h-9 border-line border-b px-6 hover:bg-hover max-tablet:grid-cols-[minmax(0,1fr)_auto] max-tablet:px-4 max-tablet:py-2.5',
            )}
          >
            <Link
              data-row={row.key}
              to="/$project/$environment/segments/$key"
              params={{ ...place, key: row.key }}
              className="flex min-w-0 items-center gap-2 before:absolute before:inset-0"
            >
              <KindIcon kind="segment" />
              <ShortName name={row.key} />
              <span className="min-w-0 flex-1 truncate text-ink-2 max-tablet:hidden">
                {row.description || (row.name === row.key ? '' : row.name)}
              </span>
            </Link>
            <span className="figures truncate max-tablet:col-span-2 max-tablet:row-start-2">
              {describeMembers(row)}
            </span>
            <span className="truncate text-ink-2 max-tablet:col-span-2" title={row.uses.examples.join(', ')}>
              {describeUses(row.uses)}
            </span>
            <span className="text-right text-ink-2 max-tablet:col-start-2 max-tablet:row-start-1">
              <Age at={row.changedAt} />
            </span>
          </li>
        )}
      </LongList>
    </div>
  );
}
