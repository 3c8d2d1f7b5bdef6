import type { FleetView } from '@sluice/api-client';
import { formatCount } from '../ui/duration.ts';

/** Who has it: the sentence at the top. */
export function describeFleet({ live, version, versions }: Pick<FleetView, 'live' | 'version' | 'versions'>): string {
  if (live === 0) return 'No instance is connected';
  const has = versions.find((each) => each.version === version)?.instances ?? 0;
  if (live === 1)
    return has === 1 ? 'The one instance runs the newest version' : 'The one instance is not on the newest version';
  return `${formatCount(has)} of ${formatCount(live)} instances run the newest version`;
}

/** What is the matter, and who came and went. */
export function describeMatters({ matters, recent, live }: Pick<FleetView, 'matters' | 'recent' | 'live'>): string {
  const { refused, behind, offline, repairs } = matters;
  const parts = [
    say(behind, 'is behind', 'are behind'),
    say(refused, 'refused a value or more', 'refused a value or more'),
    say(offline, 'lost contact', 'lost contact'),
    say(repairs, 'has records to repair', 'have records to repair'),
  ].filter((part) => part !== undefined);
  const state = parts.length > 0 ? `${parts.join(', ')}. ` : live > 0 ? 'None needs a look. ' : '';
  return `${state}${describeRecent(recent)}`;
}

function say(count: number, one: string, many: string): string | undefined {
  return count === 0 ? undefined : `${formatCount(count)} ${count === 1 ? one : many}`;
}

function describeRecent({ joined, left }: FleetView['recent']): string {
  if (joined + left === 0) return 'No instance left or joined in the last 10 min.';
  const parts = [
    joined > 0 ? `${formatCount(joined)} joined` : undefined,
    left > 0 ? `${formatCount(left)} left` : undefined,
  ].filter((part) => part !== undefined);
  return `${parts.join(' and ')} in the last 10 min.`;
}
