import type { EnvironmentFlagView } from '@sluice/api-client';
import type { InstructionInput } from '@sluice/authoring';
import { type DefinitionDraft, draftOf, listDefinitionInstructions, withDefinition } from '../flag/definition-draft.ts';
import { type Configuration, configurationOf } from '../flag/draft.ts';
import { rebaseFields } from '../review/rebase.ts';
import { listConfigInstructions, rebaseValues } from './config-draft.ts';
import { listRulesInstructions, type Rules, type RulesDraft, rulesDraftOf, toRules } from './rules-draft.ts';

export type ConfigView = EnvironmentFlagView & { readonly config: Rules };

/** All that is edited of a config, whichever part of its page shows it. */
export interface ConfigEdits {
  readonly definition: DefinitionDraft;
  readonly rules: RulesDraft;
  readonly configuration: Configuration;
}

export function editsOf(config: ConfigView): ConfigEdits {
  return { definition: draftOf(config), rules: rulesDraftOf(config.config), configuration: configurationOf(config) };
}

/** What the values may be comes first: a new one may need it. */
export function listConfigEdits(from: ConfigView, to: ConfigEdits, confirm: boolean): readonly InstructionInput[] {
  return [
    ...listDefinitionInstructions(from, to.definition),
    ...listRulesInstructions(from.config, to.rules),
    ...listConfigInstructions(configurationOf(from), to.configuration, confirm),
  ];
}

/** The config as the edits have it. */
export function withEdits(config: ConfigView, { definition, rules, configuration }: ConfigEdits): ConfigView {
  const isSame = listRulesInstructions(config.config, rules).length === 0;
  return {
    ...config,
    ...withDefinition(config, definition),
    ...configuration,
    config: isSame ? config.config : toRules(rules),
  };
}

/** The edits on top of what somebody else left: what they do not touch is theirs. */
export function rebaseEdits(began: ConfigView, theirs: ConfigView, mine: ConfigEdits): ConfigEdits {
  const [from, to] = [editsOf(began), editsOf(theirs)];
  const rules = rebaseFields(from.rules, to.rules, mine.rules);
  return {
    definition: rebaseFields(from.definition, to.definition, mine.definition),
    rules,
    configuration: rebaseValues(
      { began: from.configuration, theirs: to.configuration, mine: mine.configuration },
      toRules(rules).dimensions,
    ),
  };
}
