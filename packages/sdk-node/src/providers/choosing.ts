import type { AmbiguousPolicy, ProviderOrder, ProviderPlace } from '@sluice/protocol';
import type { Attempt } from './provider.ts';
import type { HealthState } from './provider-health.ts';

/** Where only the same provider may be asked again, it is asked so often in all. */
const mostTries = 4;

/** Who may get messages, in the order of failing over. */
export function listUsable({ providers }: ProviderOrder): readonly ProviderPlace[] {
  return [
    ...providers.filter(({ state }) => state === 'active'),
    ...providers.filter(({ state }) => state === 'standby'),
  ];
}

/**
 * Whom a message goes to, one after the other: first the one that its place among all messages gives, then the others.
 * Those that are not well are passed over; those that work again stand behind the well ones; the sick are asked when
 * there is nobody else. `place` is in [0, 1).
 */
export function listCandidates(
  order: ProviderOrder,
  place: number,
  stateOf: (name: string) => HealthState,
): readonly string[] {
  const ranked = [...new Set([pickFirst(order, place * 100), ...listUsable(order)])].flatMap((each) =>
    each === undefined ? [] : [each.name],
  );
  const inState = (state: HealthState) => ranked.filter((name) => stateOf(name) === state);
  const working = [...inState('well'), ...inState('recovering')];
  return working.length > 0 ? working : ranked;
}

/** `place`: in [0, 100). Undefined: nobody by its share, the list says who is first. */
function pickFirst({ providers, warmShare }: ProviderOrder, place: number): ProviderPlace | undefined {
  const active = providers.filter(({ state }) => state === 'active');
  if (active.length === 0) return undefined;
  const standby = providers.filter(({ state }) => state === 'standby');
  const warm = warmShare * standby.length;
  if (place < warm) return standby[Math.floor(place / warmShare)];
  // The active ones share what the warm ones leave.
  let left = ((place - warm) / (100 - warm)) * 100;
  for (const each of active) {
    if (each.share === undefined) continue;
    if (left < each.share) return each;
    left -= each.share;
  }
  return active.find(({ share }) => share === undefined) ?? active.at(-1);
}

/** A message on its way: whom it may go to, and what came of it so far. */
export interface Progress {
  readonly policy: AmbiguousPolicy;
  readonly candidates: readonly string[];
  /** Before this send, too: a process may have ended in the middle of one. */
  readonly attempts: readonly Attempt[];
  /** Providers tried in this send. */
  readonly tried: readonly string[];
  /** Whether a provider may get messages, and accepts a message that it gets again only once. */
  readonly mayRepeat: (name: string) => boolean;
}

/** Whom the message may go to next, the best first; nobody: it is at its end. */
export function listNext({ policy, candidates, attempts, tried, mayRepeat }: Progress): readonly string[] {
  const untried = candidates.filter((name) => !tried.includes(name));
  const doubtful = attempts.findLast(({ outcome }) => outcome === 'unknown')?.provider;
  // Nobody can have accepted it.
  if (doubtful === undefined) return untried;
  switch (policy) {
    case 'never':
      return [];
    case 'allow-duplicate':
      return untried;
    case 'idempotent-only': {
      // A definite failure of a second try says nothing about the first.
      const isOnlyDoubt = attempts.every(({ outcome, provider }) => outcome !== 'unknown' || provider === doubtful);
      const times = tried.filter((name) => name === doubtful).length;
      return isOnlyDoubt && mayRepeat(doubtful) && times < mostTries ? [doubtful] : [];
    }
    default:
      policy satisfies never;
      return [];
  }
}
