import type { FlagTelemetryView, ValveReachView } from '@sluice/api-client';
import { describeCount } from '@sluice/authoring';
import type { ReactNode } from 'react';
import { formatCount, formatShare } from '../ui/duration.ts';
import { formatRate } from './rate.ts';
import { findRoutes, sayBuilds } from './reach-words.ts';
import { estimateReach, type ScopePart } from './scope.ts';

interface AffectsProps {
  /** Undefined: it is narrowed by what nobody counts calls by. */
  readonly parts: readonly ScopePart[] | undefined;
  /** Of the last five minutes. */
  readonly telemetry: FlagTelemetryView;
  /** Undefined: not known yet. */
  readonly reach: ValveReachView | undefined;
  /** How many instances are connected, of whatever SDK; undefined: not known yet. */
  readonly connected: number | undefined;
}

const none = { calls: [], accounts: [], routes: [] } as const;

/** What a trip concerns: calls of the last five minutes, instances, routes. What nobody counts is said to be so. */
export function Affects({ parts, telemetry, reach, connected }: AffectsProps): ReactNode {
  const valve = telemetry.valve ?? none;
  const all = valve.calls.reduce((sum, { count }) => sum + count, 0);
  const lengthS = Math.max(1, (telemetry.to - telemetry.from) / 1000);
  const { share, isAtMost } = estimateReach(parts, valve);
  const { title, routes } = findRoutes(parts, valve.routes);
  const [instances, which] = describeInstances(reach, connected);
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
              ? `of ${formatRate(all / lengthS)}; not counted by ${nameUncounted(parts)}`
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
        <dt className="font-semibold">{instances}</dt>
        <dd className="break-words text-ink-2">{which}</dd>
      </div>
      <div className="min-w-0">
        <dt className="font-semibold">{title}</dt>
        <dd className="text-ink-2">
          {routes.length === 0 ? (
            'calls outside of requests'
          ) : (
            <span className="break-words font-mono">
              {routes.slice(0, 3).join(', ')}
              {routes.length > 3 && ' …'}
            </span>
          )}
        </dd>
      </div>
    </dl>
  );
}

function nameUncounted(parts: readonly ScopePart[] | undefined): string {
  if (parts === undefined) return 'what narrows it';
  return parts.some(({ dimension }) => dimension === 'ip') ? 'address' : 'instance';
}

/** How many run the valve and are concerned, and which builds they are of. */
function describeInstances(
  reach: ValveReachView | undefined,
  connected: number | undefined,
): readonly [string, string] {
  if (reach === undefined) return ['Instances', 'are being counted'];
  const { instances, concerned, others } = reach;
  if (instances === 0) {
    return connected === undefined || connected === 0
      ? ['No instance', 'is connected']
      : ['No instance told', `of ${formatCount(connected)} connected that its code has this valve`];
  }
  const without = others === 0 ? '' : `; ${formatCount(others)} more told of no such valve`;
  if (concerned === 0) return [describeCount(concerned, instances), `are as the scope asks${without}`];
  const builds = sayBuilds(reach);
  const having = concerned === 1 ? 'has the valve in its code' : 'have the valve in their code';
  const which = builds === undefined ? having : `build ${builds}`;
  return [describeCount(concerned, instances), `${which}${without}`];
}
