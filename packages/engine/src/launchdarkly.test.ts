import { conformanceFolder, type LaunchDarklyEvaluation, readLaunchDarklySuites } from '@sluice/testkit';
import { describe, expect, test } from 'vitest';
import {
  type Context,
  createEvaluation,
  evaluate,
  findContextProblem,
  flagNotFound,
  fromLegacyUser,
  Ruleset,
} from './index.ts';

const suites = conformanceFolder === undefined ? [] : readLaunchDarklySuites(conformanceFolder);
if (conformanceFolder === undefined) {
  console.warn("not run: LaunchDarkly's test data is not here; set SLUICE_CONFORMANCE_DIR to its folder");
}

describe.skipIf(conformanceFolder === undefined)("LaunchDarkly's own test data", () => {
  test('expands to 728 evaluations', () => {
    expect(suites).toHaveLength(728);
  });

  test.each(suites.map((suite) => [suite.name, suite] as const))('%s', (_, suite) => {
    expect(evaluateSuite(suite)).toEqual(suite.expect);
  });
});

function evaluateSuite({
  flags,
  segments,
  flagKey,
  context,
  defaultValue,
  valueType,
}: LaunchDarklyEvaluation): unknown {
  const ruleset = new Ruleset({
    regex: (pattern) => (text) => new RegExp(pattern).test(text),
    createTally: () => undefined,
  });
  for (const flag of flags) ruleset.setFlag(flag);
  for (const segment of segments) ruleset.setSegment(segment);
  const compiled = ruleset.findCompiled(flagKey);
  const normal = 'kind' in context ? context : fromLegacyUser(context as never);
  const problem = findContextProblem(normal);
  if (problem !== undefined && 'kind' in context) {
    return { value: defaultValue, reason: { kind: 'ERROR', errorKind: 'USER_NOT_SPECIFIED' } };
  }
  const { value, variation, reason } =
    compiled === undefined ? flagNotFound : evaluate(compiled, createEvaluation({ context: normal as Context })).detail;
  const served = variation === undefined ? defaultValue : value;
  const types = { bool: 'boolean', int: 'number', double: 'number', string: 'string', any: typeof served };
  if (typeof served !== types[valueType]) {
    return { value: defaultValue, reason: { kind: 'ERROR', errorKind: 'WRONG_TYPE' } };
  }
  return { value: served, ...(variation !== undefined && { variationIndex: variation }), reason };
}
