import type { FlagDefinition, FlagKind } from './definition.ts';
import type { ConfigurationInstruction } from './instructions.ts';
import { listNames, type Problem, problem } from './problem.ts';

type InstructionKind = ConfigurationInstruction['kind'];

/** Which instructions about its configuration a flag of each kind follows. */
const follows: Readonly<Record<FlagKind, readonly InstructionKind[]>> = {
  release: [
    'turn-on',
    'turn-off',
    'set-fallthrough',
    'set-off-variation',
    'add-rule',
    'replace-rule',
    'remove-rule',
    'move-rule',
    'add-targets',
    'remove-targets',
    'add-prerequisite',
    'remove-prerequisite',
    'copy-configuration',
    'replace-configuration',
  ],
  valve: ['trip', 'restore', 'replace-configuration'],
  migration: ['set-stage', 'remove-cohort', 'replace-configuration'],
  config: ['set-value', 'set-override', 'remove-override', 'copy-configuration', 'replace-configuration'],
};

/** Reverts make these; people need not hear of them. */
const unspoken: ReadonlySet<InstructionKind> = new Set(['replace-configuration']);

export function findKindProblem(
  { key, kind }: FlagDefinition,
  instruction: InstructionKind,
  path: string,
): Problem | undefined {
  if (follows[kind].includes(instruction)) return undefined;
  const spoken = follows[kind].filter((name) => !unspoken.has(name));
  return problem(
    `${path}.kind`,
    `flag \`${key}\` is a ${kind} and follows ${listNames(spoken)}, got \`${instruction}\``,
  );
}
