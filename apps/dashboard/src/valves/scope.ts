import type { ValveRowView, ValveTelemetryView } from '@sluice/api-client';
import { parseCidr } from '@sluice/engine';

export type Clause = ValveRowView['trips'][number]['when'][number];

/** What a trip can be narrowed by. */
export const dimensions = ['account', 'route', 'ip', 'instances'] as const;
export type Dimension = (typeof dimensions)[number];

export const instanceAttributes = ['zone', 'region', 'service', 'version', 'host', 'key'] as const;

/** One condition of a trip's scope; several of them all have to be so. Nobody's scope is everyone: no part. */
export interface ScopePart {
  readonly dimension: Dimension;
  /** Of instances: what they are told apart by. */
  readonly attribute: string;
  readonly values: readonly string[];
}

export function createPart(dimension: Dimension, values: readonly string[] = []): ScopePart {
  return { dimension, attribute: dimension === 'instances' ? 'zone' : attributes[dimension].attribute, values };
}

const attributes = {
  account: { contextKind: 'account', attribute: 'key', op: 'in' },
  route: { contextKind: 'request', attribute: 'route', op: 'in' },
  ip: { contextKind: 'request', attribute: 'ip', op: 'cidr' },
  instances: { contextKind: 'instance', attribute: 'key', op: 'in' },
} as const;

export function toClauses(parts: readonly ScopePart[]): readonly Clause[] {
  return parts.map(({ dimension, attribute, values }) => ({
    ...attributes[dimension],
    attribute,
    values: dimension === 'ip' ? values.map(withPrefix) : [...values],
  }));
}

/** An address alone is a range of one. */
function withPrefix(value: string): string {
  if (value.includes('/')) return value;
  return value.includes(':') ? `${value}/128` : `${value}/32`;
}

/** Reads clauses as parts; undefined: they say more than parts can. */
export function readParts(clauses: readonly Clause[]): readonly ScopePart[] | undefined {
  const parts = clauses.map((clause) => {
    const { contextKind = 'user', attribute = 'key', op, values, negate = false } = clause;
    const dimension = dimensions.find((each) => {
      const own = attributes[each];
      return own.contextKind === contextKind && own.op === op && (each === 'instances' || own.attribute === attribute);
    });
    const isPlain = !negate && values.every((value) => typeof value === 'string');
    return dimension === undefined || !isPlain ? undefined : { dimension, attribute, values: values.map(String) };
  });
  const known = parts.filter((part) => part !== undefined);
  return known.length === parts.length ? known : undefined;
}

/** Of what somebody types: values are set apart by commas. */
export function splitValues(text: string): readonly string[] {
  return [...new Set(text.split(',').map((value) => value.trim()))].filter((value) => value !== '');
}

const missing = {
  account: 'Name the account',
  route: 'Name the route, such as /search',
  ip: 'Give a range, such as 10.0.0.0/8',
  instances: 'Say which instances',
} as const;

/** What is not whole yet, or cannot be; undefined: nothing. */
export function findScopeFault(parts: readonly ScopePart[]): string | undefined {
  for (const { dimension, values } of parts) {
    if (values.length === 0) return missing[dimension];
    const wrong = dimension === 'ip' ? values.find((value) => parseCidr(withPrefix(value)) === undefined) : undefined;
    if (wrong !== undefined) return `${wrong} is no IP range: one looks like 10.0.0.0/8 or 2001:db8::/32`;
  }
  return undefined;
}

/** How much of the calls a scope concerns. */
export interface Reach {
  /** Of all calls, from 0 to 1; undefined: nobody counts it. */
  readonly share: number | undefined;
  /** Whether it may be less. */
  readonly isAtMost: boolean;
}

/** Calls are counted by account and by route, not by both, nor by address or instance, nor by what parts cannot say. */
export function estimateReach(
  parts: readonly ScopePart[] | undefined,
  { calls, accounts, routes }: Pick<ValveTelemetryView, 'calls' | 'accounts' | 'routes'>,
): Reach {
  const all = calls.reduce((sum, { count }) => sum + count, 0);
  if (parts === undefined) return { share: undefined, isAtMost: true };
  if (parts.length === 0) return { share: 1, isAtMost: false };
  if (all === 0) return { share: undefined, isAtMost: false };
  const shares = parts.map(({ dimension, values }): Reach => {
    if (dimension === 'account')
      return sumOf(
        accounts.map(({ account, ...rest }) => ({ name: account, ...rest })),
        values,
      );
    if (dimension === 'route')
      return sumOf(
        routes.map(({ route, ...rest }) => ({ name: route, ...rest })),
        values,
      );
    return { share: undefined, isAtMost: true };
  });
  const known = shares.flatMap(({ share }) => share ?? []);
  if (known.length === 0) return { share: undefined, isAtMost: true };
  return { share: Math.min(...known), isAtMost: shares.length > 1 || shares.some(({ isAtMost }) => isAtMost) };

  function sumOf(
    top: readonly { readonly name: string; readonly count: number; readonly overcountAtMost: number }[],
    values: readonly string[],
  ): Reach {
    const found = top.filter(({ name }) => values.includes(name));
    const lost = values.length - found.length;
    // Of a list that is full, whoever is not in it called at most as often as the last.
    const least = top.length >= 50 ? (top.at(-1)?.count ?? 0) : 0;
    const count = found.reduce((sum, each) => sum + each.count, 0) + lost * least;
    return {
      share: Math.min(1, count / all),
      isAtMost: found.some(({ overcountAtMost }) => overcountAtMost > 0) || lost * least > 0,
    };
  }
}
