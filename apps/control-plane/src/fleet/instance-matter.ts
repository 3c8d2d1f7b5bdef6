import type { InstanceMatter } from '@sluice/api-client';
import { type Due, isBehind, isRefusing } from './fleet-counts.ts';
import { hasRepairs, type Instance, listRefused } from './instance.ts';

/** The worst that there is about an instance; undefined: nobody needs to look at it. */
export function findMatter(instance: Instance, due: Due): InstanceMatter | undefined {
  const { isForeign, contact } = instance;
  if (isForeign) return undefined;
  // What it left behind waits for whoever starts in its place.
  if (contact.kind === 'gone') return hasRepairs(instance) ? 'repairs' : undefined;
  if (isRefusing(instance)) return 'refused';
  if (isBehind(instance, due)) return 'behind';
  if (contact.kind === 'lost') return 'offline';
  return hasRepairs(instance) ? 'repairs' : undefined;
}

/** The first version that it lacks, in whole or in part; undefined: it lacks none, or has told of nothing. */
export function findLacking(instance: Instance, due: Due): number | undefined {
  const matter = findMatter(instance, due);
  if (matter !== 'refused' && matter !== 'behind') return undefined;
  if (matter === 'refused' && instance.problem === undefined) {
    return Math.min(...listRefused(instance).map(({ version }) => version));
  }
  return instance.epoch === due.epoch ? instance.version + 1 : undefined;
}
