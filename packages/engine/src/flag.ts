/**
 * The evaluable flag and segment: the JSON that LaunchDarkly SDKs receive. Absent and null mean the same everywhere
 * except inside `variations`, where null is a value.
 */
export interface Flag {
  readonly key: string;
  /** Rises with every change of this flag; SDKs drop an object whose version is not higher than the one they have. */
  readonly version: number;
  readonly deleted?: boolean;
  readonly on?: boolean;
  readonly variations?: readonly unknown[];
  /** Index into `variations`; absent: the caller's default value is served. */
  readonly offVariation?: number | null;
  readonly fallthrough?: VariationOrRollout;
  readonly prerequisites?: readonly Prerequisite[];
  /** Keys of kind `user`, unless an entry says otherwise. */
  readonly targets?: readonly Target[];
  /** Keys of any kind; an entry of kind `user` marks where the `targets` entry with its variation stands in the order. */
  readonly contextTargets?: readonly Target[];
  readonly rules?: readonly FlagRule[];
  readonly salt?: string;
  readonly trackEvents?: boolean;
  readonly trackEventsFallthrough?: boolean;
  /** Milliseconds since the epoch. */
  readonly debugEventsUntilDate?: number | null;
  readonly clientSideAvailability?: { readonly usingMobileKey?: boolean; readonly usingEnvironmentId?: boolean };
  readonly clientSide?: boolean;
  /** One in N events of this flag is sent; 0 means none. */
  readonly samplingRatio?: number;
  readonly excludeFromSummaries?: boolean;
  readonly migration?: { readonly checkRatio?: number };
  /** Data for our own SDKs; other SDKs ignore it. */
  readonly sluice?: unknown;
}

export interface Prerequisite {
  readonly key: string;
  /** Index that the prerequisite flag must serve, while it is on. */
  readonly variation: number;
}

export interface Target {
  readonly contextKind?: string;
  readonly values?: readonly string[];
  readonly variation: number;
}

/** `variation` wins when both are present; neither makes the flag malformed. */
export interface VariationOrRollout {
  readonly variation?: number | null;
  readonly rollout?: Rollout | null;
}

export interface Rollout {
  readonly kind?: string;
  readonly contextKind?: string;
  readonly variations?: readonly WeightedVariation[];
  readonly bucketBy?: string;
  /** When present, 0 included, buckets come from the seed and no longer from the flag's key and salt. */
  readonly seed?: number | null;
}

export interface WeightedVariation {
  readonly variation: number;
  /** Thousandths of a percent: 100,000 is everybody. */
  readonly weight: number;
  readonly untracked?: boolean;
}

export interface FlagRule extends VariationOrRollout {
  readonly id?: string;
  readonly clauses?: readonly Clause[];
  readonly trackEvents?: boolean;
}

export interface Clause {
  /** With it `attribute` is an attribute reference, without it a plain name of kind `user`. */
  readonly contextKind?: string;
  readonly attribute?: string;
  readonly op: string;
  readonly values?: readonly unknown[];
  readonly negate?: boolean;
}

export interface Segment {
  readonly key: string;
  readonly version: number;
  readonly deleted?: boolean;
  readonly salt?: string;
  readonly included?: readonly string[];
  readonly excluded?: readonly string[];
  readonly includedContexts?: readonly SegmentTarget[];
  readonly excludedContexts?: readonly SegmentTarget[];
  readonly rules?: readonly SegmentRule[];
  /** A big segment: its members are looked up outside the payload. */
  readonly unbounded?: boolean;
  readonly unboundedContextKind?: string;
  readonly generation?: number | null;
}

export interface SegmentTarget {
  readonly contextKind?: string;
  readonly values?: readonly string[];
}

export interface SegmentRule {
  readonly id?: string;
  readonly clauses?: readonly Clause[];
  /** Thousandths of a percent of the contexts that match the clauses; absent: all of them. */
  readonly weight?: number | null;
  readonly bucketBy?: string;
  readonly rolloutContextKind?: string;
}
