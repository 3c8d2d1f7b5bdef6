export { createAttributeReader, parseAttributeReference } from './attribute-reference.ts';
export { createBucketer } from './bucket.ts';
export { type Defect, listFlagDefects, listSegmentDefects } from './check.ts';
export { type Cidr, cidrContains, cidrCovers, parseAddress, parseCidr } from './cidr.ts';
export type { CompiledFlag } from './compile-flag.ts';
export * from './context.ts';
export * from './detail.ts';
export { evaluate, flagNotFound } from './evaluate.ts';
export {
  type BigSegments,
  type BigSegmentsAnswer,
  createEvaluation,
  type EvaluatedFlag,
  type Evaluation,
  type Scope,
} from './evaluation.ts';
export type * from './flag.ts';
export { findOperandProblem, type OperatorName, operatorNames, ownOperators, type RegexCompiler } from './operators.ts';
export { listFlagReferences, listSegmentReferences, type Reference } from './references.ts';
export { Ruleset, type RulesetOptions } from './ruleset.ts';
export * from './stages.ts';
