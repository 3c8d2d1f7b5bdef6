import type { EnvironmentFlagView } from '@sluice/api-client';
import { type Clause, describeScope, describeWeight } from '@sluice/authoring';
import { describePlace } from './connection.ts';
import { formatAgo, formatRoughSpan } from './span.ts';
import { formatFields, formatTable, formatTime } from './table.ts';

type RuleView = EnvironmentFlagView['rules'][number];
type TripView = NonNullable<RuleView['trip']>;

/** A rule of a valve. */
interface ValveRule {
  readonly id: string;
  readonly mode: string;
  readonly clauses: readonly Clause[];
  readonly trip: TripView;
}

/** In the order in which they win. */
export function listValveRules({ rules }: EnvironmentFlagView): readonly ValveRule[] {
  return rules.flatMap((rule) =>
    'variation' in rule && rule.trip !== undefined
      ? [{ id: rule.id, mode: rule.variation, clauses: rule.clauses, trip: rule.trip }]
      : [],
  );
}

/** Whether somebody may get another mode than the normal one. */
function isTripped(valve: EnvironmentFlagView): boolean {
  return listValveRules(valve).some(({ mode }) => mode !== normalModeOf(valve));
}

function normalModeOf({ offVariation }: EnvironmentFlagView): string {
  return offVariation;
}

/** Since when something should have been restored; undefined: nothing should. */
function findOverdueSince(valve: EnvironmentFlagView): number | undefined {
  const times = listValveRules(valve).flatMap(({ trip }) => (trip.overdue ? [trip.expiresAt] : []));
  return times.length === 0 ? undefined : Math.min(...times);
}

/** Whether somebody has to think of it: it is tripped, or a rule of it is overdue. */
export function isEngaged(valve: EnvironmentFlagView): boolean {
  return isTripped(valve) || findOverdueSince(valve) !== undefined;
}

/** First what is overdue, for longest first, then what is tripped, then the rest. */
export function sortByUrgency(valves: readonly EnvironmentFlagView[]): readonly EnvironmentFlagView[] {
  const placeOf = (valve: EnvironmentFlagView): number =>
    findOverdueSince(valve) ?? Number.MAX_SAFE_INTEGER - (isTripped(valve) ? 1 : 0);
  return valves.toSorted((a, b) => placeOf(a) - placeOf(b) || (a.key < b.key ? -1 : 1));
}

/** `normal`, `tripped`, `overdue 2 h`, `archived`. */
export function describeValveState(valve: EnvironmentFlagView, now: number): string {
  if (valve.archived) return 'archived';
  const since = findOverdueSince(valve);
  if (since !== undefined) return describeOverdue(since, now);
  return isTripped(valve) ? 'tripped' : 'normal';
}

/** `normal`, or who gets which mode: `off-404 for account 42, else normal`. */
export function describeValve(valve: EnvironmentFlagView): string {
  const rules = listValveRules(valve);
  const said = rules.map(describeMode);
  return rules.some(isForEveryone) ? said.join(', ') : [...said, normalModeOf(valve)].join(', else ');
}

/** A line for every rule, and for every valve without one. */
export function formatValves(valves: readonly EnvironmentFlagView[], now: number, width: number): readonly string[] {
  const rows = valves.flatMap((valve) => {
    const rules = listValveRules(valve);
    if (rules.length === 0) return [[valve.key, valve.archived ? 'archived' : normalModeOf(valve)]];
    return rules.map((rule) => {
      const { at, by, reason } = rule.trip;
      const serves = `${describeMode(rule)}${valve.archived ? ', but archived' : ''}`;
      return [valve.key, serves, formatAgo(now - at), by, describeUntil(rule.trip, now), reason];
    });
  });
  return formatTable(['VALVE', 'SERVES', 'SINCE', 'BY', 'UNTIL', 'REASON'], rows, width);
}

interface Shown {
  /** Key of the environment. */
  readonly environment: string;
  readonly now: number;
}

/** `options`: as they were typed, for what to do next. */
export function formatValve(
  valve: EnvironmentFlagView,
  options: Parameters<typeof describePlace>[0],
  { environment, now }: Shown,
): readonly string[] {
  const { key, name, description, owner, tags, variations, version } = valve;
  const normal = normalModeOf(valve);
  const rules = listValveRules(valve);
  const fields: Parameters<typeof formatFields>[0] = [
    ['state', `${describeValveState(valve, now)} in ${environment}`],
    ...(description === '' ? [] : [['about', description.split('\n')] as const]),
    ...(owner === '' ? [] : [['owner', owner] as const]),
    ...(tags.length === 0 ? [] : [['tags', tags.join(', ')] as const]),
    ['modes', variations.map(({ id }) => id).join(' < ')],
    ['serves', rules.length === 0 ? `${normal} to everyone` : `what the first of these says that fits, else ${normal}`],
    ['version', String(version)],
  ];
  return [
    `${key}${name === key ? '' : `  ${name}`}`,
    ...formatFields(fields),
    ...rules.flatMap((rule, at) => formatRule(rule, at + 1, now)),
    ...(rules.length === 0 ? [] : ['', `Restore: sluice valve restore ${key}${describePlace(options)}`]),
  ];
}

function formatRule({ id, mode, clauses, trip }: ValveRule, place: number, now: number): readonly string[] {
  const { reason, by, at, expiresAt, incident, exempt } = trip;
  const kept = exempt === true ? ', exempt from what else is tripped' : '';
  return [
    '',
    `${place}. ${mode} for ${describeScope({ clauses, trip })}${kept}`,
    ...formatFields([
      ['rule', id],
      ['since', `${formatTime(at)}, ${formatAgo(now - at)}, by ${by}`],
      ['until', `${formatTime(expiresAt)}, ${describeUntil(trip, now)}`],
      ['reason', reason],
      ...(incident === undefined ? [] : [['incident', incident] as const]),
    ]),
  ];
}

function describeUntil({ expiresAt, overdue }: TripView, now: number): string {
  return overdue ? describeOverdue(expiresAt, now) : `in ${formatRoughSpan(expiresAt - now)}`;
}

function describeOverdue(since: number, now: number): string {
  return `overdue ${formatRoughSpan(now - since)}`;
}

function isForEveryone({ clauses, trip }: ValveRule): boolean {
  return clauses.length === 0 && trip.share === undefined;
}

/** `off-404 for account 42`, `cached for 10% of accounts`, `normal for route /search (exempt)`. */
function describeMode({ mode, clauses, trip: { share, exempt } }: ValveRule): string {
  const part = share === undefined ? 'everyone' : `${describeWeight(share.weight)} of ${share.contextKind}s`;
  const who = clauses.length === 0 ? part : clauses.map(describeShortly).join(' and ');
  const more = [...(share === undefined || clauses.length === 0 ? [] : [part]), ...(exempt === true ? ['exempt'] : [])];
  return `${mode} for ${who}${more.length === 0 ? '' : ` (${more.join(', ')})`}`;
}

const valuesNamed = 2;

/** `account 42`, `route /search or /orders/*`, `not region eu-1`. */
function describeShortly({ contextKind = 'user', attribute = 'key', op, values, negate = false }: Clause): string {
  const words = [
    negate ? 'not ' : '',
    attribute === 'key' ? contextKind : attribute,
    op === 'in' || op === 'glob' || op === 'cidr' ? ' ' : ` ${op} `,
    values.slice(0, valuesNamed).join(' or '),
    values.length > valuesNamed ? ` or ${values.length - valuesNamed} more` : '',
  ];
  return words.join('');
}
