import type { FlagTelemetryView, NowView } from '@sluice/api-client';
import type { ReactNode } from 'react';
import { formatCount, formatShare } from '../ui/duration.ts';
import { formatRate } from './rate.ts';
import { estimateReach, type ScopePart } from './scope.ts';

interface AffectsProps {
  readonly parts: readonly ScopePart[];
  /** Of the last five minutes. */
  readonly telemetry: FlagTelemetryView;
  readonly now: NowView | undefined;
}

const none = { calls: [], accounts: [], routes: [] } as const;

/** What a trip concerns, from the calls of the last five minutes; what nobody counts is said to be so. */
export function Affects({ parts, telemetry, now }: AffectsProps): ReactNode {
  const valve = telemetry.valve ?? none;
  const all = valve.calls.reduce((sum, { count }) => sum + count, 0);
  const lengthS = Math.max(1, (telemetry.to - telemetry.from) / 1000);
  const { share, isAtMost } = estimateReach(parts, valve);
  const ofRoute = parts.find(({ dimension }) => dimension === 'route');
  const routes = ofRoute?.values ?? valve.routes.map(({ route }) => route);
  return (
    <dl className="grid gap-x-4 gap-y-3 tablet:grid-cols-[1.2fr_1fr_1fr]">
      <div className="min-w-0">
        <dt className="font-semibold">
          {all === 0
            ? 'No calls lately'
            : share === undefined
              ? 'Share not known'
              : `${isAtMost ? 'At most ' : ''}${formatShare(share)} of calls`}
        </dt>
        <dd className="figures text-ink-2">
          {all === 0
            ? 'none was counted in 5 min'
            : share === undefined
              ? `of ${formatRate(all / lengthS)}; not counted by ${parts.some(({ dimension }) => dimension === 'ip') ? 'address' : 'instance'}`
              : `${isAtMost ? 'up to ' : ''}${formatRate((all / lengthS) * share)} of ${formatRate(all / lengthS)}, last 5 min`}
          {all > 0 && share !== undefined && (
            <svg aria-hidden viewBox="0 0 160 5" preserveAspectRatio="none" className="mt-1 block h-1.25 w-full">
              <rect width="160" height="5" rx="2" className="fill-series-3" />
              <rect width={Math.max(share > 0 ? 2 : 0, 160 * share)} height="5" rx="2" className="fill-amber" />
            </svg>
          )}
        </dd>
      </div>
      <div className="min-w-0">
        <dt className="font-semibold">{describeInstances(parts, now)}</dt>
        <dd className="text-ink-2">
          {now?.counts.instances === 0 ? 'is connected' : 'get the change; a build without the mode says so'}
        </dd>
      </div>
      <div className="min-w-0">
        <dt className="font-semibold">
          {routes.length === 0
            ? 'No route told'
            : `${routes.length >= 50 ? '50 or more' : formatCount(routes.length)} ${routes.length === 1 ? 'route' : 'routes'}`}
        </dt>
        <dd className="text-ink-2">
          {routes.length === 0 ? (
            'calls outside of requests'
          ) : (
            <span className="font-mono">
              {routes.slice(0, 3).join(', ')}
              {routes.length > 3 && ' …'}
            </span>
          )}
        </dd>
      </div>
    </dl>
  );
}

function describeInstances(parts: readonly ScopePart[], now: NowView | undefined): string {
  if (now === undefined) return 'Instances';
  const all = now.counts.instances;
  const narrowed = parts.find(({ dimension }) => dimension === 'instances');
  if (all === 0) return 'No instance';
  if (narrowed === undefined) return all === 1 ? 'The 1 instance' : `All ${formatCount(all)} instances`;
  // The fleet is counted by zone only.
  if (narrowed.attribute !== 'zone') return `Some of ${formatCount(all)} instances`;
  const inZones = now.zones.filter(({ zone }) => zone !== undefined && narrowed.values.includes(zone));
  const count = inZones.reduce((sum, { instances }) => sum + instances, 0);
  return `${formatCount(count)} of ${formatCount(all)} instances`;
}
