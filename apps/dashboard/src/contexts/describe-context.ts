import type { ContextsView, SampledContextView } from '@sluice/api-client';
import { formatCount } from '../ui/duration.ts';

/** How far the sample stands for all. */
export function describeSample({ sampled, seen }: Pick<ContextsView, 'sampled' | 'seen'>): string {
  if (sampled >= seen) return `All that were evaluated for in 7 days, without private attributes.`;
  return `A uniform sample of about ${formatCount(seen)} seen in 7 days, without private attributes.`;
}

interface Attribute {
  readonly path: string;
  readonly value: string;
}

/** Every attribute by its path, of several contexts at once each with its kind; the key comes first. */
export function listAttributes({ kind, key, attributes }: Pick<SampledContextView, 'kind' | 'key' | 'attributes'>) {
  const own = Object.entries(attributes);
  if (kind !== 'multi') return [{ path: 'key', value: key }, ...own.flatMap(([name, value]) => flatten(name, value))];
  return own.flatMap(([name, value]) => flatten(name, value));
}

function flatten(path: string, value: unknown): readonly Attribute[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return [{ path, value: typeof value === 'string' ? value : JSON.stringify(value) }];
  }
  return Object.entries(value)
    .filter(([name]) => name !== '_meta')
    .flatMap(([name, part]) => flatten(`${path}/${name}`, part));
}

/** `plan pro, country DE`. */
export function describeAttributes(context: Pick<SampledContextView, 'kind' | 'key' | 'attributes'>): string {
  return listAttributes(context)
    .filter(({ path }) => path !== 'key')
    .map(({ path, value }) => `${path} ${value}`)
    .join(', ');
}
