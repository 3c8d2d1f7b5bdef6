import type { MigrationRowView } from '@sluice/api-client';
import { describeShares, listStagesInForce } from '@sluice/authoring';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { api } from '../api.ts';
import { NewFlagButton } from '../flags/new-flag-button.tsx';
import { usePlace } from '../place.ts';
import { useEnvironment } from '../shell/environment.ts';
import { useNow } from '../ui/clock.tsx';
import { formatCount, formatDuration } from '../ui/duration.ts';
import { join } from '../ui/join.ts';
import { KindIcon } from '../ui/kind-icon.tsx';
import { Failure } from '../ui/loaded.tsx';
import { Loading } from '../ui/loading.tsx';
import { LongList, type RowPlace } from '../ui/long-list.tsx';
import { Message } from '../ui/message.tsx';
import { More } from '../ui/more.tsx';
import { Name } from '../ui/name.tsx';
import { Page } from '../ui/page.tsx';
import { listGates } from './gates.ts';
import { describeTruth, findCrossing } from './stage-words.ts';

/** Columns of the list, its head included. */
const grid =
  'grid items-start gap-x-4 px-6 max-tablet:grid-cols-1 max-tablet:px-4 tablet:grid-cols-[minmax(0,12fr)_minmax(0,7fr)_minmax(0,7fr)_minmax(0,8fr)_minmax(0,4fr)]';

/** All migrations of an environment: those on their way first, as there is something to decide about them. */
export function MigrationsPage(): ReactNode {
  const place = usePlace();
  const { name } = useEnvironment();
  const query = useInfiniteQuery({
    queryKey: [place.project, place.environment, 'migrations'],
    queryFn: ({ pageParam }) =>
      api.listMigrationRows(place, { limit: 100, ...(pageParam !== '' && { cursor: pageParam }) }),
    initialPageParam: '',
    getNextPageParam: (page) => page.nextCursor,
    // Comparisons and repairs are told by no event of the feed: they are asked for again while somebody looks.
    refetchInterval: 10_000,
  });
  const rows = query.data?.pages.flatMap(({ items }) => items);
  const moving = rows?.filter(({ barrier }) => barrier !== undefined) ?? [];
  const resting = rows?.filter(({ barrier }) => barrier === undefined) ?? [];
  return (
    <Page
      name={`Migrations, ${name}`}
      title="Migrations"
      beside={
        rows !== undefined &&
        rows.length > 0 &&
        `${formatCount(moving.length)} of ${formatCount(rows.length)} on the way`
      }
    >
      {query.isPending && <Loading />}
      {query.error !== null && rows === undefined && (
        <Failure what="The migrations" error={query.error} retry={() => void query.refetch()} />
      )}
      {rows?.length === 0 && (
        <Message title="No migrations yet" action={<NewFlagButton kind="migration" />}>
          A migration moves records from one store to another while your program runs, with a way back until the end.
        </Message>
      )}
      {rows !== undefined && rows.length > 0 && (
        <div className="-mx-6 max-tablet:-mx-4">
          <div aria-hidden className={join(grid, 'h-8 items-center border-line border-b text-ink-3 max-tablet:hidden')}>
            <span>Migration</span>
            <span>Stage</span>
            <span>Next</span>
            <span>Mismatches, repairs</span>
            <span>Owner</span>
          </div>
          <LongList rows={[...moving, ...resting]} keyOf={keyOf} total={query.hasNextPage ? -1 : rows.length}>
            {(row, at) => <MigrationRow key={row.key} row={row} at={at} />}
          </LongList>
        </div>
      )}
      <More query={query} />
    </Page>
  );
}

function keyOf({ key }: MigrationRowView): string {
  return key;
}

/** Where the records are, which store is true, and what stands before the next stage. */
function MigrationRow({ row, at }: { readonly row: MigrationRowView; readonly at: RowPlace }): ReactNode {
  const place = usePlace();
  const { key, name, description, owner, archived, fallthrough, rules } = row;
  const about = description || (name === key ? '' : name);
  return (
    <li {...at} className={join(grid, 'relative min-h-13 gap-y-1 border-line border-b py-2 hover:bg-hover')}>
      <Link
        data-row={key}
        to="/$project/$environment/migrations/$key"
        params={{ ...place, key }}
        className="flex min-w-0 items-baseline gap-2 before:absolute before:inset-0"
      >
        <span className="self-start pt-0.5">
          <KindIcon kind="migration" />
        </span>
        <span className="min-w-0">
          <Name>{key}</Name>
          {about !== '' && <span className="block text-ink-2 tablet:truncate">{about}</span>}
        </span>
      </Link>
      <span className="min-w-0">
        <span className="figures block font-semibold">{archived ? 'archived' : describeShares(fallthrough)}</span>
        <span className="block text-ink-2">
          {!archived && describeTruth(listStagesInForce({ fallthrough, rules }))}
          {rules.length > 0 && `; ${rules.length === 1 ? '1 cohort' : `${formatCount(rules.length)} cohorts`}`}
        </span>
      </span>
      <Next row={row} />
      <Findings row={row} />
      <span className={join('min-w-0', owner === '' ? 'text-ink-3' : 'text-ink-2')}>
        <span className="tablet:sr-only">Owner </span>
        {owner === '' ? 'nobody' : owner}
      </span>
    </li>
  );
}

function Next({
  row: { barrier, fallthrough, rules, archived, version },
}: {
  readonly row: MigrationRowView;
}): ReactNode {
  const now = useNow();
  const crossing = findCrossing(listStagesInForce({ fallthrough, rules }));
  if (archived) return <span className="max-tablet:hidden" />;
  if (barrier === undefined || crossing === undefined) {
    return (
      <span className="text-ink-2">
        {barrier !== undefined
          ? 'some records are at the end'
          : crossing === undefined
            ? 'can be archived'
            : 'not begun'}
      </span>
    );
  }
  // How many are waited for is known here, and who on the page of the migration.
  const waitsFor = Array.from({ length: barrier.waitsFor }, () => ({ instance: '', reason: '' }));
  const gates = listGates({ ...barrier, version, waitsFor }, crossing, { now });
  const open = gates.filter(({ isMet }) => !isMet);
  return (
    <span className="min-w-0">
      <span className={join('figures block', open.length > 0 && 'text-amber-text')}>
        {gates.length - open.length} of {gates.length} met before {crossing}
      </span>
      <span className="block text-ink-2">{open.map(({ name }) => shortNames[name]).join(', ')}</span>
    </span>
  );
}

const shortNames = {
  instances: 'instances behind',
  backfill: 'backfill',
  comparisons: 'comparisons',
  repairs: 'repairs',
} as const;

function Findings({ row: { barrier } }: { readonly row: MigrationRowView }): ReactNode {
  if (barrier === undefined) return <span className="max-tablet:hidden" />;
  const { comparisons, repairs } = barrier;
  return (
    <span className="figures min-w-0">
      <span className="block">
        {comparisons.compared === 0
          ? 'nothing compared'
          : `${formatCount(comparisons.persistent)} of ${formatCount(comparisons.compared)} differ`}
      </span>
      <span className={join('block', repairs.depth > 0 ? 'text-amber-text' : 'text-ink-2')}>
        {repairs.depth === 0
          ? 'no repairs'
          : `${formatCount(repairs.depth)} to repair, oldest ${formatDuration(repairs.oldestMs)}`}
      </span>
      {repairs.dirty.length > 0 && <span className="block text-red-text">stores may differ further</span>}
    </span>
  );
}
