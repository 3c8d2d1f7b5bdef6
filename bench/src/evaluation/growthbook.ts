import { type FeatureApiResponse, GrowthBookClient, type UserContext } from '@growthbook/growthbook';
import { throughJson } from './people.ts';
import { rolloutShare, type ScenarioName, segmentKeys, targetedHalf, targetedKeys } from './scenarios.ts';
import type { Subject } from './subject.ts';

/**
 * GrowthBook's client for servers with the payload that its server would make (getFeatureDefinition in its
 * packages/back-end/src/util/features.ts). It counts and reports nothing by itself, and here nothing is added.
 *
 * - Off: a default value and no rules. A feature that is off in the environment would not be in the payload at all, and
 *   callers would get their own default value, after about the same time.
 * - Targets: two forced values with `id $in (500 keys)`, and a default value.
 * - Rules: forced values, whose condition holds the clauses; beginnings, ends and parts are regular expressions.
 * - Rollout: a forced value with coverage 0.25 by `id`.
 * - Segment: a saved group of ids, referred to with `$inGroup`.
 * - Prerequisites: a gate each, before the default value.
 */
export async function start(): Promise<Subject<UserContext>> {
  const client = new GrowthBookClient().initSync({ payload: throughJson(payload) });
  return {
    kind: 'synchronous',
    ask: (key, context, defaultValue) => client.getFeatureValue(key, defaultValue, context),
    lacks: [],
    toContext: ({ key, ...attributes }) => ({ attributes: { id: key, ...attributes } }),
    flush: async () => undefined,
    close: async () => client.destroy(),
  };
}

type Feature = NonNullable<FeatureApiResponse['features']>[string];
type Rule = NonNullable<Feature['rules']>[number];

const parents = ['prerequisite-1', 'prerequisite-2', 'prerequisite-3'];

const features: Readonly<Record<ScenarioName, Feature>> = {
  off: { defaultValue: false },
  fallthrough: { defaultValue: true },
  targets: {
    defaultValue: 'plain',
    rules: [
      { condition: { id: { $in: targetedKeys.slice(0, targetedHalf) } }, force: 'red' },
      { condition: { id: { $in: targetedKeys.slice(targetedHalf) } }, force: 'blue' },
    ],
  },
  rules: {
    defaultValue: false,
    rules: [
      on({ seats: { $gt: 50 }, email: { $regex: '@staff\\.example$' } }),
      on({ country: { $in: ['de', 'fr', 'it', 'es', 'nl', 'se', 'dk'] }, email: { $regex: '\\+test' } }),
      on({ plan: { $in: ['free', 'pro'] }, email: { $regex: '^admin' } }),
      on({ seats: { $lt: 900 }, country: 'is' }),
      on({ country: { $in: ['de', 'at', 'ch'] }, plan: { $in: ['pro', 'enterprise'] } }),
    ],
  },
  rollout: { defaultValue: false, rules: [{ force: true, coverage: rolloutShare, hashAttribute: 'id' }] },
  segment: { defaultValue: false, rules: [on({ id: { $inGroup: 'members' } })] },
  prerequisites: {
    defaultValue: true,
    rules: parents.map((id) => ({ parentConditions: [{ id, condition: { value: true }, gate: true }] })),
  },
};

const payload: FeatureApiResponse = {
  features: { ...features, ...Object.fromEntries(parents.map((id) => [id, { defaultValue: true }])) },
  savedGroups: { members: [...segmentKeys] },
};

function on(condition: NonNullable<Rule['condition']>): Rule {
  return { condition, force: true };
}
