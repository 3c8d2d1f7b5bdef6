import type { ValveRowView } from '@sluice/api-client';
import type { ReactNode } from 'react';
import { useRefusal } from '../session/refusal.ts';
import { Button } from '../ui/button.tsx';
import { Chip } from '../ui/chip.tsx';
import { Clock, OffNormalClock, useNow } from '../ui/clock.tsx';
import { linkIncidents } from '../ui/incidents.tsx';
import { join } from '../ui/join.ts';
import { sayScope } from './say-scope.ts';
import type { OpenValveDialog } from './valve-dialogs.tsx';

interface TripRowProps {
  readonly valve: ValveRowView;
  readonly trip: ValveRowView['trips'][number];
  readonly open: OpenValveDialog;
}

/** One trip of a valve: mode, for whom, since when and until when, who and why, and the way back. */
export function TripRow({ valve, trip, open }: TripRowProps): ReactNode {
  const time = useNow();
  const refusal = useRefusal('operator');
  return (
    <li
      data-edge
      className={join(
        'flex flex-wrap items-start justify-between gap-x-4 gap-y-2 border-line border-b border-l-4 py-3 pr-6 pl-5 max-tablet:px-4',
        trip.until <= time ? 'border-l-red' : 'border-l-amber',
      )}
    >
      <div className="flex min-w-0 flex-1 basis-70 flex-col gap-1.5">
        <span className="flex flex-wrap items-center gap-2">
          <Chip tone={trip.mode === valve.modes[0]?.mode ? 'neutral' : 'tripped'}>{trip.mode}</Chip>
          <span>{sayScope(trip)}</span>
        </span>
        <OffNormalClock since={trip.since} until={trip.until} />
        <span className="text-ink-2">
          <b className="text-ink">{trip.by}</b> since <Clock at={trip.since} />: {linkIncidents(trip.why)}{' '}
          {trip.incident !== undefined && linkIncidents(trip.incident)}
        </span>
      </div>
      <div className="flex gap-2 max-tablet:grid max-tablet:w-full max-tablet:grid-cols-2">
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
    </li>
  );
}
