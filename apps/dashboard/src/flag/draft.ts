import type { EnvironmentFlagView } from '@sluice/api-client';

/** How a flag behaves in one environment: what the page edits. */
export type Configuration = Pick<
  EnvironmentFlagView,
  'on' | 'offVariation' | 'fallthrough' | 'targets' | 'rules' | 'prerequisites'
>;
export type Rule = Configuration['rules'][number];
export type Clause = Rule['clauses'][number];
export type Serve = Configuration['fallthrough'];
export type Target = Configuration['targets'][number];

export function configurationOf(flag: EnvironmentFlagView): Configuration {
  const { on, offVariation, fallthrough, targets, rules, prerequisites } = flag;
  return { on, offVariation, fallthrough, targets, rules, prerequisites };
}

export function isSame(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}

/** The list with one entry changed; undefined takes it out. */
export function withEntry<T>(list: readonly T[], index: number, entry: T | undefined): readonly T[] {
  return list.flatMap((each, at) => (at !== index ? [each] : entry === undefined ? [] : [entry]));
}

/** The list with the entry at `from` at place `to`. */
export function moved<T>(list: readonly T[], from: number, to: number): readonly T[] {
  const entry = list[from];
  if (entry === undefined || to < 0 || to >= list.length) return list;
  const rest = withEntry(list, from, undefined);
  return [...rest.slice(0, to), entry, ...rest.slice(to)];
}
