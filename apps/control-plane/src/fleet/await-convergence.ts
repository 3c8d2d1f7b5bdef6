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

/** Looked at no more often than this, however many instances answer; longer when looking takes long. */
const periodMs = 20;
const lookShare = 0.2;
const longestPauseMs = 500;
/** Of the instances of other servers there are no news; they are looked for this often. */
const othersPeriodMs = 100;

/** Resolves when the goal is reached, when it cannot be reached any more, or when time is up. */
export async function awaitConvergence(
  {
    store,
    fleet,
    readFleet,
    platform,
  }: Pick<ServerContext, 'fleet' | 'readFleet' | 'platform'> & {
    readonly store: Pick<ServerContext['store'], 'isShared'>;
  },
  {
    environmentId,
    epoch,
    version,
  }: { readonly environmentId: string; readonly epoch: string; readonly version: number },
  goal: Goal,
  signal: AbortSignal,
): Promise<{ readonly reach: Reach; readonly outcome: ConvergenceView['outcome'] }> {
  const own = fleet.open(environmentId);
  const endsAt = platform.elapsed() + goal.timeoutMs;
  for (;;) {
    const startedAt = platform.elapsed();
    const reach = describeReach(await readFleet(environmentId), { epoch, version, now: platform.elapsed() });
    const outcome = judge(reach, goal);
    const now = platform.elapsed();
    if (outcome !== 'waiting' || goal.wait === 'none' || now >= endsAt || signal.aborted) return { reach, outcome };
    const least = Math.max(periodMs, (now - startedAt) / lookShare);
    const most = Math.max(least, store.isShared ? othersPeriodMs : longestPauseMs);
    await untilNews(own, platform, { least, most: Math.min(most, endsAt - now) }, signal);
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

/** Resolves when there may be something new to see, after the least time in milliseconds, and at the latest the most. */
export function untilNews(
  instances: EnvironmentFleet,
  { after }: Pick<Platform, 'after'>,
  { least, most }: { readonly least: number; readonly most: number },
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
    const stopPausing = after(least, () => {
      isDue = true;
      if (hasNews) finish();
    });
    // Who is late or gone shows without news, too.
    const stopWaiting = after(most, finish);
    signal.addEventListener('abort', finish);
  });
}
