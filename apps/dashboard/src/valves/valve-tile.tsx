import type { ValveRowView } from '@sluice/api-client';
import { Link } from '@tanstack/react-router';
import type { CSSProperties, ReactNode } from 'react';
import { usePlace } from '../place.ts';
import { useRefusal } from '../session/refusal.ts';
import { Button } from '../ui/button.tsx';
import { Chip } from '../ui/chip.tsx';
import { Clock, OffNormalClock, useNow } from '../ui/clock.tsx';
import { linkIncidents } from '../ui/incidents.tsx';
import { join } from '../ui/join.ts';
import { Name } from '../ui/name.tsx';
import { CallsBars } from './calls-bars.tsx';
import { ModeSwitch } from './mode-switch.tsx';
import { describeLately } from './rate.ts';
import { sayScope } from './say-scope.ts';
import { TopAccounts } from './top-accounts.tsx';
import type { OpenValveDialog } from './valve-dialogs.tsx';

export const tileGrid =
  'grid gap-x-6 gap-y-2 max-tablet:px-4 tablet:px-6 tablet:max-desktop:grid-cols-[minmax(0,1fr)_minmax(0,1fr)_5.5rem] desktop:grid-cols-[minmax(0,9fr)_minmax(0,14fr)_13.5rem_minmax(0,13fr)_5.5rem]';

interface ValveTileProps {
  readonly valve: ValveRowView;
  /** When it was told. */
  readonly at: number;
  readonly open: OpenValveDialog;
}

/** A valve that is off normal: for whom, who, why and until when, what its calls do, and the way back. */
export function ValveTile({ valve, at, open }: ValveTileProps): ReactNode {
  const place = usePlace();
  const time = useNow();
  const isOverdue = valve.trips.some(({ until }) => until <= time);
  // What stands beside the trips is as high as all of them.
  const trips = { '--trips': Math.max(1, valve.trips.length) } as CSSProperties;
  return (
    <li
      data-edge
      style={trips}
      className={join(
        tileGrid,
        'border-line border-b border-l-4 py-3 tablet:pl-5 max-tablet:pl-3',
        isOverdue ? 'border-l-red' : 'border-l-amber',
      )}
    >
      {valve.trips.map((trip, index) => (
        <Trip key={trip.rule} valve={valve} trip={trip} index={index} open={open}>
          {index === 0 && (
            <>
              <span className="flex min-w-0 flex-wrap items-baseline gap-x-2">
                <Link
                  data-row={valve.key}
                  to="/$project/$environment/valves/$key"
                  params={{ ...place, key: valve.key }}
                  className="min-w-0 hover:underline"
                >
                  <Name>{valve.key}</Name>
                </Link>
                <span className="min-w-0 text-ink-2">{valve.tags.join(', ')}</span>
              </span>
              <span className="max-tablet:hidden">
                <ModeSwitch valve={valve} />
              </span>
            </>
          )}
        </Trip>
      ))}
      <Calls valve={valve} at={at} />
      <div className="min-w-0 max-tablet:hidden tablet:max-desktop:[grid-column:2/4] desktop:[grid-column:4] desktop:[grid-row:1/span_var(--trips)]">
        <TopAccounts valve={valve} degrade={(account) => open({ kind: 'trip', valve, account })} />
      </div>
    </li>
  );
}

function Calls({ valve, at }: Pick<ValveTileProps, 'valve' | 'at'>): ReactNode {
  return (
    <div className="min-w-0 max-tablet:hidden desktop:[grid-column:3] desktop:[grid-row:1/span_var(--trips)]">
      <CallsBars valve={valve} width={216} height={46} />
      <p className="figures mt-1 flex justify-between gap-2 text-ink-2 text-small">
        <Clock at={valve.calls.from} />
        <span className="text-center">{describeLately(valve)}</span>
        <Clock at={at} />
      </p>
    </div>
  );
}

interface TripProps {
  readonly valve: ValveRowView;
  readonly trip: ValveRowView['trips'][number];
  readonly index: number;
  readonly open: OpenValveDialog;
  readonly children: ReactNode;
}

/** Cells of one trip; on a phone one below the other. */
function Trip({ valve, trip, index, open, children }: TripProps): ReactNode {
  const refusal = useRefusal('operator');
  // Places in the grid depend on the number of the trip.
  const row = { '--row': index + 1 } as CSSProperties;
  const at = 'desktop:[grid-row:var(--row)] tablet:max-desktop:[grid-row:var(--row)]';
  return (
    <>
      <div style={row} className={join(at, 'flex min-w-0 flex-col items-start gap-2 tablet:[grid-column:1]')}>
        {children}
        <span className="flex min-w-0 flex-wrap items-center gap-2">
          <span className={join(valve.trips.every(({ mode }) => mode === trip.mode) && 'tablet:hidden')}>
            <Chip tone={trip.mode === valve.modes[0]?.mode ? 'neutral' : 'tripped'}>{trip.mode}</Chip>
          </span>
          <span>{sayScope(trip)}</span>
        </span>
      </div>
      <div style={row} className={join(at, 'flex min-w-0 flex-col gap-2 max-tablet:gap-1 tablet:[grid-column:2]')}>
        <OffNormalClock since={trip.since} until={trip.until} />
        <span>
          <b>{trip.by}</b>{' '}
          <span className="text-ink-2">
            since <Clock at={trip.since} />
          </span>
        </span>
        <span className="text-ink-2">
          {linkIncidents(trip.why)} {trip.incident !== undefined && linkIncidents(trip.incident)}
        </span>
      </div>
      <div
        style={row}
        className={join(
          at,
          'flex gap-2 max-tablet:grid max-tablet:grid-cols-2 tablet:flex-col tablet:[grid-column:-2/-1]',
        )}
      >
        <Button
          aria-label={`Restore ${valve.key}, ${trip.mode}`}
          refusal={refusal}
          onClick={() => open({ kind: 'restore', valve, trip })}
        >
          Restore…
        </Button>
        <Button
          look="ghost"
          className="max-tablet:border-line-strong"
          aria-label={`Change ${valve.key}, ${trip.mode}`}
          refusal={refusal}
          onClick={() => open({ kind: 'change', valve, trip })}
        >
          Change…
        </Button>
      </div>
    </>
  );
}
