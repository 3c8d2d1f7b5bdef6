import type { Clause, Rule, Serve, Trip } from './configuration.ts';
import type { SegmentRule } from './segment.ts';
import { fullWeight } from './serve.ts';

/** Sentences about rules, for people. */

const operatorWords: Readonly<Record<string, readonly [plain: string, negated: string]>> = {
  in: ['is', 'is not'],
  startsWith: ['starts with', 'does not start with'],
  endsWith: ['ends with', 'does not end with'],
  contains: ['contains', 'does not contain'],
  matches: ['matches', 'does not match'],
  lessThan: ['is less than', 'is not less than'],
  lessThanOrEqual: ['is at most', 'is not at most'],
  greaterThan: ['is greater than', 'is not greater than'],
  greaterThanOrEqual: ['is at least', 'is not at least'],
  before: ['is before', 'is not before'],
  after: ['is after', 'is not after'],
  semVerEqual: ['is version', 'is not version'],
  semVerLessThan: ['is older than version', 'is not older than version'],
  semVerGreaterThan: ['is newer than version', 'is not newer than version'],
  cidr: ['is in the network', 'is not in the network'],
  glob: ['is like', 'is not like'],
};

/** At most this many values are named; the rest is counted. */
const valuesNamed = 5;

export function describeClause({
  contextKind = 'user',
  attribute = 'key',
  op,
  values,
  negate = false,
}: Clause): string {
  const listed = values.slice(0, valuesNamed).map((value) => JSON.stringify(value));
  if (values.length > valuesNamed) listed.push(`${values.length - valuesNamed} more`);
  const last = listed.pop() ?? 'nothing';
  const named = listed.length === 0 ? last : `${listed.join(', ')} or ${last}`;
  if (op === 'segmentMatch') return `is ${negate ? 'not ' : ''}in segment ${named}`;
  const [plain, negated] = operatorWords[op] ?? [op, `not ${op}`];
  return `${contextKind} ${attribute} ${negate ? negated : plain} ${named}`;
}

export function describeClauses(clauses: readonly Clause[]): string {
  return clauses.length === 0 ? 'always' : `if ${clauses.map(describeClause).join(' and ')}`;
}

/** A trip is said to be overdue where it says so of itself, as it does in what is shown. */
export function describeRule(rule: Rule & { readonly trip?: ShownTrip | undefined }): string {
  return rule.trip === undefined
    ? `${describeClauses(rule.clauses)}: ${describeServe(rule)}`
    : describeTrip(rule, rule.trip);
}

type ShownTrip = Trip & { readonly overdue?: boolean };

/** Whom a rule of a valve concerns: `everyone`, `everyone where account key is "42"`, `10% of accounts`. */
export function describeScope({ clauses, trip }: Pick<Rule, 'clauses' | 'trip'>): string {
  const share = trip?.share;
  const who = share === undefined ? 'everyone' : `${describeWeight(share.weight)} of ${plural(share.contextKind)}`;
  return clauses.length === 0 ? who : `${who} where ${clauses.map(describeClause).join(' and ')}`;
}

function describeTrip(rule: Rule, { reason, incident, expiresAt, exempt, overdue }: ShownTrip): string {
  const kept = exempt === true ? ', whatever else is tripped,' : '';
  const about = incident === undefined ? reason : `${reason} (${incident})`;
  return `${describeServe(rule)} for ${describeScope(rule)}${kept} until ${describeMinute(expiresAt)}${overdue === true ? ', overdue' : ''}: ${about}`;
}

/** `2026-11-26 18:05 UTC`. */
function describeMinute(at: number): string {
  return `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

export function describeSegmentRule({ clauses, weight, contextKind = 'user' }: SegmentRule): string {
  return weight === undefined
    ? describeClauses(clauses)
    : `${describeClauses(clauses)}, ${describeWeight(weight)} of ${plural(contextKind)}`;
}

/** `` `on` ``, or `` 25% `on`, 75% `off` of users ``. */
export function describeServe(serve: Serve): string {
  if (serve.rollout === undefined) return `\`${serve.variation}\``;
  const { variations, contextKind = 'user', bucketBy } = serve.rollout;
  const shares = variations.map(({ variation, weight }) => `${describeWeight(weight)} \`${variation}\``);
  const by = bucketBy === undefined || bucketBy === 'key' ? '' : ` by ${bucketBy}`;
  return `${shares.join(', ')} of ${plural(contextKind)}${by}`;
}

/** `25%`, `0.1%`: weights are thousandths of a percent. */
export function describeWeight(weight: number): string {
  return `${weight / (fullWeight / 100)}%`;
}

export function plural(contextKind: string): string {
  return `${contextKind}s`;
}
