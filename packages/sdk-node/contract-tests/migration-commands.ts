import { otherSide, type Side, type Stage, stagePlans, stages } from '@sluice/engine';
import { aBoolean, anything, aString, objectOf, optional, type Shape } from '@sluice/protocol';
import type { Client, GivenContext, TrackedOperation } from '../src/index.ts';

interface MigrationVariation {
  readonly key: string;
  readonly context: GivenContext;
  readonly defaultStage: Stage;
}

interface MigrationOperation extends MigrationVariation {
  readonly operation: 'read' | 'write';
  readonly readExecutionOrder: 'serial' | 'random' | 'concurrent';
  readonly oldEndpoint: string;
  readonly newEndpoint: string;
  readonly payload?: string | null;
  readonly trackLatency?: boolean | null;
  readonly trackErrors?: boolean | null;
  readonly trackConsistency?: boolean | null;
}

const aStage = oneOf(stages);

export const migrationVariationShape = objectOf({ key: aString, context: objectOf({}), defaultStage: aStage });

export const migrationOperationShape = objectOf({
  key: aString,
  context: objectOf({}),
  defaultStage: aStage,
  operation: oneOf(['read', 'write']),
  readExecutionOrder: oneOf(['serial', 'random', 'concurrent']),
  oldEndpoint: aString,
  newEndpoint: aString,
  payload: optional(anything),
  trackLatency: optional(aBoolean),
  trackErrors: optional(aBoolean),
  trackConsistency: optional(aBoolean),
});

export function findStage(client: Client, { key, context, defaultStage }: MigrationVariation): { result: Stage } {
  return { result: client.migrationStage(key, context, defaultStage).stage };
}

interface Outcome {
  readonly hasFailed: boolean;
  /** The body of the answer, or what went wrong. */
  readonly text: string;
}

/**
 * Reads or writes as LaunchDarkly's helper does: an answer waits for both sides, as ours never does. So `migration()` is
 * not what the harness looks at, but the stages and the events below it.
 */
export async function operate(client: Client, parameters: MigrationOperation): Promise<{ result: string }> {
  const { key, context, defaultStage, operation } = parameters;
  const tracked = client.migrationStage(key, context, defaultStage);
  const of = tracked.begin(operation);
  const outcome = await (operation === 'read' ? read : write)(tracked.stage, of, parameters);
  of.end();
  return { result: outcome.text };
}

async function read(stage: Stage, of: TrackedOperation, parameters: MigrationOperation): Promise<Outcome> {
  const { authority, compares } = stagePlans[stage];
  if (!compares) return ask(authority, of, parameters);
  const both = await readBoth(of, parameters);
  if (parameters.trackConsistency === true && !both.old.hasFailed && !both.new.hasFailed)
    of.compared(() => both.old.text === both.new.text);
  return both[authority];
}

async function readBoth(
  of: TrackedOperation,
  parameters: MigrationOperation,
): Promise<Readonly<Record<Side, Outcome>>> {
  const { readExecutionOrder: order } = parameters;
  const first: Side = order === 'random' && Math.random() < 0.5 ? 'new' : 'old';
  const asked = ask(first, of, parameters);
  if (order !== 'concurrent') await asked;
  const [one, another] = await Promise.all([asked, ask(otherSide(first), of, parameters)]);
  return first === 'old' ? { old: one, new: another } : { old: another, new: one };
}

async function write(stage: Stage, of: TrackedOperation, parameters: MigrationOperation): Promise<Outcome> {
  const { authority, writesBoth } = stagePlans[stage];
  const outcome = await ask(authority, of, parameters);
  if (writesBoth && !outcome.hasFailed) await ask(otherSide(authority), of, parameters);
  return outcome;
}

async function ask(side: Side, of: TrackedOperation, parameters: MigrationOperation): Promise<Outcome> {
  const { oldEndpoint, newEndpoint, payload, trackLatency, trackErrors } = parameters;
  const startedAt = performance.now();
  const outcome = await post(side === 'old' ? oldEndpoint : newEndpoint, payload ?? '');
  of.asked(side, {
    ...(trackLatency === true && { latencyMs: performance.now() - startedAt }),
    hasFailed: trackErrors === true && outcome.hasFailed,
  });
  return outcome;
}

async function post(url: string, body: string): Promise<Outcome> {
  try {
    const response = await fetch(url, { method: 'POST', body });
    const text = await response.text();
    return response.ok ? { hasFailed: false, text } : { hasFailed: true, text: `${response.status}: ${text}` };
  } catch (error) {
    return { hasFailed: true, text: String(error) };
  }
}

function oneOf(allowed: readonly string[]): Shape {
  return (value, path) =>
    allowed.includes(value as string)
      ? undefined
      : { path, expected: `one of ${allowed.join(', ')}`, found: String(value) };
}
