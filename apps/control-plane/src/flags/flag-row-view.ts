import type { FlagFacetsView, FlagRowView } from '@sluice/api-client';
import type { FlagFacets, FlagRow, RecentEvaluations } from './flag-row-queries.ts';

export function toFlagRowView(row: FlagRow, { hourly, perSecond }: RecentEvaluations): FlagRowView {
  const { key, kind, name, description, tags, owner, state, other, lastEvaluatedAt, changedAt, version } = row;
  return {
    key,
    kind,
    name,
    description,
    tags,
    owner,
    archived: state.word === 'archived',
    state,
    ...(other !== undefined && { other }),
    evaluations: { hourly, perSecond, ...(lastEvaluatedAt !== undefined && { lastAt: lastEvaluatedAt }) },
    changedAt,
    version,
  };
}

/** Of tags and owners. */
const mostListed = 200;

export function toFlagFacetsView({ kinds, states, tags, owners }: FlagFacets): FlagFacetsView {
  return {
    total: [...kinds.values()].reduce((sum, count) => sum + count, 0),
    kinds: mostFirst(kinds).map(([kind, count]) => ({ kind, count })),
    states: mostFirst(states).map(([state, count]) => ({ state, count })),
    tags: mostFirst(tags).map(([tag, count]) => ({ tag, count })),
    differentTags: tags.size,
    owners: mostFirst(owners).map(([owner, count]) => ({ owner, count })),
    differentOwners: owners.size,
  };
}

function mostFirst<T extends string>(counts: ReadonlyMap<T, number>): readonly (readonly [T, number])[] {
  return [...counts].sort(([a, most], [b, less]) => less - most || (a < b ? -1 : 1)).slice(0, mostListed);
}
