import type { ChangeView, NowView } from '@sluice/api-client';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { api } from '../api.ts';
import { ChangeRow } from '../changes/change-row.tsx';
import { usePlace } from '../place.ts';
import { now } from '../platform.ts';
import { Loaded } from '../ui/loaded.tsx';
import { Propagation } from './propagation.tsx';

/** How far back the page looks. */
const lookBackMs = 30 * 60_000;

export function RecentChanges({ propagation }: Pick<NowView, 'propagation'>): ReactNode {
  const place = usePlace();
  const query = useQuery({
    queryKey: [place.project, place.environment, 'changes', 'recent'],
    queryFn: async () => (await api.listChanges(place, { since: now() - lookBackMs, limit: 50 })).items,
  });
  return (
    <section className="mt-6">
      <div className="flex flex-wrap items-baseline justify-between gap-x-4">
        <h2>Changes in the last 30 minutes</h2>
        <Propagation propagation={propagation} />
      </div>
      <Loaded query={query} what="The changes" rows={3}>
        {(changes) => <List changes={changes} />}
      </Loaded>
    </section>
  );
}

function List({ changes }: { readonly changes: readonly ChangeView[] }): ReactNode {
  if (changes.length === 0) return <p className="mt-1 text-ink-2">Nothing was changed.</p>;
  return (
    <ul className="-mx-6 mt-2 border-line border-t max-tablet:-mx-4">
      {changes.map((change) => (
        <ChangeRow key={change.id} change={change} />
      ))}
    </ul>
  );
}
