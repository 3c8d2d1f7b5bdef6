import type { Clause, FlagState } from './configuration.ts';
import { rulesOf } from './edit-config.ts';
import type { Instruction, Step } from './instructions.ts';
import { type Problem, problem } from './problem.ts';
import { spellClauses } from './scope.ts';
import { describeValue } from './units.ts';
import { describeScope } from './words.ts';

/**
 * A number of a config that a change makes larger or smaller by more than the config allows at once, for everybody or
 * for whoever an override concerns, where nobody confirmed it. What was before the change is compared with what it
 * leaves behind: each of several steps may be small. The config allows what it did before as well as after the change.
 */
export function findLeap(
  before: FlagState | undefined,
  after: FlagState | undefined,
  steps: readonly Step[],
): Problem | undefined {
  if (before?.definition.kind !== 'config' || after?.definition.kind !== 'config') return undefined;
  const { unit, maxChangeFactor = Number.POSITIVE_INFINITY } = rulesOf(after.definition);
  const most = Math.min(maxChangeFactor, rulesOf(before.definition).maxChangeFactor ?? Number.POSITIVE_INFINITY);
  const [were, are] = [listScopes(before), listScopes(after)];
  for (const [scope, { clauses }] of [...were, ...are]) {
    const [was, is] = [valueIn(scope, were), valueIn(scope, are)];
    const factor = factorBetween(Number(was), Number(is));
    if (!(factor > most)) continue;
    const step = steps.findLast(({ instruction }) => concerns(instruction, scope, before));
    if (step === undefined || isConfirmed(step.instruction)) continue;
    const whom = clauses.length === 0 ? '' : ` for ${describeScope({ clauses })}`;
    const times = Number.isFinite(factor) ? `a factor of ${Number(factor.toPrecision(3))}` : 'from or to nothing';
    return problem(
      `${step.path}.${partOf(step.instruction)}`,
      `\`${after.definition.key}\` may change by a factor of at most ${most} at once, got ${describeValue(was, unit)} → ${describeValue(is, unit)}${whom}, ${times}; if that is what you mean, confirm it (confirm: true)`,
    );
  }
  return undefined;
}

/** How many times as large, or small; NaN where one is no number. */
function factorBetween(was: number, is: number): number {
  if (was === is) return 1;
  const ratio = is / was;
  return ratio <= 0 ? Number.POSITIVE_INFINITY : Math.max(ratio, 1 / ratio);
}

type Scopes = ReadonlyMap<string, { readonly clauses: readonly Clause[]; readonly value: string }>;

const everybody = spellClauses([]);

function listScopes({ configuration: { fallthrough, rules } }: FlagState): Scopes {
  return new Map(
    [{ clauses: [], ...fallthrough }, ...rules].map(({ clauses, variation = '' }) => [
      spellClauses(clauses),
      { clauses, value: variation },
    ]),
  );
}

/** Where there is no override, what everybody gets. */
function valueIn(scope: string, scopes: Scopes): string {
  return (scopes.get(scope) ?? scopes.get(everybody))?.value ?? '';
}

function concerns(instruction: Instruction, scope: string, { configuration }: FlagState): boolean {
  switch (instruction.kind) {
    case 'set-value':
      return scope === everybody;
    case 'set-override':
      return scope === spellClauses(instruction.when);
    case 'remove-override':
      return configuration.rules.some(({ id, clauses }) => id === instruction.id && spellClauses(clauses) === scope);
    default:
      return instruction.kind === 'copy-configuration' || instruction.kind === 'replace-configuration';
  }
}

/** A revert brings back what people know. */
function isConfirmed(instruction: Instruction): boolean {
  return instruction.kind === 'replace-configuration' || ('confirm' in instruction && instruction.confirm === true);
}

/** What says the value, or where it comes from. */
function partOf(instruction: Instruction): string {
  if ('value' in instruction) return 'value';
  return 'id' in instruction ? 'id' : 'from';
}
