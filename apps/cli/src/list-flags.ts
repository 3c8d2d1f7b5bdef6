import type { EnvironmentFlagView } from '@sluice/api-client';
import type { FlagKind } from '@sluice/authoring';
import type { Connection } from './connection.ts';

/** All flags of an environment, or all of a kind, page by page. */
export async function listFlags(
  { api, place }: Pick<Connection, 'api' | 'place'>,
  kind?: FlagKind,
): Promise<readonly EnvironmentFlagView[]> {
  const flags: EnvironmentFlagView[] = [];
  let cursor: string | undefined;
  do {
    const asked = { limit: 500, ...(kind !== undefined && { kind }), ...(cursor !== undefined && { cursor }) };
    const page = await api.listFlags(place, asked);
    flags.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return flags;
}
