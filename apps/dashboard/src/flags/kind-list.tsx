import type { FlagKind } from '@sluice/authoring';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import { api } from '../api.ts';
import { usePlace } from '../place.ts';
import { Button } from '../ui/button.tsx';
import { Age } from '../ui/clock.tsx';
import { SearchField } from '../ui/field.tsx';
import { KindIcon } from '../ui/kind-icon.tsx';
import { Failure } from '../ui/loaded.tsx';
import { Loading } from '../ui/loading.tsx';
import { Message } from '../ui/message.tsx';
import { Name } from '../ui/name.tsx';
import { State } from './flag-row.tsx';

interface KindListProps {
  readonly kind: FlagKind;
  readonly path: 'valves' | 'configs' | 'migrations';
  readonly empty: { readonly title: string; readonly text: string };
}

/** All flags of a kind in an environment, each with its state. */
export function KindList({ kind, path, empty }: KindListProps): ReactNode {
  const place = usePlace();
  const [text, setText] = useState('');
  const query = useInfiniteQuery({
    queryKey: [place.project, place.environment, path, text],
    queryFn: ({ pageParam }) =>
      api.listFlagRows(place, {
        kind,
        ...(text !== '' && { search: text }),
        limit: 100,
        ...(pageParam !== '' && { cursor: pageParam }),
      }),
    initialPageParam: '',
    getNextPageParam: (page) => page.nextCursor,
    placeholderData: (before) => before,
  });
  const rows = query.data?.pages.flatMap(({ items }) => items) ?? [];
  return (
    <>
      <SearchField
        label={`Filter ${path}`}
        className="mb-3 max-w-80"
        value={text}
        onChange={({ target }) => setText(target.value)}
      />
      {query.isPending && <Loading />}
      {query.error !== null && <Failure what={`The ${path}`} error={query.error} retry={() => void query.refetch()} />}
      {query.data !== undefined && rows.length === 0 && (
        <Message title={text === '' ? empty.title : `Nothing matches ${text}`}>{empty.text}</Message>
      )}
      <ul className="-mx-6 border-line border-t max-tablet:-mx-4">
        {rows.map(({ key, state, owner, changedAt, description }) => (
          <li
            key={key}
            className="relative flex min-h-9 flex-wrap items-center gap-x-4 gap-y-1 border-line border-b px-6 py-1.5 hover:bg-hover max-tablet:px-4"
          >
            <Link
              data-row={key}
              to={`/$project/$environment/${path}/$key`}
              params={{ ...place, key }}
              className="flex min-w-0 flex-1 items-center gap-2 before:absolute before:inset-0"
            >
              <KindIcon kind={kind} />
              <Name>{key}</Name>
              <span className="truncate text-ink-2">{description}</span>
            </Link>
            <span className="w-60 max-tablet:w-full">
              <State state={state} />
            </span>
            <span className="w-32 truncate text-ink-2 max-tablet:hidden">{owner}</span>
            <span className="w-16 text-right text-ink-2">
              <Age at={changedAt} />
            </span>
          </li>
        ))}
      </ul>
      {query.hasNextPage && (
        <Button
          className="mt-3"
          onClick={() => void query.fetchNextPage()}
          busy={query.isFetchingNextPage && 'Loading'}
        >
          Show more
        </Button>
      )}
    </>
  );
}
