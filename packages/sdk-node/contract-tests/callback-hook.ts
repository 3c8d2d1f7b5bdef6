import type { EvaluationSeries, Hook, SeriesData, TrackSeries } from '../src/index.ts';
import type { Notifier } from './callbacks.ts';

export interface CallbackHookOptions {
  readonly name: string;
  readonly callbackUri: string;
  /** What a stage adds to the data that it hands on. */
  readonly data?: Partial<Record<Stage, SeriesData>> | null;
  /** Stages that throw, and what; they do not call back. */
  readonly errors?: Partial<Record<Stage, string>> | null;
}

type Stage = 'beforeEvaluation' | 'afterEvaluation' | 'afterTrack';

/** A hook that tells the harness of its stages. */
export function createCallbackHook({ name, callbackUri, data, errors }: CallbackHookOptions, notifier: Notifier): Hook {
  function tell(stage: Stage, payload: object): void {
    const error = errors?.[stage];
    if (error !== undefined && error !== null) throw new Error(error);
    notifier.notify(callbackUri, { ...payload, stage });
  }

  return {
    name,
    beforeEvaluation: (series: EvaluationSeries, before: SeriesData) => {
      tell('beforeEvaluation', { evaluationSeriesContext: series, evaluationSeriesData: before });
      return { ...before, ...data?.beforeEvaluation };
    },
    afterEvaluation: (series, before, { value, variation, reason }) => {
      tell('afterEvaluation', {
        evaluationSeriesContext: series,
        evaluationSeriesData: before,
        evaluationDetail: { value, variationIndex: variation, reason },
      });
      return { ...before, ...data?.afterEvaluation };
    },
    afterTrack: (series: TrackSeries) => tell('afterTrack', { trackSeriesContext: series }),
  };
}
