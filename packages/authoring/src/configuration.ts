import type { FlagDefinition } from './definition.ts';

/** How a flag behaves in one environment. Variations and rules are referred to by id, never by position. */
export interface FlagConfiguration {
  readonly on: boolean;
  /** Served while the flag is off. */
  readonly offVariation: string;
  /** Served when the flag is on and nothing else matched. */
  readonly fallthrough: Serve;
  readonly targets: readonly Target[];
  readonly rules: readonly Rule[];
  readonly prerequisites: readonly Prerequisite[];
  /** Makes this flag's buckets its own. */
  readonly salt: string;
}

/** A flag in one environment: what it is and how it behaves there. */
export interface FlagState {
  readonly definition: FlagDefinition;
  readonly configuration: FlagConfiguration;
}

export type Serve =
  | { readonly variation: string; readonly rollout?: undefined }
  | { readonly rollout: Rollout; readonly variation?: undefined };

export interface Rollout {
  /** Weights in thousandths of a percent; they sum to 100,000. */
  readonly variations: readonly { readonly variation: string; readonly weight: number }[];
  /** Whose share it is; `user` unless given. */
  readonly contextKind?: string | undefined;
  /** The attribute that decides the bucket; `key` unless given. */
  readonly bucketBy?: string | undefined;
}

/** Contexts that get one variation whatever the rules say. */
export interface Target {
  readonly variation: string;
  readonly contextKind: string;
  readonly keys: readonly string[];
}

export interface Clause {
  readonly contextKind?: string | undefined;
  /** An attribute reference; not used by `segmentMatch`. */
  readonly attribute?: string | undefined;
  readonly op: string;
  readonly values: readonly (string | number | boolean)[];
  readonly negate?: boolean | undefined;
}

export type Rule = {
  readonly id: string;
  readonly name?: string | undefined;
  /** All must match. */
  readonly clauses: readonly Clause[];
  /** Every rule of a valve has one, and no other rule. */
  readonly trip?: Trip | undefined;
} & Serve;

/** How a rule of a valve came about, and until when it was meant to be. Times are milliseconds since the epoch. */
export interface Trip {
  readonly reason: string;
  /** Who tripped the valve, or renewed the trip. */
  readonly by: string;
  /** When it was tripped. */
  readonly at: number;
  /** From then on it is overdue: it stays as it is, and everything that shows it says so. */
  readonly expiresAt: number;
  /** Where people talk about it: a link, or a name. */
  readonly incident?: string | undefined;
  /** Goes before every rule that is not exempt, however severe: keeps its contexts out of what others get. */
  readonly exempt?: boolean | undefined;
  /** Only so many of the contexts of that kind that match, always the same ones. */
  readonly share?: Share | undefined;
}

export interface Share {
  readonly contextKind: string;
  /** In thousandths of a percent. */
  readonly weight: number;
}

export interface Prerequisite {
  /** Key of the flag that must be on. */
  readonly flag: string;
  /** Id of the variation that it must serve. */
  readonly variation: string;
}

/**
 * A new flag is off; on serves the first variation, off the last. A valve is on from the start, and serves its first
 * mode, the normal one, wherever it is not tripped. A config is on as well, and serves its value, given by name. So is
 * a migration: it serves `off`, its first stage.
 */
export function createConfiguration(
  { kind, variations }: FlagDefinition,
  salt: string,
  value: string | undefined,
): FlagConfiguration {
  const first = kind === 'config' ? value : variations[0]?.id;
  const last = kind === 'release' ? variations.at(-1)?.id : first;
  if (first === undefined || last === undefined) throw new RangeError('a flag has something to serve');
  return {
    on: kind !== 'release',
    offVariation: last,
    fallthrough: { variation: first },
    targets: [],
    rules: [],
    prerequisites: [],
    salt,
  };
}
