import type { FleetCountsView } from '@sluice/api-client';
import type { EnvironmentFleet } from './environment-fleet.ts';
import type { Instance } from './instance.ts';

/** Whoever lacks what was made so long ago is late, and whoever is there for no longer is not. */
export const lateMs = 2000;

export interface Due {
  readonly epoch: string;
  /** What everybody should have by now. */
  readonly version: number;
  /** By the monotonic clock. */
  readonly now: number;
}

/** What everybody should have by now: the newest version but for those that were made just now. */
export function findDue({ tracks }: Pick<EnvironmentFleet, 'tracks'>, current: Due): Due {
  const young = tracks.find(({ epoch, publishedAt }) => epoch === current.epoch && current.now - publishedAt < lateMs);
  return young === undefined ? current : { ...current, version: Math.min(current.version, young.version - 1) };
}

export function countFleet(instances: readonly Instance[], due: Due): FleetCountsView {
  const counts = { instances: 0, behind: 0, refused: 0, gone: 0 };
  for (const instance of instances) {
    if (instance.isForeign) continue;
    if (instance.contact.kind === 'gone') counts.gone++;
    else {
      counts.instances++;
      if (isRefusing(instance)) counts.refused++;
      else if (isBehind(instance, due)) counts.behind++;
    }
  }
  return counts;
}

/** Whether it could not use all of what it was sent. */
export function isRefusing({ problem, refused }: Pick<Instance, 'problem' | 'refused'>): boolean {
  return problem !== undefined || refused.length > 0;
}

/** Whether it lacks what it should have. Who polls has it within its interval. */
export function isBehind({ epoch, version, joinedAt, contact, arrival }: Instance, due: Due): boolean {
  if (epoch === due.epoch && version >= due.version) return false;
  const isPolling = contact.kind === 'connected' && arrival.via === 'poll';
  return !isPolling && due.now - joinedAt >= lateMs;
}
