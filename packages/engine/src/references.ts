import type { Clause, Flag, Segment } from './flag.ts';

/** A flag or segment that another one needs to be evaluated. */
export interface Reference {
  readonly kind: 'flag' | 'segment';
  readonly key: string;
}

/** The flag's prerequisites, and the segments that its rules ask. */
export function listFlagReferences({ prerequisites, rules }: Flag): readonly Reference[] {
  return [
    ...(prerequisites ?? []).map(({ key }): Reference => ({ kind: 'flag', key })),
    ...listSegmentsOf((rules ?? []).flatMap(({ clauses }) => clauses ?? [])),
  ];
}

/** The segments that a segment's rules ask. */
export function listSegmentReferences({ rules }: Segment): readonly Reference[] {
  return listSegmentsOf((rules ?? []).flatMap(({ clauses }) => clauses ?? []));
}

function listSegmentsOf(clauses: readonly Clause[]): readonly Reference[] {
  const keys = clauses.filter(({ op }) => op === 'segmentMatch').flatMap(({ values }) => values ?? []);
  return keys.filter((key) => typeof key === 'string').map((key) => ({ kind: 'segment', key }));
}
