import type { RegexCompiler } from '@sluice/engine';
import type { SchemaChecker } from './config.ts';
import type { FlagConfiguration, FlagState } from './configuration.ts';
import type { SegmentState } from './segment.ts';

/** A flag or segment of one environment. */
export interface ObjectId {
  readonly kind: 'flag' | 'segment';
  readonly key: string;
}

export function sameObject(a: ObjectId, b: ObjectId): boolean {
  return a.kind === b.kind && a.key === b.key;
}

/** What instructions may look at besides the object that they change; all of one environment. */
export interface Lookup {
  readonly findFlag: (key: string) => FlagState | undefined;
  readonly findSegment: (key: string) => SegmentState | undefined;
  /** A flag's configuration in another environment of the project. */
  readonly findConfiguration: (environment: string, flag: string) => FlagConfiguration | undefined;
  /** Flags and segments that refer to this one, by prerequisite or by `segmentMatch`. */
  readonly listDependents: (object: ObjectId) => readonly ObjectId[];
  /** Short, different each time, and right for an id. */
  readonly createId: () => string;
  /** Who makes the change, and when, in milliseconds since the epoch. */
  readonly actor: string;
  readonly now: number;
  readonly regex: RegexCompiler;
  readonly schemas: SchemaChecker;
}

/** Who a flag refers to. */
export function listFlagReferences({ prerequisites, rules }: FlagConfiguration): readonly ObjectId[] {
  return [
    ...prerequisites.map(({ flag }): ObjectId => ({ kind: 'flag', key: flag })),
    ...listSegmentsOf(rules).map((key): ObjectId => ({ kind: 'segment', key })),
  ];
}

/** Who a segment refers to. */
export function listSegmentReferences({ rules }: SegmentState): readonly ObjectId[] {
  return listSegmentsOf(rules).map((key) => ({ kind: 'segment', key }));
}

function listSegmentsOf(rules: FlagConfiguration['rules'] | SegmentState['rules']): readonly string[] {
  const clauses = rules.flatMap((rule) => rule.clauses);
  return [...new Set(clauses.filter(({ op }) => op === 'segmentMatch').flatMap(({ values }) => values.map(String)))];
}
