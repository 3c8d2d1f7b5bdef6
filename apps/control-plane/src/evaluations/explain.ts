import type { ExplanationView } from '@sluice/api-client';
import {
  describeClauses,
  describeLayer,
  describeRule,
  describeServe,
  describeStages,
  type FlagState,
  listVariations,
  ownContextKind,
  ownOperatorsAttribute,
  recordKind,
  withoutRecordId,
} from '@sluice/authoring';
import type { Channel } from '@sluice/delivery';
import {
  type Context,
  createEvaluation,
  type Detail,
  evaluate,
  findContextProblem,
  fromLegacyUser,
  type LegacyUser,
  ownOperators,
  type Ruleset,
} from '@sluice/engine';
import type { EnvironmentRow, Reads } from '../database/schema.ts';
import { notFound, ServerError } from '../errors.ts';
import { getFlag } from '../flags/flag-queries.ts';
import { toTripView } from '../valves/trip-view.ts';
import { createLines } from './lines.ts';
import { createRulesetOf } from './ruleset-of.ts';

/** Our own SDKs supply this context, so rules with our own operators are explained as they decide there. */
export const ownContext: Context = { kind: ownContextKind, key: 'explain', [ownOperatorsAttribute]: [...ownOperators] };

/** Evaluates a flag as SDKs do, with what SDKs get, and says what decided. */
export async function explainEvaluation(
  reads: Reads,
  environment: EnvironmentRow,
  channel: Channel,
  request: { readonly flag: string; readonly context: Readonly<Record<string, unknown>>; readonly now: number },
): Promise<ExplanationView> {
  const context = parseContext(request.context);
  const stored = await getFlag(reads, environment, request.flag);
  const ruleset = createRulesetOf([request.flag], ({ kind, key }) => channel.log.find(kind, key)?.json);
  const detail = decide(ruleset, request.flag, context);
  if (detail === undefined) throw notFound('flag in use with the key', request.flag);
  const trip = findTrip(stored, detail, request.now);
  const variationId = detail.variation === undefined ? undefined : listVariations(stored)[detail.variation]?.id;
  return {
    flag: request.flag,
    value: detail.value ?? null,
    ...(detail.variation !== undefined && { variation: detail.variation }),
    ...(variationId !== undefined && { variationId }),
    reason: detail.reason,
    line: createLines(stored).find(detail, context),
    because: describeReason(stored, detail, trip),
    ...(trip !== undefined && { trip }),
    ...(stored.definition.kind === 'config' && { layers: listLayers(ruleset, stored, context) }),
  };
}

function decide(ruleset: Ruleset<undefined>, flag: string, context: Context): Detail | undefined {
  const compiled = ruleset.findCompiled(flag);
  return compiled && evaluate(compiled, createEvaluation({ context, ambient: [ownContext] })).detail;
}

/** Asks again without the override that won, until none is left that matches. */
function listLayers(
  ruleset: Ruleset<undefined>,
  { definition: { key }, configuration }: FlagState,
  context: Context,
): NonNullable<ExplanationView['layers']> {
  const layers: NonNullable<ExplanationView['layers']>[number][] = [];
  for (;;) {
    const flag = ruleset.findFlag(key);
    const detail = decide(ruleset, key, context);
    if (flag === undefined || detail?.reason.kind !== 'RULE_MATCH') {
      return [...layers, { layer: 'default', value: detail?.value ?? null }];
    }
    const { ruleId, ruleIndex } = detail.reason;
    const override = configuration.rules.find(({ id }) => id === ruleId);
    if (override !== undefined) {
      const { id, name } = override;
      layers.push({
        layer: describeLayer(override),
        override: id,
        ...(name !== undefined && { name }),
        value: detail.value ?? null,
      });
    }
    ruleset.setFlag({ ...flag, rules: flag.rules?.slice(ruleIndex + 1) ?? [] });
  }
}

function parseContext(given: Readonly<Record<string, unknown>>): Context {
  // Users of the old model were checked by the route's schema; the rest is checked right here.
  const context = given.kind === undefined ? fromLegacyUser(given as unknown as LegacyUser) : (given as Context);
  const problem = context === undefined ? 'a context needs a key' : findContextProblem(context);
  if (context !== undefined && problem === undefined) return context;
  throw new ServerError('invalid-request', `context: ${problem}`, {
    faults: [{ path: 'context', message: problem ?? 'not a context' }],
  });
}

/** The trip that decided, as it is shown. */
function findTrip({ configuration }: FlagState, { reason }: Detail, now: number): ExplanationView['trip'] {
  if (reason.kind !== 'RULE_MATCH') return undefined;
  const trip = configuration.rules.find(({ id }) => id === reason.ruleId)?.trip;
  return trip && toTripView(trip, now);
}

function describeReason(flag: FlagState, { reason, variation }: Detail, trip: ExplanationView['trip']): string {
  const { configuration } = flag;
  const served = variation === undefined ? 'the default value' : `\`${listVariations(flag)[variation]?.id}\``;
  switch (reason.kind) {
    case 'OFF':
      return `the flag is off: everybody gets ${served}`;
    case 'TARGET_MATCH':
      return `the context is a target of ${served}`;
    case 'RULE_MATCH': {
      if (reason.ruleId === withoutRecordId)
        return `the context names no \`${recordKind}\`, so it is in the earliest stage that is in force: ${served}`;
      const rule = configuration.rules.find(({ id }) => id === reason.ruleId);
      if (rule === undefined) return `rule ${reason.ruleIndex + 1} matches: ${served}`;
      if (trip !== undefined)
        return `rule ${reason.ruleIndex + 1} (\`${rule.id}\`) matches: ${describeRule({ ...rule, trip })}`;
      if (flag.definition.kind === 'config')
        return `override \`${rule.id}\` matches (layer ${describeLayer(rule)}), ${describeClauses(rule.clauses)}: ${served}`;
      if (flag.definition.kind === 'migration')
        return `cohort \`${rule.id}\` matches, ${describeClauses(rule.clauses)}: ${describeStages(rule)}`;
      return `rule ${reason.ruleIndex + 1} (\`${rule.id}\`) matches, ${describeClauses(rule.clauses)}: serves ${describeServe(rule)}`;
    }
    case 'FALLTHROUGH': {
      if (flag.definition.kind === 'migration')
        return `${configuration.rules.length === 0 ? '' : 'no cohort matches: '}${describeStages(configuration.fallthrough)}`;
      const none = configuration.rules.length === 0 ? '' : 'no rule matches: ';
      return `${none}by default the flag serves ${describeServe(configuration.fallthrough)}`;
    }
    case 'PREREQUISITE_FAILED':
      return `flag \`${reason.prerequisiteKey}\` does not serve what this flag requires: ${served}`;
    case 'ERROR':
      return `the flag cannot be evaluated for this context (${reason.errorKind}): the caller's default value is served`;
    default:
      return reason satisfies never;
  }
}
