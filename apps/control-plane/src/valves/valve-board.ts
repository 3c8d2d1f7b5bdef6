import type { ValveRowView } from '@sluice/api-client';
import { describeScope } from '@sluice/authoring';
import { containing } from '../database/patterns.ts';
import type { EnvironmentRow, Reads } from '../database/schema.ts';
import { findFlags, type StoredFlag } from '../flags/flag-queries.ts';
import { isOffNormal } from '../now/list-matters.ts';
import type { Standing } from '../now/standing.ts';
import { readValveCalls, type ValveCalls } from './valve-calls.ts';

/** Where a valve stands on the board. */
export interface Placed {
  readonly key: string;
  /** What it is ordered by: valves that have the first tag in common stand together. */
  readonly place: string;
}

/** Keys of all valves that have these words in them; of the normal ones in the order in which they are paged. */
export async function placeValves(
  reads: Reads,
  environmentId: string,
  { standing, words, now }: { readonly standing: Standing; readonly words: readonly string[]; readonly now: number },
): Promise<{ readonly tripped: readonly string[]; readonly normal: readonly Placed[] }> {
  let query = reads
    .selectFrom('listings')
    .select(['key', 'tags'])
    .where('environmentId', '=', environmentId)
    .where('kind', '=', 'flag')
    .where('flagKind', '=', 'valve')
    .where('state', '<>', 'archived');
  for (const word of words) query = query.where('words', 'like', containing(word));
  const rows = await query.execute();
  const found = new Set(rows.map(({ key }) => key));
  // Each trip ranks its valve; the set keeps the first.
  const offNormal = standing.trips
    .filter((trip) => found.has(trip.flag) && isOffNormal(trip, now))
    .toSorted(({ rule: { trip: a } }, { rule: { trip: b } }) => {
      const isOverdue = (expiresAt: number): number => (expiresAt <= now ? 0 : 1);
      return isOverdue(a.expiresAt) - isOverdue(b.expiresAt) || a.at - b.at;
    });
  const tripped = new Set(offNormal.map(({ flag }) => flag));
  const normal = rows
    .filter(({ key }) => !tripped.has(key))
    .map(({ key, tags }) => ({ key, place: `${tags.split('\n').find((tag) => tag !== '') ?? '~'}\n${key}` }))
    .sort((one, other) => (one.place < other.place ? -1 : 1));
  return { tripped: [...tripped], normal };
}

/** Valves by these keys with what was counted of them, in the order of the keys. */
export async function readValveRows(
  reads: Reads,
  environment: Pick<EnvironmentRow, 'id' | 'projectKey'>,
  { keys, withAccounts, now }: { keys: readonly string[]; withAccounts: ReadonlySet<string>; now: number },
): Promise<readonly ValveRowView[]> {
  const flags = new Map((await findFlags(reads, environment, keys)).map((flag) => [flag.definition.key, flag]));
  const normalOf = new Map([...flags].map(([key, { configuration }]) => [key, configuration.offVariation]));
  const callsOf = await readValveCalls(reads, { environmentId: environment.id, normalOf, withAccounts, now });
  const servedAt = await readLastServed(reads, environment.id, [...flags.keys()]);
  return keys.flatMap((key) => {
    const flag = flags.get(key);
    return flag === undefined ? [] : [toValveRowView(flag, { ...callsOf(key), servedAt, now })];
  });
}

/** When each mode of these valves was served last, by the valve and the index of the mode. */
async function readLastServed(
  reads: Reads,
  environmentId: string,
  keys: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  if (keys.length === 0) return new Map();
  const hours = await reads
    .selectFrom('evaluationHours')
    .select(({ fn }) => ['flagKey', 'variation', fn.max('hour').as('at')])
    .where('environmentId', '=', environmentId)
    .where('flagKey', 'in', keys)
    .groupBy(['flagKey', 'variation'])
    .execute();
  const minutes = await reads
    .selectFrom('evaluationMinutes')
    .select(({ fn }) => ['flagKey', 'variation', fn.max('minute').as('at')])
    .where('environmentId', '=', environmentId)
    .where('flagKey', 'in', keys)
    .groupBy(['flagKey', 'variation'])
    .execute();
  return new Map(
    [...hours, ...minutes].map(({ flagKey, variation, at }) => [nameMode(flagKey, variation), Number(at)]),
  );
}

function nameMode(key: string, index: number): string {
  return `${key}/${index}`;
}

interface Around extends ValveCalls {
  readonly servedAt: ReadonlyMap<string, number>;
  readonly now: number;
}

function toValveRowView(
  { definition, configuration, touchedVersion }: StoredFlag,
  { calls, lately, servedAt, now }: Around,
): ValveRowView {
  const { key, name, description, tags, owner, variations } = definition;
  return {
    ...{ key, name, description, tags, owner },
    modes: variations.map((variation, index) => {
      const lastServedAt = servedAt.get(nameMode(key, index));
      return {
        mode: variation.id,
        ...(variation.description !== undefined && { description: variation.description }),
        ...(lastServedAt !== undefined && { lastServedAt }),
      };
    }),
    trips: configuration.rules.flatMap(({ id, variation, clauses, trip }) => {
      if (trip === undefined || variation === undefined) return [];
      const { at, by, reason, incident, expiresAt, share, exempt } = trip;
      return [
        {
          ...{ rule: id, mode: variation, scope: describeScope({ clauses, trip }), when: clauses },
          ...(share !== undefined && { share }),
          ...(exempt === true && { exempt }),
          ...{ since: at, by, why: reason },
          ...(incident !== undefined && { incident }),
          ...{ until: expiresAt, isOverdue: expiresAt <= now },
        },
      ];
    }),
    calls,
    lately,
    version: touchedVersion,
  };
}
