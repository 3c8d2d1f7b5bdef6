import { type ClientFeaturesResponse, type Context, InMemStorageProvider, startUnleash } from 'unleash-client';
import { rolloutShare, type ScenarioName, segmentKeys, targetedHalf, targetedKeys } from './scenarios.ts';
import type { Subject } from './subject.ts';

/**
 * unleash-client with bootstrapped data; its metrics are on. What has only true and false is asked with isEnabled, the
 * colours with getVariant.
 *
 * - On for everybody: strategy `default`, the cheapest; the gradual rollout that the dashboard adds by itself hashes.
 * - Targets: a strategy per variation with the constraint `userId IN (500 keys)`, and one without constraint; each has
 *   one variant. Constraints replace the old strategy `userWithId`, which splits a string at every evaluation.
 * - Rules: a strategy each, any of which may enable the flag; the clauses are its constraints.
 * - Rollout: `flexibleRollout` of 25 %, sticky by user.
 * - Segment: one whose constraint lists the 10,000 keys.
 * - Prerequisites: dependencies on three parents, which must be enabled.
 */
export async function start(url: string): Promise<Subject<Context>> {
  // What the server would send, as it would arrive.
  const { features, segments = [] } = JSON.parse(JSON.stringify(response)) as ClientFeaturesResponse;
  const unleash = await startUnleash({
    appName: 'bench',
    url,
    bootstrap: { data: features, segments },
    storageProvider: new InMemStorageProvider(),
  });
  return {
    kind: 'synchronous',
    ask: (key, context, defaultValue) =>
      typeof defaultValue === 'boolean'
        ? unleash.isEnabled(key, context, defaultValue)
        : unleash.getVariant(key, context).name,
    lacks: [],
    toContext: ({ key, ...properties }) => ({ userId: key, properties }),
    // Its metrics are a few counters, sent once a minute.
    flush: async () => undefined,
    close: async () => unleash.destroy(),
  };
}

const membersId = 1;

const strategies: Readonly<Record<ScenarioName, readonly unknown[]>> = {
  off: [strategy()],
  fallthrough: [strategy()],
  targets: [
    variantFor('red', constraint('userId', 'IN', targetedKeys.slice(0, targetedHalf))),
    variantFor('blue', constraint('userId', 'IN', targetedKeys.slice(targetedHalf))),
    variantFor('plain'),
  ],
  rules: [
    strategy(numberConstraint('seats', 'NUM_GT', 50), constraint('email', 'STR_ENDS_WITH', ['@staff.example'])),
    strategy(
      constraint('country', 'IN', ['de', 'fr', 'it', 'es', 'nl', 'se', 'dk']),
      constraint('email', 'STR_CONTAINS', ['+test']),
    ),
    strategy(constraint('plan', 'IN', ['free', 'pro']), constraint('email', 'STR_STARTS_WITH', ['admin'])),
    strategy(numberConstraint('seats', 'NUM_LT', 900), constraint('country', 'IN', ['is'])),
    strategy(constraint('country', 'IN', ['de', 'at', 'ch']), constraint('plan', 'IN', ['pro', 'enterprise'])),
  ],
  rollout: [
    {
      name: 'flexibleRollout',
      parameters: { rollout: String(rolloutShare * 100), stickiness: 'default', groupId: 'rollout' },
      constraints: [],
    },
  ],
  segment: [{ ...strategy(), segments: [membersId] }],
  prerequisites: [strategy()],
};

const parents = ['prerequisite-1', 'prerequisite-2', 'prerequisite-3'];

const response = {
  version: 2,
  features: [
    ...parents.map((name) => ({ name, enabled: true, strategies: [strategy()] })),
    ...Object.entries(strategies).map(([name, list]) => ({
      name,
      enabled: name !== 'off',
      strategies: list,
      ...(name === 'prerequisites' && { dependencies: parents.map((feature) => ({ feature })) }),
    })),
  ],
  segments: [{ id: membersId, constraints: [constraint('userId', 'IN', segmentKeys)] }],
};

function strategy(...constraints: readonly unknown[]): object {
  return { name: 'default', parameters: {}, constraints };
}

function variantFor(name: string, ...constraints: readonly unknown[]): object {
  return {
    ...strategy(...constraints),
    parameters: { groupId: 'targets' },
    variants: [{ name, weight: 1000, weightType: 'variable', stickiness: 'default' }],
  };
}

function constraint(contextName: string, operator: string, values: readonly string[]): object {
  return { contextName, operator, values, inverted: false, caseInsensitive: false };
}

function numberConstraint(contextName: string, operator: string, value: number): object {
  return { contextName, operator, value: String(value), values: [], inverted: false };
}
