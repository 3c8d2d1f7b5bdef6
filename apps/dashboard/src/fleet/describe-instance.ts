import type { InstanceView } from '@sluice/api-client';
import { formatCount, formatDuration } from '../ui/duration.ts';

type Told = Pick<InstanceView, 'state' | 'via' | 'version' | 'reason' | 'repairs' | 'matter'>;

/** Why somebody should look at an instance, or that nobody needs to, in words. */
export function describeInstance(instance: Told, newest: number): string {
  const { state, matter, reason, version } = instance;
  switch (matter) {
    case 'refused':
      return `refused ${reason ?? 'a change'}`;
    case 'behind':
      if (version === undefined) return `${describeContact(instance)}, has not told what it runs`;
      return `${describeContact(instance)}, has not taken v${formatCount(newest)}`;
    case 'offline':
      return 'contact lost; it counts as gone a minute after';
    case 'repairs':
      return `${state === 'gone' ? 'left ' : ''}${describeRepairs(instance.repairs ?? [])}`;
    default:
      break;
  }
  if (state === 'behind') return `on its way to v${formatCount(newest)}`;
  if (state === 'foreign') return 'cannot acknowledge';
  return state === 'gone' ? 'gone' : 'as it should be';
}

/** How it is connected. */
export function describeContact({ state, via }: Pick<InstanceView, 'state' | 'via'>): string {
  if (state === 'gone') return 'gone';
  if (state === 'offline') return 'contact lost';
  return via === 'poll' ? 'asks by polling' : `connected by ${via}`;
}

/** What it has yet to make equal in both stores of its migrations. */
export function describeRepairs(repairs: NonNullable<InstanceView['repairs']>): string {
  const parts = repairs.map(({ migration, depth, oldestMs, isDirty }) => {
    const records = `${formatCount(depth)} ${depth === 1 ? 'record' : 'records'} of ${migration} to repair`;
    const wait = depth === 0 ? '' : `, the first for ${formatDuration(oldestMs)}`;
    return `${records}${wait}${isDirty === true ? ', and others that only comparing all finds' : ''}`;
  });
  return parts.join('; ');
}
