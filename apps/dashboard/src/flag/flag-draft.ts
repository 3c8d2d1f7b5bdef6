import type { EnvironmentFlagView } from '@sluice/api-client';
import type { InstructionInput } from '@sluice/authoring';
import {
  type DefinitionDraft,
  draftOf,
  findDraftFault,
  listDefinitionInstructions,
  withDefinition,
} from './definition-draft.ts';
import { type Configuration, configurationOf } from './draft.ts';
import { listInstructions } from './list-instructions.ts';

/** All that is edited of a flag, whichever part of its page shows it. */
export interface FlagDraft {
  readonly definition: DefinitionDraft;
  readonly configuration: Configuration;
}

export function flagDraftOf(flag: EnvironmentFlagView): FlagDraft {
  return { definition: draftOf(flag), configuration: configurationOf(flag) };
}

/** What it is comes first: what it does may serve a variation that is new. */
export function listEdits(flag: EnvironmentFlagView, draft: FlagDraft): readonly InstructionInput[] {
  return [
    ...listDefinitionInstructions(flag, draft.definition),
    ...listInstructions(configurationOf(flag), draft.configuration),
  ];
}

/** The flag as the draft has it. */
export function withDraft(flag: EnvironmentFlagView, { definition, configuration }: FlagDraft): EnvironmentFlagView {
  return { ...flag, ...withDefinition(flag, definition), ...configuration };
}

/** What is not whole yet, and so cannot be applied. */
export function findFault({ definition, configuration }: FlagDraft): string | undefined {
  const { rules, targets, prerequisites } = configuration;
  const rule = rules.findIndex(({ clauses }) => clauses.some(({ values }) => values.length === 0));
  if (rule !== -1) return `Rule ${rule + 1} has a condition without a value`;
  const target = targets.find(({ keys }) => keys.length === 0);
  if (target !== undefined) return `The targets of ${target.variation} have no key yet`;
  if (prerequisites.some(({ flag, variation }) => flag === '' || variation === '')) {
    return 'A prerequisite has no flag, or no variation';
  }
  return findDraftFault(definition);
}
