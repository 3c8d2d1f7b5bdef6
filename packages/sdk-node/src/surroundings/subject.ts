import { attributesOf, type Context } from '@sluice/engine';
import type { GivenContext, Surroundings } from '@sluice/sdk-common';

/** Whom and what something is done for, for telemetry. */
export interface Subject {
  /** Key of the context of kind account that an evaluation sees. */
  readonly account: string | undefined;
  /** Of the context of kind request. */
  readonly route: string | undefined;
}

/** Whom and what a call is for. */
export function findSubject(given: GivenContext, { context, ambient }: Surroundings): Subject {
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
