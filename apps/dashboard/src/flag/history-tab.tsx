import { useInfiniteQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { api } from '../api.ts';
import { ChangeRow } from '../changes/change-row.tsx';
import { usePlace } from '../place.ts';
import { Failure } from '../ui/loaded.tsx';
import { Loading } from '../ui/loading.tsx';
import { LongList } from '../ui/long-list.tsx';
import { Message } from '../ui/message.tsx';
import { More } from '../ui/more.tsx';

type HistoryTabProps = { readonly flag: string } | { readonly segment: string };

/** All that was done to one flag or segment, the newest first; each can be reverted. */
export function HistoryTab(object: HistoryTabProps): ReactNode {
  const place = usePlace();
  const query = useInfiniteQuery({
    queryKey: [place.project, place.environment, 'changes', 'of', object],
    queryFn: ({ pageParam }) =>
      api.listChanges(place, { ...object, limit: 50, ...(pageParam !== '' && { cursor: pageParam }) }),
    initialPageParam: '',
    getNextPageParam: (page) => page.nextCursor,
  });
  const changes = query.data?.pages.flatMap(({ items }) => items) ?? [];
  return (
    <div className="pt-3">
      {query.isPending && <Loading />}
      {query.error !== null && <Failure what="The history" error={query.error} retry={() => void query.refetch()} />}
      {query.data !== undefined && changes.length === 0 && (
        <Message title="Nothing was changed here yet">It is as it was when it was created.</Message>
      )}
      <LongList
        rows={changes}
        keyOf={({ id }) => id}
        total={query.hasNextPage ? -1 : changes.length}
        className="-mx-6 max-tablet:-mx-4"
      >
        {(change, at) => <ChangeRow key={change.id} change={change} at={at} />}
      </LongList>
      <More query={query} label="Show earlier" />
    </div>
  );
}
