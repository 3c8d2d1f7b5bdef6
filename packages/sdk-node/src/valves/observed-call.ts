import { attributesOf, type Context } from '@sluice/engine';
import type { GivenContext, Surroundings } from '@sluice/sdk-common';

/**
 * Why a mode answered: it is the normal one; the flag serves it; or it is a fallback, as the breaker is open, or as the
 * mode that was served threw or took too long.
 */
export type ValveCause = 'normal' | 'rule' | 'breaker' | 'error' | 'timeout';

/** One call of a valve, for telemetry. */
export interface ObservedCall {
  readonly valve: string;
  /** The mode that answered, or that failed last. */
  readonly mode: string;
  readonly cause: ValveCause;
  readonly outcome: 'ok' | 'failed';
  readonly durationMs: number;
  /** Key of the context of kind account that the evaluation saw. */
  readonly account: string | undefined;
  /** Of the context of kind request. */
  readonly route: string | undefined;
}

/** Is told of every call that came to an end; those whose callers went away did not. */
export type ObserveCall = (call: ObservedCall) => void;

/** Whom and what a call is for. */
export function findSubject(
  given: GivenContext,
  { context, ambient }: Surroundings,
): Pick<ObservedCall, 'account' | 'route'> {
  // Contexts of today's form have a kind; users of the old one belong to no account and no request.
  const first = given === undefined ? context : given?.kind === undefined ? undefined : given;
  const find = (kind: string): Readonly<Record<string, unknown>> | undefined => {
    const found = first === undefined ? undefined : attributesOf(first, kind);
    return found ?? findAmong(ambient, kind);
  };
  const [account, route] = [find('account')?.key, find('request')?.route];
  return {
    account: typeof account === 'string' ? account : undefined,
    route: typeof route === 'string' ? route : undefined,
  };
}

function findAmong(contexts: readonly Context[], kind: string): Readonly<Record<string, unknown>> | undefined {
  for (const context of contexts) {
    const found = attributesOf(context, kind);
    if (found !== undefined) return found;
  }
  return undefined;
}
