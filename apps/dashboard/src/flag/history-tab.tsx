import { useInfiniteQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { api } from '../api.ts';
import { ChangeRow } from '../changes/change-row.tsx';
import { usePlace } from '../place.ts';
import { Button } from '../ui/button.tsx';
import { Failure } from '../ui/loaded.tsx';
import { Loading } from '../ui/loading.tsx';
import { Message } from '../ui/message.tsx';

/** All that was done to one flag, the newest first; each can be reverted. */
export function HistoryTab({ flag }: { readonly flag: string }): ReactNode {
  const place = usePlace();
  const query = useInfiniteQuery({
    queryKey: [place.project, place.environment, 'changes', 'flag', flag],
    queryFn: ({ pageParam }) =>
      api.listChanges(place, { flag, limit: 50, ...(pageParam !== '' && { cursor: pageParam }) }),
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
      <ul className="-mx-6 max-tablet:-mx-4">
        {changes.map((change) => (
          <ChangeRow key={change.id} change={change} />
        ))}
      </ul>
      {query.hasNextPage && (
        <Button
          className="mt-3"
          busy={query.isFetchingNextPage && 'Loading'}
          onClick={() => void query.fetchNextPage()}
        >
          Show earlier
        </Button>
      )}
    </div>
  );
}
