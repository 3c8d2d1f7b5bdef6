import type { Clock, Log } from '@sluice/sdk-common';
import { CircuitState, CountBreaker, circuitBreaker, handleWhenResult } from 'cockatiel';
import { SluiceError } from '../errors.ts';
import { describeGiven, findDurationProblem } from '../option-checks.ts';
import type { Outcome } from './call-mode.ts';

export interface BreakerOptions {
  /** Of so many calls, the last ones, it is looked how many failed; before there were so many nothing happens. 20. */
  readonly volume?: number;
  /** It opens when more than this percentage of them failed: above 0, below 100. 50. */
  readonly errorPct?: number;
  /** It stays open for so long; then one call tries whether all is well again. 10 s. */
  readonly resetMs?: number;
}

/**
 * Keeps calls from a dependency that fails, in this process, until somebody turns the valve. What counts as a failure
 * are errors and timeouts; that a caller went away says nothing about the dependency.
 */
export interface Breaker {
  /**
   * How long a call may take if nothing else limits it. Undefined: forever; but one that tries would keep all others
   * away for so long.
   */
  readonly trialMs: number | undefined;
  /** Calls, unless it is open, or half open and another call tries already: undefined. */
  tryCall(call: () => Promise<Outcome>): Promise<Outcome> | undefined;
}

/** Throws a SluiceError when the options cannot be right. `name`: of what it protects, for the log. */
export function createBreaker(
  name: string,
  { volume = 20, errorPct = 50, resetMs = 10_000 }: BreakerOptions,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
): Breaker {
  const fail = (problem: string): never => {
    throw new SluiceError('invalid-options', `${name}: breaker.${problem}`);
  };
  if (!Number.isInteger(volume) || volume <= 0) fail(`volume must be an integer above 0, got ${describeGiven(volume)}`);
  if (typeof errorPct !== 'number' || !(errorPct > 0 && errorPct < 100))
    fail(`errorPct must be above 0 and below 100, got ${describeGiven(errorPct)}`);
  const problem = findDurationProblem(resetMs);
  if (problem !== undefined) fail(`resetMs ${problem}`);
  let openedAt = 0;
  const isHalfOpen = (): boolean => policy.state === CircuitState.HalfOpen;
  const policy = circuitBreaker(
    // A call that tries and is aborted has not found out that all is well.
    handleWhenResult((result) => kindOf(result) !== 'answered' && (kindOf(result) !== 'aborted' || isHalfOpen())),
    {
      breaker: new CountBreaker({ threshold: errorPct / 100, size: volume, minimumNumberOfCalls: volume }),
      // The library would wait by the time of day, which may be set back. It is asked only when time is up by ours.
      halfOpenAfter: Number.NEGATIVE_INFINITY,
    },
  );
  policy.onBreak(() => {
    openedAt = clock.elapsed();
    log.warn(`${name}: the breaker opens for ${resetMs} ms`);
  });
  policy.onReset(() => log.info(`${name}: the breaker closes`));
  return {
    get trialMs() {
      return policy.state === CircuitState.Closed ? undefined : resetMs;
    },
    tryCall: (call) => {
      if (isHalfOpen()) return undefined;
      if (policy.state === CircuitState.Open && clock.elapsed() - openedAt < resetMs) return undefined;
      return policy.execute(call);
    },
  };
}

// The library hands over what `tryCall` was given.
const kindOf = (result: unknown): Outcome['kind'] => (result as Outcome).kind;
