import { useInfiniteQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { api } from '../api.ts';
import { usePlace } from '../place.ts';
import { useEnvironment } from '../shell/environment.ts';
import { Button } from '../ui/button.tsx';
import { Failure } from '../ui/loaded.tsx';
import { Loading } from '../ui/loading.tsx';
import { Message } from '../ui/message.tsx';
import { Page } from '../ui/page.tsx';
import { ChangeRow } from './change-row.tsx';

/** All that was changed, the newest first. */
export function ChangesPage(): ReactNode {
  const place = usePlace();
  const { name } = useEnvironment();
  const query = useInfiniteQuery({
    queryKey: [place.project, place.environment, 'changes', 'all'],
    queryFn: ({ pageParam }) => api.listChanges(place, { limit: 50, ...(pageParam !== '' && { cursor: pageParam }) }),
    initialPageParam: '',
    getNextPageParam: (page) => page.nextCursor,
  });
  const changes = query.data?.pages.flatMap(({ items }) => items) ?? [];
  return (
    <Page name={`Changes, ${name}`} title="Changes">
      {query.isPending && <Loading />}
      {query.error !== null && <Failure what="The changes" error={query.error} retry={() => void query.refetch()} />}
      {query.data !== undefined && changes.length === 0 && <Message title="Nothing was changed yet" />}
      <ul className="-mx-6 border-line border-t max-tablet:-mx-4">
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
    </Page>
  );
}
