import type { FlagEnvironmentsView } from '@sluice/api-client';
import { describeDifference, describeState, maySee, spellBehaviour } from '@sluice/authoring';
import type { Reads } from '../database/schema.ts';
import type { Asking } from '../people/permission.ts';
import { listEnvironments } from '../projects/environment-queries.ts';
import { getFlag, type StoredFlag } from './flag-queries.ts';
import { toEnvironmentFlagView } from './flag-view.ts';

interface FlagThere {
  readonly environment: string;
  /** Of the environment. */
  readonly name: string;
  readonly flag: StoredFlag;
  readonly version: number;
  readonly changedAt: number;
}

/** A flag in all environments that somebody may see, in the order in which those were made. */
export async function listFlagEnvironments(
  reads: Reads,
  { project, flag: key }: { readonly project: string; readonly flag: string },
  { grants }: Asking,
): Promise<readonly FlagThere[]> {
  const found: FlagThere[] = [];
  for (const environment of await listEnvironments(reads, project)) {
    if (!maySee(grants, { project, environment: environment.key })) continue;
    const listing = await reads
      .selectFrom('listings')
      .select(['version', 'changedAt'])
      .where('environmentId', '=', environment.id)
      .where('kind', '=', 'flag')
      .where('key', '=', key)
      .executeTakeFirst();
    if (listing === undefined) continue;
    const flag = await getFlag(reads, environment, key);
    found.push({ environment: environment.key, name: environment.name, flag, ...listing });
  }
  return found;
}

const linesShown = 100;

export function toFlagEnvironmentsView(
  { key, kind }: Pick<FlagEnvironmentsView, 'key' | 'kind'>,
  flags: readonly FlagThere[],
  now: number,
): FlagEnvironmentsView {
  return {
    key,
    kind,
    items: flags.map(({ flag, ...there }) => ({
      ...there,
      state: describeState(flag),
      flag: toEnvironmentFlagView(flag, now),
    })),
    differences: flags.flatMap((from) => flags.filter((to) => to !== from).map((to) => describePair(from, to))),
  };
}

/** Rules that ask and serve the same are the same, whatever their ids are. */
function describePair(from: FlagThere, to: FlagThere): FlagEnvironmentsView['differences'][number] {
  const pair = { from: from.environment, to: to.environment };
  if (spellBehaviour(from.flag.configuration) === spellBehaviour(to.flag.configuration)) {
    return { ...pair, same: true, lines: [], more: 0 };
  }
  const id = { kind: 'flag', key: to.flag.definition.key } as const;
  const lines = describeDifference(id, to.flag, from.flag).map(({ text }) => text);
  return { ...pair, same: false, lines: lines.slice(0, linesShown), more: Math.max(lines.length - linesShown, 0) };
}
