export { isStage, type Stage, stages } from '@sluice/engine';
export { type Applied, apply } from './apply.ts';
export { compileFlag, compileSegment, listOwnOperators, ownContextKind, ownOperatorsAttribute } from './compile.ts';
export {
  type ConfigRules,
  configRulesSchema,
  describeLayer,
  type JsonSchema,
  type SchemaChecker,
  sortByLayer,
  splitDimension,
} from './config.ts';
export type * from './configuration.ts';
export type { DefinitionInput, FlagDefinition, FlagKind, JsonValue, Variation } from './definition.ts';
export { definitionFields, definitionInput, flagKinds } from './definition.ts';
export { describeCount, describeLack } from './describe-lack.ts';
export {
  describeState,
  type StatePart,
  type StateSentence,
  type StateWord,
  spellBehaviour,
  stateWords,
} from './describe-state.ts';
export { describeDifference, type Effect } from './diff.ts';
export { describeStages } from './diff-stages.ts';
export { tripExpiry } from './edit-valve.ts';
export {
  type Evaluated,
  evaluationsKeptMs,
  type FlagFilter,
  type FlagSearch,
  flagFilterNames,
  killSwitch,
  parseFlagFilter,
  parseFlagSearch,
} from './flag-search.ts';
export * from './instructions.ts';
export { findJsonLoss } from './json-loss.ts';
export { keyPattern, keySchema } from './key.ts';
export { isMadeKey } from './made-segments.ts';
export {
  describeAuthority,
  listStagesBetween,
  listStagesInForce,
  recordKind,
  weightOfStage,
  withoutRecordId,
} from './migration.ts';
export {
  type Advance,
  advanceStages,
  describeShares,
  findNextStage,
  listReturns,
  type StageMove,
} from './move-stages.ts';
export { findNearestWord } from './nearest-word.ts';
export { type Lookup, listFlagReferences, listSegmentReferences, type ObjectId, sameObject } from './objects.ts';
export {
  describePlace,
  findRole,
  type Grant,
  grantSchema,
  grantsSchema,
  hasRole,
  mayDo,
  maySee,
  type PolicyPlace,
  type Role,
  roleFor,
  roleForRevert,
  roleForRevertSince,
  roles,
  type Served,
} from './policy.ts';
export { isProblem, listNames, type Problem, problem } from './problem.ts';
export { listRevertInstructions, type Reversal } from './revert.ts';
export type { SegmentMembers, SegmentRule, SegmentState } from './segment.ts';
export { fullWeight } from './serve.ts';
export { describeValue, parseQuantity, type Unit, units } from './units.ts';
export { listVariations } from './variations.ts';
export { describeClauses, describeRule, describeScope, describeServe, describeWeight } from './words.ts';
