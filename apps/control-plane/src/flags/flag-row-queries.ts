import {
  type FlagFilter,
  type FlagKind,
  type FlagSearch,
  findNearestWord,
  isProblem,
  parseFlagSearch,
} from '@sluice/authoring';
import { type ExpressionBuilder, sql } from 'kysely';
import { containing } from '../database/patterns.ts';
import type { ListingRow, Reads, Tables } from '../database/schema.ts';
import { encodeTags, type FlagListing } from '../objects/listing-commands.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
export const hoursShown = 24;
const minutesOfRate = 5;

export interface FlagRowsPage {
  readonly search: FlagSearch;
  /** Of the environment to compare with. */
  readonly compareId: string | undefined;
  readonly compared: 'same' | 'different' | undefined;
  readonly limit: number;
  readonly after: string | undefined;
  readonly now: number;
}

export interface FlagRow extends FlagListing {
  readonly key: string;
  readonly kind: FlagKind;
  readonly version: number;
  readonly changedAt: number;
  readonly other: { readonly state: FlagListing['state']; readonly same: boolean } | undefined;
  readonly lastEvaluatedAt: number | undefined;
}

/** What is counted of a flag. */
export interface RecentEvaluations {
  readonly hourly: readonly number[];
  readonly perSecond: number;
}

/** Flags by key, one more than `limit` if there are. */
export async function listFlagRows(
  reads: Reads,
  environmentId: string,
  page: FlagRowsPage,
): Promise<readonly FlagRow[]> {
  let query = selectFlagRows(reads, environmentId, page)
    .select((row) => [
      'listings.key',
      'listings.flagKind',
      'listings.shownJson',
      'listings.version',
      'listings.changedAt',
      'other.shownJson as otherJson',
      sql<
        0 | 1
      >`case when ${row.ref('other.behaviourHash')} = ${row.ref('listings.behaviourHash')} then 1 else 0 end`.as(
        'same',
      ),
      row
        .selectFrom('evaluationMinutes as m')
        .select(({ fn }) => fn.max('minute').as('at'))
        .where('m.environmentId', '=', environmentId)
        .whereRef('m.flagKey', '=', 'listings.key')
        .as('lastMinute'),
      row
        .selectFrom('evaluationHours as h')
        .select(({ fn }) => fn.max('hour').as('at'))
        .where('h.environmentId', '=', environmentId)
        .whereRef('h.flagKey', '=', 'listings.key')
        .as('lastHour'),
    ])
    .orderBy('listings.key')
    .limit(page.limit + 1);
  if (page.after !== undefined) query = query.where('listings.key', '>', page.after);
  return (await query.execute()).map(({ key, flagKind, shownJson, version, changedAt, otherJson, same, ...last }) => ({
    ...parseListing(shownJson),
    key,
    // A listing of a flag has its kind.
    kind: flagKind as FlagKind,
    version,
    changedAt,
    other: otherJson === null ? undefined : { state: parseListing(otherJson).state, same: same === 1 },
    lastEvaluatedAt: last.lastMinute ?? last.lastHour ?? undefined,
  }));
}

export async function countFlagRows(reads: Reads, environmentId: string, page: FlagRowsPage): Promise<number> {
  const { count } = await selectFlagRows(reads, environmentId, page)
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  return count;
}

function selectFlagRows(reads: Reads, environmentId: string, { search, compareId, compared, now }: FlagRowsPage) {
  let query = reads
    .selectFrom('listings')
    .leftJoin('listings as other', (join) =>
      join
        .onRef('other.key', '=', 'listings.key')
        .on('other.kind', '=', 'flag')
        .on('other.environmentId', '=', compareId ?? ''),
    )
    .where('listings.environmentId', '=', environmentId)
    .where('listings.kind', '=', 'flag');
  for (const word of search.words) query = query.where('listings.words', 'like', containing(word));
  for (const filter of search.filters) query = query.where((row) => meets(row, environmentId, filter, now));
  if (!search.filters.some(({ name }) => name === 'state')) query = query.where('listings.state', '<>', 'archived');
  if (compared === undefined) return query;
  return query.whereRef('other.behaviourHash', compared === 'same' ? '=' : '<>', 'listings.behaviourHash');
}

function meets(row: ExpressionBuilder<Tables, 'listings'>, environmentId: string, filter: FlagFilter, now: number) {
  switch (filter.name) {
    case 'kind':
      return row('listings.flagKind', '=', filter.value);
    case 'state':
      return row('listings.state', '=', filter.value);
    case 'owner':
      return row('listings.owner', '=', filter.value);
    case 'tag':
      return row('listings.tags', 'like', containing(encodeTags([filter.value])));
    case 'evaluated': {
      const { isEvaluated, withinMs } = filter.value;
      const since = withinMs === undefined ? 0 : floor(now - withinMs, hourMs);
      const found = row.exists(
        row
          .selectFrom('evaluationHours')
          .select('hour')
          .where('evaluationHours.environmentId', '=', environmentId)
          .whereRef('evaluationHours.flagKey', '=', 'listings.key')
          .where('hour', '>=', since),
      );
      return isEvaluated ? found : row.not(found);
    }
    default:
      return filter satisfies never;
  }
}

/** What was evaluated lately of each of these flags, by key. */
export async function readRecentEvaluations(
  reads: Reads,
  environmentId: string,
  keys: readonly string[],
  now: number,
): Promise<(key: string) => RecentEvaluations> {
  const firstHour = floor(now, hourMs) - (hoursShown - 1) * hourMs;
  const minute = floor(now, minuteMs);
  if (keys.length === 0) return () => ({ hourly: [], perSecond: 0 });
  const hours = await reads
    .selectFrom('evaluationHours')
    .select(['flagKey', 'hour', sumOfCounts.as('count')])
    .where('environmentId', '=', environmentId)
    .where('flagKey', 'in', keys)
    .where('hour', '>=', firstHour)
    .where('hour', '<=', now)
    .groupBy(['flagKey', 'hour'])
    .execute();
  const minutes = await reads
    .selectFrom('evaluationMinutes')
    .select(['flagKey', sumOfCounts.as('count')])
    .where('environmentId', '=', environmentId)
    .where('flagKey', 'in', keys)
    .where('minute', '>=', minute - minutesOfRate * minuteMs)
    .where('minute', '<', minute)
    .groupBy('flagKey')
    .execute();
  const hourly = new Map(keys.map((key) => [key, Array.from({ length: hoursShown }, () => 0)]));
  for (const { flagKey, hour, count } of hours) {
    const numbers = hourly.get(flagKey);
    if (numbers !== undefined) numbers[(hour - firstHour) / hourMs] = count;
  }
  const lately = new Map(minutes.map(({ flagKey, count }) => [flagKey, count]));
  return (key) => ({
    hourly: hourly.get(key) ?? [],
    perSecond: (lately.get(key) ?? 0) / (minutesOfRate * 60),
  });
}

/** Sums of what callers made up may be larger than integers of the databases. */
const sumOfCounts = sql<number>`sum(cast(count as double precision))`;

function floor(at: number, stepMs: number): number {
  return at - (at % stepMs);
}

/** The same search with what is written almost so instead of what stands nowhere; undefined: nothing is near. */
export async function suggestSearch(reads: Reads, environmentId: string, search: string): Promise<string | undefined> {
  const parsed = parseFlagSearch(search);
  if (isProblem(parsed)) return undefined;
  const rows = await reads
    .selectFrom('listings')
    .select(['key', 'owner', 'tags', 'words'])
    .where('environmentId', '=', environmentId)
    .where('kind', '=', 'flag')
    .orderBy('key')
    .execute();
  const tags = new Set(rows.flatMap((row) => parseTags(row.tags)));
  const keys = new Set(rows.flatMap(({ key }) => [...key.split(/[._-]+/), key]));
  const owners = new Set(rows.map(({ owner }) => owner));
  let suggestion = search;
  const replace = (word: string, nearest: string | undefined): void => {
    const at = suggestion.toLowerCase().indexOf(word.toLowerCase());
    if (nearest === undefined || at < 0) return;
    suggestion = suggestion.slice(0, at) + nearest + suggestion.slice(at + word.length);
  };
  for (const word of parsed.words) {
    if (!rows.some(({ words }) => words.includes(word))) replace(word, findNearestWord(word, [...tags, ...keys]));
  }
  for (const { name, value } of parsed.filters) {
    if (name === 'tag' && !tags.has(value)) replace(value, findNearestWord(value.toLowerCase(), tags));
    if (name === 'owner' && !owners.has(value)) replace(value, findNearestWord(value.toLowerCase(), owners));
  }
  return suggestion === search ? undefined : suggestion;
}

/** Of each filter how many flags it finds; archived ones are counted by state only. */
export interface FlagFacets {
  readonly kinds: ReadonlyMap<FlagKind, number>;
  readonly states: ReadonlyMap<NonNullable<ListingRow['state']>, number>;
  readonly tags: ReadonlyMap<string, number>;
  readonly owners: ReadonlyMap<string, number>;
}

export async function countFacets(reads: Reads, environmentId: string): Promise<FlagFacets> {
  const rows = await reads
    .selectFrom('listings')
    .select(({ fn }) => ['flagKind', 'state', 'owner', 'tags', fn.countAll<number>().as('count')])
    .where('environmentId', '=', environmentId)
    .where('kind', '=', 'flag')
    .groupBy(['flagKind', 'state', 'owner', 'tags'])
    .execute();
  const counts = { kinds: new Map(), states: new Map(), tags: new Map(), owners: new Map() };
  const add = <T>(map: Map<T, number>, name: T, count: number) => map.set(name, (map.get(name) ?? 0) + count);
  for (const { flagKind, state, owner, tags, count } of rows) {
    add(counts.states, state, count);
    if (state === 'archived') continue;
    add(counts.kinds, flagKind, count);
    add(counts.owners, owner, count);
    for (const tag of parseTags(tags)) add(counts.tags, tag, count);
  }
  return counts;
}

function parseTags(tags: string): readonly string[] {
  // Written by `encodeTags`.
  return tags.split('\n').flatMap((line) => (line === '' ? [] : (JSON.parse(line) as string)));
}

function parseListing(shownJson: string): FlagListing {
  // Written by this program.
  return JSON.parse(shownJson) as FlagListing;
}
