import type { InstanceView } from '@sluice/api-client';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { usePlace } from '../place.ts';
import { useNow } from '../ui/clock.tsx';
import { formatAgo, formatCount, formatDuration } from '../ui/duration.ts';
import { join } from '../ui/join.ts';
import { LongList, type RowPlace } from '../ui/long-list.tsx';
import { ShortName } from '../ui/name.tsx';
import { useSteadyRows } from '../ui/steady-rows.ts';
import { describeInstance } from './describe-instance.ts';

const grid =
  'grid items-center gap-x-4 gap-y-0.5 tablet:grid-cols-[minmax(0,2.2fr)_minmax(0,1.1fr)_minmax(0,0.8fr)_5rem_5.5rem_minmax(0,4fr)]';

interface InstanceRowsProps {
  readonly rows: readonly InstanceView[];
  readonly total: number;
  /** The environment's version. */
  readonly newest: number;
  /** When the rows were told. */
  readonly toldAt: number;
}

/** Instances, the worst first. While the pointer or focus is on them they stay where they are. */
export function InstanceRows({ rows, total, newest, toldAt }: InstanceRowsProps): ReactNode {
  const steady = useSteadyRows(rows, ({ session }) => session);
  return (
    <div className="-mx-6 mt-2 max-tablet:-mx-4">
      <div aria-hidden className={join(grid, 'border-line border-b px-6 pb-1.5 text-ink-3 max-tablet:hidden')}>
        <span>Instance</span>
        <span>Service</span>
        <span>Zone</span>
        <span className="text-right">Version</span>
        <span>For</span>
        <span>Why</span>
      </div>
      <LongList
        rows={steady.rows}
        keyOf={({ row }) => row.session}
        total={total}
        aria-label="Instances"
        className="max-tablet:border-line max-tablet:border-t"
        {...steady.hold}
      >
        {({ row, isPast }, at) => (
          <InstanceRow key={row.session} instance={row} isPast={isPast} newest={newest} toldAt={toldAt} at={at} />
        )}
      </LongList>
    </div>
  );
}

const edges = {
  refused: 'border-l-red',
  behind: 'border-l-amber',
  offline: 'border-l-amber',
  repairs: 'border-l-series-2',
} as const;

interface InstanceRowProps extends Omit<InstanceRowsProps, 'rows' | 'total'> {
  readonly instance: InstanceView;
  /** It is not what the list shows any more. */
  readonly isPast: boolean;
  readonly at: RowPlace;
}

function InstanceRow({ instance, isPast, newest, toldAt, at }: InstanceRowProps): ReactNode {
  const place = usePlace();
  const { about, version, matter, since, heardMsAgo } = instance;
  const began = since ?? (matter === 'offline' ? toldAt - heardMsAgo : undefined);
  const isOld = matter === 'behind' && version !== undefined;
  return (
    <li
      {...at}
      data-edge={matter === undefined ? undefined : true}
      className={join(
        grid,
        'relative min-h-9 border-line border-b border-l-4 pr-6 pl-5 hover:bg-hover max-tablet:grid-cols-[minmax(0,1fr)_auto] max-tablet:px-3 max-tablet:py-2.5',
        matter === undefined || isPast ? 'border-l-transparent' : edges[matter],
        isPast && 'text-ink-3',
      )}
    >
      <Link
        data-row={instance.instance}
        to="/$project/$environment/fleet/$key"
        params={{ ...place, key: instance.instance }}
        className="min-w-0 before:absolute before:inset-0 max-tablet:col-start-1 max-tablet:row-start-1"
      >
        <ShortName name={instance.instance} />
      </Link>
      <span
        className="truncate text-ink-2 max-tablet:col-start-1 max-tablet:row-start-2"
        title={String(about.service ?? '')}
      >
        {about.service ?? ''}
        <span className="tablet:hidden">{about.zone !== undefined && ` in ${about.zone}`}</span>
      </span>
      <span className="truncate text-ink-2 max-tablet:hidden" title={String(about.zone ?? '')}>
        {about.zone ?? ''}
      </span>
      <span
        className={join(
          'figures text-right max-tablet:col-start-2 max-tablet:row-start-1',
          isOld && !isPast ? 'font-semibold text-amber-text' : 'text-ink-2',
        )}
      >
        {version !== undefined && formatCount(version)}
      </span>
      <span className="figures max-tablet:col-start-2 max-tablet:row-start-2 max-tablet:text-right">
        {began !== undefined && !isPast && <Lasting since={began} />}
      </span>
      <span className="min-w-0 max-tablet:col-span-2">
        {isPast ? 'not in this list any more' : describeInstance(instance, newest)}
        {instance.state === 'gone' && !isPast && `, ${formatAgo(heardMsAgo)}`}
      </span>
    </li>
  );
}

function Lasting({ since }: { readonly since: number }): ReactNode {
  const time = useNow(since);
  return formatDuration(time - since);
}
