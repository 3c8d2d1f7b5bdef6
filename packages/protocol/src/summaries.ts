/** Evaluations that an SDK counted, of one flag and result. */
export interface EvaluationCount {
  readonly flagKey: string;
  /** Index of the variation; undefined: the caller's default value was served. */
  readonly variation: number | undefined;
  /** Of the flag; undefined: the SDK had no such flag. */
  readonly version: number | undefined;
  readonly count: number;
}

/** More than any SDK counts between two flushes; above, somebody made it up. */
const mostAtOnce = 1e12;
const longestKey = 256;

/**
 * Finds the counts in a batch of events in LaunchDarkly's format, whatever else is in it. What is not as it should be
 * is passed over: a strange event must not cost the others.
 */
export function listEvaluationCounts(events: unknown): readonly EvaluationCount[] {
  if (!Array.isArray(events)) return [];
  return events
    .filter((event) => isObject(event) && event.kind === 'summary')
    .flatMap((event) => listOfSummary(event.features));
}

/**
 * The highest version of a flag that an SDK says to have evaluated: flags have the version of their environment that
 * altered them last, so the SDK runs at least that. Undefined when it names none.
 */
export function findNewestVersion(events: unknown): number | undefined {
  let newest: number | undefined;
  for (const { version } of listEvaluationCounts(events)) {
    if (version !== undefined && (newest === undefined || version > newest)) newest = version;
  }
  return newest;
}

function listOfSummary(features: unknown): readonly EvaluationCount[] {
  if (!isObject(features)) return [];
  return Object.entries(features).flatMap(([flagKey, feature]) => {
    if (flagKey.length > longestKey || !isObject(feature) || !Array.isArray(feature.counters)) return [];
    return feature.counters.flatMap((counter) => toCount(flagKey, counter) ?? []);
  });
}

function toCount(flagKey: string, counter: unknown): EvaluationCount | undefined {
  if (!isObject(counter)) return undefined;
  const { count, variation, version } = counter;
  if (!isNatural(count) || count === 0 || count > mostAtOnce) return undefined;
  return {
    flagKey,
    variation: isNatural(variation) ? variation : undefined,
    version: isNatural(version) ? version : undefined,
    count,
  };
}

function isNatural(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
