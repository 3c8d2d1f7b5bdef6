import { type Detail, deepFreeze, type Outcome, type Reason } from './detail.ts';
import type { Flag } from './flag.ts';

/** Prepares the results of one flag. */
export interface Outcomes {
  /** The flag cannot be evaluated for this context. */
  readonly malformed: Outcome;
  /** There is nothing to serve where there should be; a prerequisite with this outcome merely fails. */
  readonly unservable: Outcome;
  /** Serves a variation; unservable when there is none at that index. */
  readonly serve: (variation: unknown, reason: Reason, isExperiment?: boolean) => Outcome;
  /** Serves the off variation; without one the caller's default value is served. */
  readonly serveOff: (reason: Reason) => Outcome;
}

export function createOutcomes({ variations: list, offVariation, version }: Flag): Outcomes {
  const variations = list ?? [];
  function outcome(detail: Detail, { isExperiment = false, isMalformed = false } = {}): Outcome {
    return Object.freeze({ detail: deepFreeze(detail), isExperiment, isMalformed });
  }
  const error: Detail = { value: undefined, reason: { kind: 'ERROR', errorKind: 'MALFORMED_FLAG' }, version };
  const unservable = outcome(error);
  function serve(variation: unknown, reason: Reason, isExperiment = false): Outcome {
    const exists = typeof variation === 'number' && Number.isInteger(variation) && variation in variations;
    return exists
      ? outcome({ value: variations[variation], variation, reason, version }, { isExperiment })
      : unservable;
  }
  return {
    malformed: outcome(error, { isMalformed: true }),
    unservable,
    serve,
    serveOff: (reason) =>
      offVariation === undefined || offVariation === null
        ? outcome({ value: undefined, reason, version })
        : serve(offVariation, reason),
  };
}
