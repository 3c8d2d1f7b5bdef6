import type { ValveRowView } from '@sluice/api-client';
import { Link } from '@tanstack/react-router';
import { Fragment, type ReactNode } from 'react';
import { usePlace } from '../place.ts';
import { useRefusal } from '../session/refusal.ts';
import { Button } from '../ui/button.tsx';
import { useNow } from '../ui/clock.tsx';
import { formatAgo, formatShare } from '../ui/duration.ts';
import { join } from '../ui/join.ts';
import type { RowPlace } from '../ui/long-list.tsx';
import { ShortName } from '../ui/name.tsx';
import { CallsBars } from './calls-bars.tsx';
import { ModeSwitch } from './mode-switch.tsx';
import { formatRate } from './rate.ts';
import type { OpenValveDialog } from './valve-dialogs.tsx';

/** Columns of the normal valves, their head included. */
export const lineGrid =
  'grid items-center gap-x-5 px-6 max-tablet:grid-cols-[minmax(0,1fr)_auto] max-tablet:px-4 tablet:max-desktop:grid-cols-[minmax(0,1.4fr)_minmax(0,1.3fr)_10rem_4rem] desktop:grid-cols-[minmax(0,2fr)_minmax(0,1.2fr)_minmax(0,2.2fr)_9.5rem_minmax(0,2fr)_minmax(0,1fr)_4rem]';

/** A valve in its normal mode, in one line. */
export function ValveLine({
  valve,
  open,
  at,
}: {
  readonly valve: ValveRowView;
  readonly open: OpenValveDialog;
  readonly at: RowPlace;
}): ReactNode {
  const place = usePlace();
  const refusal = useRefusal('operator');
  const about = valve.tags.length > 0 ? valve.tags.join(', ') : valve.description;
  return (
    <li {...at} className={join(lineGrid, 'relative min-h-9 border-line border-b py-1 hover:bg-hover max-tablet:py-2')}>
      <Link
        data-row={valve.key}
        to="/$project/$environment/valves/$key"
        params={{ ...place, key: valve.key }}
        className="min-w-0 before:absolute before:inset-0"
      >
        <ShortName name={valve.key} />
      </Link>
      <span className="truncate text-ink-2 max-desktop:hidden" title={about}>
        {about}
      </span>
      <span className="min-w-0 max-tablet:hidden">
        <ModeSwitch valve={valve} />
      </span>
      <span className="flex items-center gap-2 max-tablet:hidden">
        <span className="w-21 shrink-0">
          <CallsBars valve={valve} width={84} height={16} />
        </span>
        <span className="figures truncate text-ink-2">{formatRate(valve.lately.perSecond, true)}</span>
      </span>
      <span className="min-w-0 max-desktop:hidden">
        <LastServed valve={valve} />
      </span>
      <span className="truncate text-ink-2 max-desktop:hidden">
        {valve.owner === '' ? <span className="text-ink-3">nobody</span> : valve.owner}
      </span>
      <span className="truncate text-ink-2 text-small tablet:hidden">
        {[about, formatRate(valve.lately.perSecond, true)].filter((part) => part !== '').join(', ')}
      </span>
      <span className="relative text-right max-tablet:col-start-2 max-tablet:row-span-2 max-tablet:row-start-1">
        <Button
          size="row"
          aria-label={`Trip ${valve.key}`}
          refusal={refusal}
          onClick={() => open({ kind: 'trip', valve })}
        >
          Trip…
        </Button>
      </span>
    </li>
  );
}

/** Whether the ways out were ever used: amber where one never was. */
export function LastServed({ valve }: { readonly valve: Pick<ValveRowView, 'modes' | 'lately'> }): ReactNode {
  const time = useNow();
  return valve.modes.slice(1).map(({ mode, lastServedAt }, index) => {
    const now = valve.lately.modes.find((served) => served.mode === mode);
    return (
      <Fragment key={mode}>
        {index > 0 && <span className="text-ink-2">, </span>}
        {now !== undefined ? (
          <span className="text-ink-2">
            {mode} now, {formatShare(now.share)} of calls
          </span>
        ) : lastServedAt === undefined ? (
          <span className="text-amber-text" title="Not in the 90 days that are kept">
            {mode} never
          </span>
        ) : (
          <span className="text-ink-2">
            {mode} {formatAgo(time - lastServedAt)}
          </span>
        )}
      </Fragment>
    );
  });
}
