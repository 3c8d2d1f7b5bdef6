import type { ConvergenceView } from '@sluice/api-client';
import type { Platform } from '../platform.ts';
import type { ServerContext } from '../server-context.ts';
import { describeReach, type Reach } from './convergence.ts';
import type { EnvironmentFleet } from './environment-fleet.ts';

/** What to wait for. */
export interface Goal {
  /** Every instance, 99 of 100, or nothing: just look. */
  readonly wait: 'all' | '99' | 'none';
  /** Foreign instances count once the change was sent to them. */
  readonly includeDelivered: boolean;
  readonly timeoutMs: number;
}

/** Looked at no more often than this, however many instances answer. */
const periodMs = 20;
const longestPauseMs = 500;

/** Resolves when the goal is reached, when it cannot be reached any more, or when time is up. */
export async function awaitConvergence(
  { fleet, platform }: Pick<ServerContext, 'fleet' | 'platform'>,
  {
    environmentId,
    epoch,
    version,
  }: { readonly environmentId: string; readonly epoch: string; readonly version: number },
  goal: Goal,
  signal: AbortSignal,
): Promise<{ readonly reach: Reach; readonly outcome: ConvergenceView['outcome'] }> {
  const instances = fleet.open(environmentId);
  const look = () => {
    const reach = describeReach(instances, { epoch, version, now: platform.elapsed() });
    return { reach, outcome: judge(reach, goal) };
  };
  const endsAt = platform.elapsed() + goal.timeoutMs;
  for (;;) {
    const found = look();
    const leftMs = endsAt - platform.elapsed();
    if (found.outcome !== 'waiting' || goal.wait === 'none' || leftMs <= 0 || signal.aborted) return found;
    await untilNews(instances, platform, leftMs, signal);
  }
}

/** Converged, refused for good, or neither yet. */
export function judge(
  reach: Reach,
  { wait, includeDelivered }: Pick<Goal, 'wait' | 'includeDelivered'>,
): ConvergenceView['outcome'] {
  const { expected, accepted, partial, refused, late, foreign } = reach;
  const needed = wait === '99' ? Math.ceil(expected * 0.99) : expected;
  // Those that came later are not counted among those that were there, but who waits for all wants them as well.
  const isLateDone = wait === '99' || late.accepted === late.expected;
  const isDelivered = !includeDelivered || foreign.delivered >= foreign.expected;
  if (accepted >= needed && isLateDone && isDelivered) return 'converged';
  return expected - partial - refused < needed && accepted + partial + refused === expected ? 'refused' : 'waiting';
}

/** Resolves when there may be something new to see, at the latest when time is up. */
function untilNews(
  instances: EnvironmentFleet,
  { after }: Pick<Platform, 'after'>,
  leftMs: number,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve) => {
    let isDue = false;
    let hasNews = false;
    const finish = (): void => {
      stopListening();
      stopWaiting();
      stopPausing();
      signal.removeEventListener('abort', finish);
      resolve();
    };
    const stopListening = instances.onNews(() => {
      hasNews = true;
      if (isDue) finish();
    });
    const stopPausing = after(periodMs, () => {
      isDue = true;
      if (hasNews) finish();
    });
    // Who is late or gone shows without news, too.
    const stopWaiting = after(Math.min(leftMs, longestPauseMs), finish);
    signal.addEventListener('abort', finish);
  });
}
