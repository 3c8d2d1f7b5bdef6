import type { ChangeView } from '@sluice/api-client';
import type { Effect } from '@sluice/authoring';
import { chunk } from '../database/chunks.ts';
import type { ChangeRow, EnvironmentRow, Reads } from '../database/schema.ts';
import { listConvergences } from '../fleet/convergence-record.ts';
import { EnvironmentFleet } from '../fleet/environment-fleet.ts';
import type { ReadFleet } from '../fleet/fleet-record.ts';
import { lastDelay } from '../fleet/track.ts';

/** What lists show of a change beside it. */
export type Beside = Pick<ChangeView, 'convergence' | 'flags'>;

/** Of so many flags of one change. */
const flagsTold = 20;

/** How far changes got, and what the flags are now that they were about; both are read for all of them together. */
export async function listBeside(
  { db, readFleet }: { readonly db: Reads; readonly readFleet: ReadFleet },
  environment: Pick<EnvironmentRow, 'id'>,
  rows: readonly ChangeRow[],
): Promise<(row: ChangeRow) => Beside> {
  if (rows.length === 0) return () => ({});
  const reach = await findReach(db, readFleet, environment.id, rows);
  const flagsOf = new Map(rows.map((row) => [row.id, listFlagKeys(row)]));
  const flags = await findFlags(db, environment.id, [...new Set([...flagsOf.values()].flat())]);
  return ({ id, version }) => {
    const convergence = reach(version);
    const touched = (flagsOf.get(id) ?? []).flatMap((key) => flags.get(key) ?? []);
    return { ...(convergence !== undefined && { convergence }), ...(touched.length > 0 && { flags: touched }) };
  };
}

/**
 * Of instances of this server alone it is counted already; else, and of older changes, it is as was written down. Where
 * several servers have instances, the live feed tells how far the newest are.
 */
async function findReach(
  db: Reads,
  readFleet: ReadFleet,
  environmentId: string,
  rows: readonly ChangeRow[],
): Promise<(version: number) => ChangeView['convergence']> {
  const versions = rows.map(({ version }) => version);
  const noted = await listConvergences(db, environmentId, Math.min(...versions), Math.max(...versions));
  const record = await readFleet(environmentId);
  return (version) => {
    const counted = record instanceof EnvironmentFleet ? record.findProgress(version) : undefined;
    if (counted !== undefined) {
      const track = record.findTrack(version);
      const tookMs = track !== undefined && counted.has === counted.of ? lastDelay(track) : undefined;
      return describe(counted.has, counted.of, tookMs);
    }
    const note = noted.get(version);
    return note && describe(note.accepted, note.expected, note.reachedMs?.all);
  };
}

function describe(has: number, of: number, tookMs: number | undefined): ChangeView['convergence'] {
  if (of === 0) return undefined;
  return { has, of, ...(tookMs !== undefined && { tookMs }) };
}

function listFlagKeys({ effectsJson }: ChangeRow): readonly string[] {
  // Written by this program.
  const effects = JSON.parse(effectsJson) as readonly Effect[];
  const keys = effects.flatMap(({ object }) => (object.kind === 'flag' ? [object.key] : []));
  return [...new Set(keys)].slice(0, flagsTold);
}

async function findFlags(
  db: Reads,
  environmentId: string,
  keys: readonly string[],
): Promise<ReadonlyMap<string, NonNullable<ChangeView['flags']>[number]>> {
  const found = new Map<string, NonNullable<ChangeView['flags']>[number]>();
  for (const part of chunk(keys)) {
    const rows = await db
      .selectFrom('listings')
      .select(['key', 'flagKind', 'state'])
      .where('environmentId', '=', environmentId)
      .where('kind', '=', 'flag')
      .where('key', 'in', part)
      .execute();
    for (const { key, flagKind, state } of rows) {
      if (flagKind !== null && state !== null) found.set(key, { key, kind: flagKind, state });
    }
  }
  return found;
}
