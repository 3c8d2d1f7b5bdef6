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
