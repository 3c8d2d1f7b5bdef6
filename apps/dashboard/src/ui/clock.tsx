import { type ReactNode, useEffect, useState } from 'react';
import { every, now } from '../platform.ts';
import { formatAge, formatClock, formatDuration, formatExact } from './duration.ts';
import { join } from './join.ts';

/** The time, looked at each second where something young is shown, else each minute. */
export function useNow(since?: number): number {
  const [time, setTime] = useState(now);
  const isYoung = since !== undefined && Math.abs(time - since) < 120_000;
  useEffect(() => every(isYoung ? 1000 : 10_000, () => setTime(now())), [isYoung]);
  return time;
}

/** How long ago something was; the exact time is in its title. */
export function Age({ at }: { readonly at: number }): ReactNode {
  const time = useNow(at);
  return (
    <time dateTime={new Date(at).toISOString()} title={formatExact(at)} className="figures whitespace-nowrap">
      {formatAge(time - at)}
    </time>
  );
}

/** The time of day at which something was. */
export function Clock({ at }: { readonly at: number }): ReactNode {
  const time = useNow();
  return (
    <time dateTime={new Date(at).toISOString()} title={formatExact(at)} className="figures whitespace-nowrap">
      {formatClock(at, time)}
    </time>
  );
}

interface OffNormalClockProps {
  readonly since: number;
  /** Absent: no end was set, and there is no bar. */
  readonly until?: number | undefined;
}

/** Of the bar, so that beside it there is room for an end on another day. */
const barWidth = 84;

/** For how long something has been off normal, and until when it was meant to be: past its end the rest is red. */
export function OffNormalClock({ since, until }: OffNormalClockProps): ReactNode {
  const time = useNow(since);
  const lasted = <b className="figures whitespace-nowrap font-semibold tablet:w-18">{formatDuration(time - since)}</b>;
  if (until === undefined) {
    return (
      <span className="flex items-center gap-2">
        {lasted} <span className="text-ink-2">no end set</span>
      </span>
    );
  }
  const overdueMs = time - until;
  const end = Math.max(time, until);
  const done = ((Math.min(time, until) - since) / (end - since)) * 100;
  return (
    <span className="flex flex-wrap items-center gap-x-3">
      {lasted}
      <svg aria-hidden width={barWidth} height="8" className="max-tablet:hidden" preserveAspectRatio="none">
        <rect width={barWidth} height="8" rx="2" className="fill-series-3" />
        {overdueMs > 0 && <rect width={barWidth} height="8" rx="2" className="fill-red" />}
        <rect width={(barWidth * done) / 100} height="8" rx="2" className="fill-amber" />
        {overdueMs > 0 && <rect x={(barWidth * done) / 100 - 1} width="2" height="8" className="fill-ink" />}
      </svg>
      <span className={join(overdueMs > 0 && 'font-semibold text-red-text')}>
        {overdueMs > 0 ? `${formatDuration(overdueMs)} overdue` : `until ${formatClock(until, time)}`}
      </span>
    </span>
  );
}
