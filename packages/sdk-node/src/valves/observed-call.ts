import type { Subject } from '../surroundings/subject.ts';

/**
 * Why a mode answered: the normal one is served; the flag serves it; or it is a fallback, as the breaker is open, or as
 * the mode that was served threw or took too long. Where this build lacks the mode that is served, another answers for
 * the same cause.
 */
export type ValveCause = 'normal' | 'rule' | 'breaker' | 'error' | 'timeout';

/** One call of a valve, for telemetry. */
export interface ObservedCall extends Subject {
  readonly valve: string;
  /** The mode that answered, or that failed last. */
  readonly mode: string;
  readonly cause: ValveCause;
  readonly outcome: 'ok' | 'failed';
  readonly durationMs: number;
}

/** Is told of every call that came to an end; those whose callers went away did not. */
export type ObserveCall = (call: ObservedCall) => void;
