import type { Flag, Outcome, Reason } from '@sluice/engine';

export interface FlagsStateOptions {
  /** Only flags that client-side SDKs may see. */
  readonly clientSideOnly?: boolean;
  readonly withReasons?: boolean;
  /** Leave out version and reason of flags without events. */
  readonly detailsOnlyForTrackedFlags?: boolean;
}

/** The values of all flags for one context, and what a browser's SDK needs to start from them. */
export interface FlagsState {
  /** False: there was nothing to evaluate; `values` is empty. */
  readonly valid: boolean;
  /** By key; null where the caller's default value would be served. */
  readonly values: Readonly<Record<string, unknown>>;
  /** LaunchDarkly's form for bootstrapping client-side SDKs. */
  toJSON(): unknown;
}

export interface EvaluatedEntry {
  readonly flag: Flag;
  readonly outcome: Outcome;
  /** Keys of the flag's own prerequisites that were evaluated. */
  readonly prerequisites: readonly string[];
}

interface Metadata {
  readonly variation?: number;
  readonly version?: number;
  readonly reason?: Reason;
  readonly trackEvents?: true;
  readonly trackReason?: true;
  readonly debugEventsUntilDate?: number;
  readonly prerequisites?: readonly string[];
}

export function createFlagsState(
  entries: readonly EvaluatedEntry[],
  options: FlagsStateOptions,
  { valid, now }: { readonly valid: boolean; readonly now: number },
): FlagsState {
  const values = Object.fromEntries(entries.map(({ flag, outcome }) => [flag.key, outcome.detail.value ?? null]));
  return {
    valid,
    values,
    toJSON: () => ({
      ...values,
      $flagsState: Object.fromEntries(entries.map((entry) => [entry.flag.key, describeEntry(entry, options, now)])),
      $valid: valid,
    }),
  };
}

/** What is false or absent is left out. */
function describeEntry(
  { flag, outcome, prerequisites }: EvaluatedEntry,
  options: FlagsStateOptions,
  now: number,
): Metadata {
  const { variation, reason } = outcome.detail;
  const { debugEventsUntilDate: until } = flag;
  const trackEvents = flag.trackEvents === true || outcome.isExperiment;
  const isDebugged = typeof until === 'number' && until > now;
  const withDetails = options.detailsOnlyForTrackedFlags !== true || trackEvents || isDebugged;
  const withReason = outcome.isExperiment || (withDetails && options.withReasons === true);
  return {
    ...(variation !== undefined && { variation }),
    ...(withDetails && { version: flag.version }),
    ...(withReason && { reason }),
    ...(trackEvents && { trackEvents }),
    ...(outcome.isExperiment && { trackReason: true }),
    ...(typeof until === 'number' && until > 0 && { debugEventsUntilDate: until }),
    ...(prerequisites.length > 0 && { prerequisites }),
  };
}
