import type { EvaluationContext } from '@openfeature/core';
import { FlagdCore } from '@openfeature/flagd-core';
import { rolloutShare, type ScenarioName, segmentKeys, targetedHalf, targetedKeys } from './scenarios.ts';
import type { Subject } from './subject.ts';

/**
 * flagd's evaluation in process, without the OpenFeature client around it, which would add to every evaluation. It
 * counts and reports nothing.
 *
 * - Off: a default variant and no targeting. State DISABLED would serve the caller's default value and not one of the
 *   flag's, without looking at the flag any further.
 * - Targets, rules and segment: JsonLogic, which is compiled when the flags are set; the segment is an `$evaluators`
 *   entry that flags refer to.
 * - Rollout: `fractional` by key, 25 to 75.
 * - Prerequisites: there is no such concept.
 */
export async function start(): Promise<Subject<EvaluationContext>> {
  const core = new FlagdCore();
  core.setConfigurations(JSON.stringify({ flags, $evaluators: { members: { in: [key, segmentKeys] } } }));
  return {
    kind: 'synchronous',
    ask: (flagKey, context, defaultValue) =>
      typeof defaultValue === 'boolean'
        ? core.resolveBooleanEvaluation(flagKey, defaultValue, context).value
        : core.resolveStringEvaluation(flagKey, defaultValue, context).value,
    lacks: ['prerequisites'],
    toContext: ({ key: targetingKey, ...attributes }) => ({ targetingKey, ...attributes }),
    flush: async () => undefined,
    close: async () => undefined,
  };
}

const key = { var: 'targetingKey' };
const seats = { var: 'seats' };
const email = { var: 'email' };
const country = { var: 'country' };
const plan = { var: 'plan' };

const flags: Readonly<Record<Exclude<ScenarioName, 'prerequisites'>, object>> = {
  off: boolean('off'),
  fallthrough: boolean('on'),
  targets: {
    state: 'ENABLED',
    variants: { red: 'red', blue: 'blue', plain: 'plain' },
    defaultVariant: 'plain',
    targeting: {
      if: [
        { in: [key, targetedKeys.slice(0, targetedHalf)] },
        'red',
        { in: [key, targetedKeys.slice(targetedHalf)] },
        'blue',
      ],
    },
  },
  rules: boolean('off', {
    if: [
      { and: [{ '>': [seats, 50] }, { ends_with: [email, '@staff.example'] }] },
      'on',
      { and: [{ in: [country, ['de', 'fr', 'it', 'es', 'nl', 'se', 'dk']] }, { in: ['+test', email] }] },
      'on',
      { and: [{ in: [plan, ['free', 'pro']] }, { starts_with: [email, 'admin'] }] },
      'on',
      { and: [{ '<': [seats, 900] }, { '===': [country, 'is'] }] },
      'on',
      { and: [{ in: [country, ['de', 'at', 'ch']] }, { in: [plan, ['pro', 'enterprise']] }] },
      'on',
    ],
  }),
  rollout: boolean('off', {
    fractional: [
      ['on', rolloutShare * 100],
      ['off', (1 - rolloutShare) * 100],
    ],
  }),
  segment: boolean('off', { if: [{ $ref: 'members' }, 'on'] }),
};

function boolean(defaultVariant: 'on' | 'off', targeting: object = {}): object {
  return { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant, targeting };
}
