import type { Detail } from '@sluice/engine';
import type { GivenContext } from './given-context.ts';
import type { Log } from './platform.ts';

/** What a hook is told of an evaluation. */
export interface EvaluationSeries {
  readonly flagKey: string;
  readonly context: GivenContext;
  readonly defaultValue: unknown;
  readonly method: string;
}

export interface TrackSeries {
  readonly key: string;
  readonly context: GivenContext;
  readonly data: unknown;
  readonly metricValue: number | undefined;
}

/** What one stage of a hook hands to the next. */
export type SeriesData = Readonly<Record<string, unknown>>;

/** Code of the application that runs around evaluations: tracing, for example. What it throws is logged and ignored. */
export interface Hook {
  readonly name: string;
  beforeEvaluation?(series: EvaluationSeries, data: SeriesData): SeriesData;
  afterEvaluation?(series: EvaluationSeries, data: SeriesData, detail: Detail): SeriesData;
  afterTrack?(series: TrackSeries): void;
}

/** Runs an evaluation between the hooks: before in their order, after in the opposite one. */
export function runWithHooks(
  hooks: readonly Hook[],
  series: EvaluationSeries,
  log: Log,
  evaluate: () => Detail,
): Detail {
  const before = hooks.map((hook) => ({
    hook,
    data: attempt(hook, 'beforeEvaluation', log, {}, () => hook.beforeEvaluation?.(series, {}) ?? {}),
  }));
  const detail = evaluate();
  for (const { hook, data } of before.toReversed()) {
    attempt(hook, 'afterEvaluation', log, data, () => hook.afterEvaluation?.(series, data, detail) ?? data);
  }
  return detail;
}

export function runTrackHooks(hooks: readonly Hook[], series: TrackSeries, log: Log): void {
  for (const hook of hooks) attempt(hook, 'afterTrack', log, undefined, () => hook.afterTrack?.(series));
}

function attempt<T>({ name }: Hook, stage: string, log: Log, otherwise: T, run: () => T): T {
  try {
    return run();
  } catch (error) {
    log.error(`hook ${name}: ${stage} failed: ${error instanceof Error ? error.message : String(error)}`);
    return otherwise;
  }
}
