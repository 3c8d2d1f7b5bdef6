import type { MatterView, NowView } from '@sluice/api-client';
import type { ReactNode } from 'react';
import { useEnvironment, useNowView } from '../shell/environment.ts';
import { useNow } from '../ui/clock.tsx';
import { countOf, formatAge, formatAgo, formatCount } from '../ui/duration.ts';
import { Loaded } from '../ui/loaded.tsx';
import { Page } from '../ui/page.tsx';
import { MatterHeader, MatterRow } from './matter-row.tsx';
import { RecentChanges } from './recent-changes.tsx';
import { Zones } from './zones.tsx';

/** What is off normal, what was just done, who has it: in the order in which somebody on call asks. */
export function NowPage(): ReactNode {
  const query = useNowView();
  const { name } = useEnvironment();
  const count = query.data?.matters.length ?? 0;
  return (
    <Page
      name={count === 0 ? `Now, ${name}` : `${count} off normal, ${name}`}
      title={query.data === undefined ? 'Now' : describeCount(count, name)}
      below={query.data && <Rest view={query.data} />}
    >
      <Loaded query={query} what="What is off normal">
        {(view) => (
          <>
            {view.matters.length > 0 && <MatterHeader />}
            {view.matters.length > 0 && (
              <ul aria-label="Off normal" className="-mx-6 border-line border-t max-tablet:-mx-4">
                {view.matters.map((matter) => (
                  <MatterRow key={keyOf(matter)} matter={matter} />
                ))}
              </ul>
            )}
            <RecentChanges propagation={view.propagation} />
            <Zones view={view} />
          </>
        )}
      </Loaded>
    </Page>
  );
}

/** What tells it from all others that are off normal at the same time. */
function keyOf(matter: MatterView): string {
  switch (matter.kind) {
    case 'valve':
      return `valve ${matter.rule}`;
    case 'refused':
      return `refused ${matter.flag} ${matter.segment} ${matter.since} ${matter.reason}`;
    case 'behind':
      return `behind ${matter.zone}`;
    case 'migration':
      return `migration ${matter.flag}`;
  }
}

function describeCount(count: number, environment: string): string {
  if (count === 0) return `All normal in ${environment}`;
  return count === 1 ? `1 thing is off normal in ${environment}` : `${count} things are off normal in ${environment}`;
}

/** Everything else, which is as intended. */
function Rest({ view }: { readonly view: NowView }): ReactNode {
  const { counts, zones, lastRestoredAt, matters } = view;
  const time = useNow();
  const behind = zones.reduce((sum, zone) => sum + zone.behind, 0);
  const overdue = Math.max(0, ...matters.map((matter) => (matter.kind === 'valve' ? matter.overdueMs : 0)));
  const parts = [
    countOf(counts.valves - counts.trippedValves, 'valve'),
    countOf(counts.configs, 'config'),
    behind > 0
      ? `${formatCount(counts.instances - behind)} of ${countOf(counts.instances, 'instance')}`
      : countOf(counts.instances, 'instance'),
  ]
    .filter((part) => !part.startsWith('0 '))
    .join(', ');
  // Nothing is there yet that could be off normal.
  if (parts === '' && matters.length === 0) return 'There is no valve, config or instance yet.';
  return (
    <>
      {overdue > 0 && `A valve is ${formatAge(overdue)} past its end. `}
      {matters.length === 0
        ? `As intended: ${parts}.`
        : parts === ''
          ? 'There is nothing else.'
          : `All else is as intended: ${parts}.`}
      {matters.length === 0 &&
        lastRestoredAt !== undefined &&
        ` Last valve restored ${formatAgo(time - lastRestoredAt)}.`}
    </>
  );
}
