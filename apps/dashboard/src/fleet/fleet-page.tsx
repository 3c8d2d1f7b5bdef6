import type { FleetView } from '@sluice/api-client';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { type ReactNode, useEffect, useState } from 'react';
import { api } from '../api.ts';
import { usePlace } from '../place.ts';
import { after } from '../platform.ts';
import { useEnvironment } from '../shell/environment.ts';
import { Button } from '../ui/button.tsx';
import { formatCount } from '../ui/duration.ts';
import { SearchField } from '../ui/field.tsx';
import { FilterMenu } from '../ui/filter-menu.tsx';
import { Failure } from '../ui/loaded.tsx';
import { Loading } from '../ui/loading.tsx';
import { Message } from '../ui/message.tsx';
import { Page } from '../ui/page.tsx';
import { describeFleet, describeMatters } from './describe-fleet.ts';
import { describeFilter, type FleetSearch, none, toFleetQuery } from './fleet-filter.ts';
import { InstanceRows } from './instance-rows.tsx';
import { pivotGroups } from './pivot-groups.ts';
import { PropagationScale } from './propagation-scale.tsx';
import { SdkList } from './sdk-list.tsx';
import { ServiceZones } from './service-zones.tsx';
import { VersionsInUse } from './versions-in-use.tsx';

/** What needs a look leaves room for the rest of the page; what was asked for has all of it. */
const firstPage = { plain: 12, filtered: 50 };
const nextPage = 100;

/** Who is there, what they run, and who needs a look. */
export function FleetPage(): ReactNode {
  const place = usePlace();
  const { name } = useEnvironment();
  const navigate = useNavigate();
  const { q, state, service, zone, sdk, version } = useSearch({ strict: false });
  const search: FleetSearch = { q, state, service, zone, sdk, version };
  const filter = toFleetQuery(search);
  const heading = describeFilter(search);
  const show = (changed: FleetSearch) =>
    void navigate({
      to: '/$project/$environment/fleet',
      params: place,
      search: Object.fromEntries(Object.entries({ ...search, ...changed }).filter(([, value]) => value !== undefined)),
      replace: true,
    });
  const query = useInfiniteQuery({
    queryKey: [place.project, place.environment, 'fleet', 'list', filter],
    queryFn: ({ pageParam }) =>
      api.getFleet(place, {
        ...filter,
        ...(pageParam === ''
          ? { limit: heading === undefined ? firstPage.plain : firstPage.filtered }
          : { limit: nextPage, cursor: pageParam }),
      }),
    initialPageParam: '',
    getNextPageParam: (page) => page.nextCursor,
    placeholderData: (before) => before,
  });
  const [fleet] = query.data?.pages ?? [];
  return (
    <Page
      name={`Fleet, ${name}`}
      title={fleet === undefined ? 'Fleet' : describeFleet(fleet)}
      below={fleet && describeMatters(fleet)}
      actions={fleet && <Filters fleet={fleet} search={search} show={show} />}
    >
      {query.isPending && <Loading />}
      {query.error !== null && fleet === undefined && (
        <Failure what="The fleet" error={query.error} retry={() => void query.refetch()} />
      )}
      {fleet !== undefined && isEmpty(fleet) && (
        <Message title="No instance is connected yet">
          An SDK with a key of {name} appears here within a second, with the version that it runs.
        </Message>
      )}
      {fleet !== undefined && !isEmpty(fleet) && (
        <>
          <div className="grid gap-x-12 gap-y-6 pt-2 desktop:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]">
            <VersionsInUse fleet={fleet} />
            <PropagationScale />
          </div>
          <section aria-labelledby="instances" className="mt-6">
            <div className="flex flex-wrap items-baseline gap-x-3 gap-y-1">
              <h2 id="instances">{heading ?? 'Needs a look'}</h2>
              <span className="figures text-ink-2">
                {formatCount(fleet.total)}
                {fleet.total > 1 && ', the worst first'}
              </span>
              {heading !== undefined && (
                <Button look="ghost" size="row" className="text-accent" onClick={() => show(cleared)}>
                  Clear filter
                </Button>
              )}
            </div>
            {fleet.total === 0 ? (
              <p className="mt-1 text-ink-2">
                {heading === undefined
                  ? 'Nobody: no instance refused anything, is behind, lost contact, or has records to repair.'
                  : 'No instance is so.'}
              </p>
            ) : (
              <InstanceRows
                key={JSON.stringify(filter)}
                rows={query.data?.pages.flatMap(({ items }) => items) ?? []}
                total={fleet.total}
                newest={fleet.version}
                toldAt={query.dataUpdatedAt}
              />
            )}
            {query.hasNextPage && (
              <Button
                className="mt-3"
                busy={query.isFetchingNextPage && 'Loading'}
                onClick={() => void query.fetchNextPage()}
              >
                Show more
              </Button>
            )}
          </section>
          <div className="mt-6 grid gap-x-12 gap-y-6 desktop:grid-cols-[minmax(0,3fr)_minmax(0,1.4fr)]">
            {fleet.live > 0 ? <ServiceZones groups={fleet.groups} /> : <span />}
            <SdkList fleet={fleet} />
          </div>
        </>
      )}
    </Page>
  );
}

const cleared: FleetSearch = {
  q: undefined,
  state: undefined,
  service: undefined,
  zone: undefined,
  sdk: undefined,
  version: undefined,
};

function isEmpty({ live, gone, foreign }: FleetView): boolean {
  return live + gone + foreign.live === 0;
}

const states = [
  { value: 'any', label: 'needs a look' },
  { value: 'refused', label: 'refused something' },
  { value: 'behind', label: 'behind' },
  { value: 'offline', label: 'lost contact' },
  { value: 'repairs', label: 'records to repair' },
  { value: 'current', label: 'newest version' },
  { value: 'gone', label: 'gone' },
  { value: 'foreign', label: 'other SDKs' },
] as const;

interface FiltersProps {
  readonly fleet: FleetView;
  readonly search: FleetSearch;
  readonly show: (changed: FleetSearch) => void;
}

/** They narrow the list; counts stay those of the whole fleet. */
function Filters({ fleet, search, show }: FiltersProps): ReactNode {
  const { q = '', state, service, zone } = search;
  const [text, setText] = useState(q);
  useEffect(() => setText(q), [q]);
  useEffect(() => (text === q ? undefined : after(150, () => show({ q: text === '' ? undefined : text }))));
  const { zones, services } = pivotGroups(fleet.groups);
  return (
    <>
      <FilterMenu label="State" chosen={state} options={states} choose={(next) => show({ state: next })} />
      <FilterMenu
        label="Service"
        chosen={service}
        options={services.map(({ service: value }) => ({ value: value ?? none, label: value ?? 'none told' }))}
        choose={(next) => show({ service: next })}
      />
      <FilterMenu
        label="Zone"
        chosen={zone}
        options={zones.map((value) => ({ value: value ?? none, label: value ?? 'none told' }))}
        choose={(next) => show({ zone: next })}
      />
      <SearchField
        label="Find an instance"
        className="w-64 max-tablet:w-full"
        value={text}
        onChange={({ target }) => setText(target.value)}
      />
    </>
  );
}
