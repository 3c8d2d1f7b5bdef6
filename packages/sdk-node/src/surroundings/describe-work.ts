import { attributesOf, type Context, findContextProblem } from '@sluice/engine';
import type { GivenContext, SurroundingsSource } from '@sluice/sdk-common';

/** Whom a piece of work is for and what it is, for those who count; undefined where nobody said. */
export interface WorkDescription {
  readonly account: string | undefined;
  /** The template of the request's route. */
  readonly route: string | undefined;
}

/** As an evaluation would see it: the given context is asked first, then what is around. Never throws. */
export function describeWork(surroundings: SurroundingsSource, given: GivenContext): WorkDescription {
  const { context, ambient } = surroundings.find();
  const asked = [isContext(given) ? given : context, ...ambient];
  const route = findKind(asked, 'request')?.route;
  return { account: findKind(asked, 'account')?.key, route: typeof route === 'string' ? route : undefined };
}

function findKind(contexts: readonly (Context | undefined)[], kind: string) {
  for (const context of contexts) {
    const attributes = context === undefined ? undefined : attributesOf(context, kind);
    if (attributes !== undefined) return attributes;
  }
  return undefined;
}

function isContext(given: GivenContext): given is Context {
  return given !== undefined && findContextProblem(given) === undefined;
}
