import type { CompiledFlag } from './compile-flag.ts';
import { type BigSegmentsStatus, type Detail, errorDetail, type Outcome } from './detail.ts';
import type { Evaluation } from './evaluation.ts';

/** No flag with the key that was asked for. */
export const flagNotFound: Detail = errorDetail('FLAG_NOT_FOUND');

const exception: Outcome = Object.freeze({ detail: errorDetail('EXCEPTION'), isExperiment: false, isMalformed: true });

/** Of all evaluations in this process, so that no two ever carry the same mark. */
let lastSerial = 0;

/**
 * Evaluates a flag for the contexts in `evaluation`, which must be valid. Synchronous, and never throws: what goes
 * wrong (a chain of thousands of prerequisites, say) is an outcome of kind ERROR.
 */
export function evaluate<Tally>(compiled: CompiledFlag<Tally>, evaluation: Evaluation<Tally>): Outcome {
  if (compiled.constant !== undefined) return compiled.constant;
  evaluation.serial = ++lastSerial;
  evaluation.bigSegmentsStatus = undefined;
  let outcome: Outcome;
  try {
    outcome = compiled.evaluate(evaluation);
  } catch {
    // Only exhausted resources and hooks of the caller can fail here; the marks left behind by an unfinished
    // evaluation carry its serial and so mean nothing to the next.
    outcome = exception;
  }
  return evaluation.bigSegmentsStatus === undefined ? outcome : withStatus(outcome, evaluation.bigSegmentsStatus);
}

function withStatus(outcome: Outcome, bigSegmentsStatus: BigSegmentsStatus): Outcome {
  const { detail } = outcome;
  return { ...outcome, detail: Object.freeze({ ...detail, reason: { ...detail.reason, bigSegmentsStatus } }) };
}
