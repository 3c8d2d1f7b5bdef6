import type { ChangeView, NowView } from '@sluice/api-client';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { api } from '../api.ts';
import { findSince } from '../changes/since-line.ts';
import { Timeline } from '../changes/timeline.tsx';
import { useSince } from '../changes/use-since.ts';
import { usePlace } from '../place.ts';
import { now } from '../platform.ts';
import { useNow } from '../ui/clock.tsx';
import { KeyHint } from '../ui/key-hint.tsx';
import { Loaded } from '../ui/loaded.tsx';
import { Propagation } from './propagation.tsx';

/** How far back the page looks. */
const lookBackMs = 30 * 60_000;

/** What was just done, and the way back from it. */
export function RecentChanges({ propagation }: Pick<NowView, 'propagation'>): ReactNode {
  const place = usePlace();
  const time = useNow();
  const query = useQuery({
    queryKey: [place.project, place.environment, 'changes', 'recent'],
    queryFn: () => api.listChanges(place, { since: now() - lookBackMs, limit: 50 }),
  });
  const { items = [], nextCursor } = query.data ?? {};
  // Those that grew older since they were read are not of the last 30 minutes any more.
  const changes = items.filter(({ createdAt }) => createdAt > time - lookBackMs);
  const hasMore = nextCursor !== undefined && changes.length === items.length;
  return (
    <section className="mt-6" aria-labelledby="recent">
      <div className="flex flex-wrap items-baseline justify-between gap-x-4 pb-2">
        <span className="flex flex-wrap items-baseline gap-x-2">
          <h2 id="recent">Changes in the last 30 minutes</h2>
          {changes.length > 0 && <Summary changes={changes} hasMore={hasMore} />}
        </span>
        <Propagation propagation={propagation} />
      </div>
      <Loaded query={query} what="The changes" rows={3}>
        {() => <List changes={changes} />}
      </Loaded>
    </section>
  );
}

interface SummaryProps {
  readonly changes: readonly ChangeView[];
  /** Whether there were more than are shown. */
  readonly hasMore: boolean;
}

function Summary({ changes, hasMore }: SummaryProps): ReactNode {
  const people = new Set(changes.map(({ actor }) => actor)).size;
  return (
    <span className="text-ink-2">
      {hasMore && 'The last '}
      {changes.length} by {people === 1 ? (changes[0]?.actor ?? 'somebody') : `${people} people and tokens`}.
      <span className="max-tablet:hidden">
        {' '}
        Move the blue line with <KeyHint>[</KeyHint> <KeyHint>]</KeyHint>
      </span>
    </span>
  );
}

function List({ changes }: { readonly changes: readonly ChangeView[] }): ReactNode {
  const place = usePlace();
  const navigate = useNavigate();
  const [since] = useSince();
  if (changes.length === 0) return <p className="text-ink-2">Nothing was changed.</p>;
  const goBackTo = (at: number | undefined) =>
    void navigate({
      to: '/$project/$environment/changes',
      params: place,
      search: at === undefined ? {} : { since: new Date(at).toISOString() },
    });
  return (
    <>
      <Timeline
        changes={changes}
        label="Changes in the last 30 minutes"
        revertSince={() => goBackTo(since)}
        canTurnOff
      />
      {since === undefined && (
        <button
          type="button"
          className="link mt-2 min-h-6 max-tablet:min-h-11"
          onClick={() => goBackTo(findSince(changes, 1))}
        >
          Revert since…
        </button>
      )}
    </>
  );
}
