import { type Cidr, cidrCovers, parseCidr } from '@sluice/engine';
import type { Clause } from './configuration.ts';

/** The same clause is spelt the same, whatever was left out and in whichever order its values stand. */
export function spellClause({ contextKind = 'user', attribute = 'key', op, values, negate = false }: Clause): string {
  return JSON.stringify([contextKind, attribute, op, [...values].sort(), negate]);
}

export function spellClauses(clauses: readonly Clause[]): string {
  return JSON.stringify(clauses.map(spellClause).sort());
}

/** Whether two rules ask the same. */
export function haveSameClauses(
  a: { readonly clauses: readonly Clause[] },
  b: { readonly clauses: readonly Clause[] },
): boolean {
  return spellClauses(a.clauses) === spellClauses(b.clauses);
}

/** Whether whoever matches `narrow` certainly matches `wide`: true only where single clauses say so. */
export function covers(wide: readonly Clause[], narrow: readonly Clause[]): boolean {
  return wide.every((one) => narrow.some((other) => coversClause(one, other)));
}

/**
 * Whether a context may match both; false only where they ask the same attribute for values that have none in common,
 * and it has one value: any other may be a list that has one of each.
 */
export function mayMeet(a: readonly Clause[], b: readonly Clause[]): boolean {
  return !a.some((one) => b.some((other) => excludeEachOther(one, other)));
}

/** One of a clause's values is enough, and one is too much where it is negated. */
function coversClause(wide: Clause, narrow: Clause): boolean {
  if (!askTheSame(wide, narrow) || isNegated(wide) !== isNegated(narrow)) return false;
  const [many, few] = isNegated(wide) ? [narrow.values, wide.values] : [wide.values, narrow.values];
  const same = new Set(many);
  if (few.every((value) => same.has(value))) return true;
  if (wide.op !== 'cidr' || isLong(wide) || isLong(narrow)) return false;
  const blocks = parseBlocks(many);
  return parseBlocks(few).every((inner) => blocks.some((block) => cidrCovers(block, inner)));
}

function excludeEachOther(a: Clause, b: Clause): boolean {
  if (!askTheSame(a, b) || isNegated(a) || isNegated(b) || !hasOneValue(a)) return false;
  if (a.op === 'in') {
    const others = new Set(b.values);
    return !a.values.some((value) => others.has(value));
  }
  if (a.op !== 'cidr' || isLong(a) || isLong(b)) return false;
  const blocks = parseBlocks(b.values);
  return !parseBlocks(a.values).some((one) => blocks.some((other) => cidrCovers(one, other) || cidrCovers(other, one)));
}

function askTheSame(a: Clause, b: Clause): boolean {
  const lookAt = ({ contextKind = 'user', attribute = 'key', op }: Clause) =>
    JSON.stringify([contextKind, attribute, op]);
  return lookAt(a) === lookAt(b);
}

/** A key, and what our SDKs tell of requests and instances. */
function hasOneValue({ contextKind = 'user', attribute = 'key' }: Clause): boolean {
  return attribute === 'key' || contextKind === 'request' || contextKind === 'instance';
}

function isNegated({ negate = false }: Clause): boolean {
  return negate;
}

/** Each network is compared with each: beyond so many nothing is said of them. */
function isLong({ values }: Clause): boolean {
  return values.length > 1000;
}

function parseBlocks(values: Clause['values']): readonly Cidr[] {
  return values.flatMap((value) => parseCidr(value) ?? []);
}
