import type { ChangeView } from '@sluice/api-client';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { ShieldCheck } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import { api } from '../api.ts';
import { Converging } from '../convergence/converging.tsx';
import { useLiveStatus } from '../live/live.tsx';
import { usePlace } from '../place.ts';
import { now } from '../platform.ts';
import { useEnvironment } from '../shell/environment.ts';
import { Button } from '../ui/button.tsx';
import { formatCount } from '../ui/duration.ts';
import { Failure } from '../ui/loaded.tsx';
import { Loading } from '../ui/loading.tsx';
import { Message } from '../ui/message.tsx';
import { More } from '../ui/more.tsx';
import { Page } from '../ui/page.tsx';
import { ChainDialog } from './chain-dialog.tsx';
import { readChangeFilter } from './change-filter.ts';
import { ChangeFilters } from './change-filters.tsx';
import { RevertSincePanel } from './revert-since-panel.tsx';
import { moveSince } from './since-line.ts';
import { Timeline } from './timeline.tsx';
import { useSince } from './use-since.ts';

/** All that was changed, the newest first; beside it what going back to the blue line would do. */
export function ChangesPage(): ReactNode {
  const place = usePlace();
  const { name } = useEnvironment();
  const { version } = useLiveStatus();
  const { q, who, what, when } = useSearch({ strict: false });
  const [since, setSince] = useSince();
  const [isVerifying, setVerifying] = useState(false);
  const [applied, setApplied] = useState<ChangeView>();
  const navigate = useNavigate();
  const query = useInfiniteQuery({
    queryKey: [place.project, place.environment, 'changes', 'all', { q, who, what, when }],
    queryFn: ({ pageParam }) =>
      api.listChanges(place, {
        ...readChangeFilter({ q, who, what, when }, now()),
        // The first soon; whoever goes on has a way to go.
        limit: pageParam === '' ? 50 : 100,
        ...(pageParam !== '' && { cursor: pageParam }),
      }),
    initialPageParam: '',
    getNextPageParam: (page) => page.nextCursor,
  });
  const changes = query.data?.pages.flatMap(({ items }) => items) ?? [];
  const isFiltered = [q, who, what, when].some((part) => part !== undefined);
  const clear = () =>
    void navigate({ to: '.', search: since === undefined ? {} : { since: new Date(since).toISOString() } });
  return (
    <div className="flex flex-col desktop:min-h-0 desktop:flex-1">
      <Page
        isFilled
        name={`Changes, ${name}`}
        title="Changes"
        beside={
          <button
            type="button"
            onClick={() => setVerifying(true)}
            className="figures inline-flex items-center gap-1.5 underline decoration-line-strong underline-offset-2 hover:decoration-current"
          >
            <ShieldCheck aria-hidden size={14} />
            {version !== undefined && `v${formatCount(version)}, `}verify the history
          </button>
        }
        actions={<ChangeFilters changes={changes} />}
      >
        <div className="flex min-h-0 flex-1 max-desktop:flex-col-reverse max-desktop:justify-end">
          <div className="min-w-0 flex-1 px-6 pb-10 max-tablet:px-4 desktop:overflow-y-auto">
            {since === undefined && changes.length > 0 && (
              <p className="flex flex-wrap items-center justify-between gap-x-4 gap-y-1 pb-2 text-ink-2">
                <span className="max-tablet:hidden">
                  To go back to a time, click between two changes, or move the blue line with [ and ].
                </span>
                <Button onClick={() => setSince(moveSince(changes, undefined, 'back'))}>Revert since…</Button>
              </p>
            )}
            {query.isPending && <Loading />}
            {query.error !== null && (
              <Failure what="The changes" error={query.error} retry={() => void query.refetch()} />
            )}
            {query.data !== undefined &&
              changes.length === 0 &&
              (isFiltered ? (
                <Message title="No change matches" action={<Button onClick={clear}>Clear filters</Button>}>
                  Comments are searched in letters of either case; names of people and tokens are matched whole.
                </Message>
              ) : (
                <Message title="Nothing was changed yet">
                  What anybody does in {name} appears here, with the way back.
                </Message>
              ))}
            {changes.length > 0 && (
              <Timeline changes={changes} label="Changes" hasMore={query.hasNextPage} isFiltered={isFiltered} />
            )}
            <More query={query} label="Show earlier" />
            {query.data !== undefined && !query.hasNextPage && changes.length > 0 && (
              <p className="pt-3 text-ink-3">
                {isFiltered ? 'No earlier change matches.' : 'This is the first change.'}
              </p>
            )}
          </div>
          {since !== undefined && (
            <RevertSincePanel
              key={since}
              since={since}
              move={(by) => setSince(moveSince(changes, since, by))}
              close={() => setSince(undefined)}
              applied={(change) => {
                setApplied(change);
                setSince(undefined);
              }}
            />
          )}
        </div>
      </Page>
      {applied !== undefined && <Converging key={applied.id} change={applied} close={() => setApplied(undefined)} />}
      {isVerifying && <ChainDialog close={() => setVerifying(false)} />}
    </div>
  );
}
