import { type FlagConfiguration, type FlagKind, listStagesInForce, type Rule, type Trip } from '@sluice/authoring';
import { sql } from 'kysely';
import type { Database, EnvironmentRow, Reads } from '../database/schema.ts';

export interface StandingTrip {
  readonly flag: string;
  /** What the valve serves to whom no trip concerns. */
  readonly normal: string;
  readonly rule: Rule & { readonly trip: Trip };
}

/** A migration some of whose records are on the way from one store to the other. */
export interface StandingMigration {
  readonly flag: string;
  readonly stages: readonly string[];
  /** When its stages were changed last, and by whom. */
  readonly since: number | undefined;
  readonly by: string | undefined;
}

/** What stands in an environment at one version, but for the fleet: what it has, and what of it is off normal. */
export interface Standing {
  readonly epoch: string;
  readonly version: number;
  readonly kinds: Readonly<Partial<Record<FlagKind, number>>>;
  readonly segments: number;
  readonly trips: readonly StandingTrip[];
  readonly migrations: readonly StandingMigration[];
  readonly lastRestoredAt: number | undefined;
}

/** A restore before so many changes is not told. */
const changesLookedAt = 1000;

type Asked = Pick<EnvironmentRow, 'id' | 'projectKey' | 'epoch' | 'version'>;

export type ReadStanding = (environment: Asked) => Promise<Standing>;

/** Reads what stands once for each version: however many look at an environment, its flags are not read for each. */
export function createStandingReader(db: Database): ReadStanding {
  const known = new Map<
    string,
    { readonly epoch: string; readonly version: number; readonly standing: Promise<Standing> }
  >();
  return (environment) => {
    const { id, epoch, version } = environment;
    const last = known.get(id);
    if (last?.epoch === epoch && last.version === version) return last.standing;
    const before = last?.standing.catch(() => undefined);
    const standing = Promise.resolve(before).then((known) => readStanding(db, environment, known));
    const entry = { epoch, version, standing };
    known.set(id, entry);
    // What could not be read is tried again.
    standing.catch(() => known.get(id) === entry && known.delete(id));
    return standing;
  };
}

async function readStanding(reads: Reads, environment: Asked, before: Standing | undefined): Promise<Standing> {
  const { id, epoch, version } = environment;
  const kinds = await selectFlags(reads, environment)
    .select(({ fn }) => ['definitions.kind', fn.countAll<number>().as('count')])
    .groupBy('definitions.kind')
    .execute();
  const { segments } = await reads
    .selectFrom('objects')
    .select(({ fn }) => fn.countAll<number>().as('segments'))
    .where('environmentId', '=', id)
    .where('kind', '=', 'segment')
    // Those with a colon were made for rules of flags.
    .where('key', 'not like', '%:%')
    .where('stateJson', 'is not', null)
    .executeTakeFirstOrThrow();
  return {
    epoch,
    version,
    kinds: Object.fromEntries(kinds.map(({ kind, count }) => [kind, Number(count)])),
    segments: Number(segments),
    trips: await listTrips(reads, environment),
    migrations: await listMigrations(reads, environment),
    lastRestoredAt: await findLastRestored(reads, environment, before),
  };
}

/** Flags that serve something: those in the archive do not. */
function selectFlags(reads: Reads, { id, projectKey }: Asked) {
  return reads
    .selectFrom('objects')
    .innerJoin('definitions', 'definitions.key', 'objects.key')
    .where('definitions.projectKey', '=', projectKey)
    .where('objects.environmentId', '=', id)
    .where('objects.kind', '=', 'flag')
    .where('objects.compiledJson', 'is not', null);
}

async function listTrips(reads: Reads, environment: Asked): Promise<readonly StandingTrip[]> {
  const rows = await selectFlags(reads, environment)
    .select(['objects.key', 'stateJson'])
    .where('definitions.kind', '=', 'valve')
    // Most are not tripped, and need not be read.
    .where('stateJson', 'not like', '%"rules":[]%')
    .orderBy('objects.key')
    .execute();
  return rows.flatMap(({ key: flag, stateJson }) => {
    const { rules, offVariation: normal } = parseConfiguration(stateJson);
    return rules.flatMap((rule) =>
      rule.trip === undefined ? [] : [{ flag, normal, rule: { ...rule, trip: rule.trip } }],
    );
  });
}

async function listMigrations(reads: Reads, environment: Asked): Promise<readonly StandingMigration[]> {
  const rows = await selectFlags(reads, environment)
    .select(['objects.key', 'stateJson'])
    .where('definitions.kind', '=', 'migration')
    .orderBy('objects.key')
    .execute();
  const migrations: StandingMigration[] = [];
  for (const { key: flag, stateJson } of rows) {
    const stages = listStagesInForce(parseConfiguration(stateJson));
    if (stages.every((stage) => stage === 'off') || stages.every((stage) => stage === 'complete')) continue;
    const last = await selectHistory(reads, environment)
      .where('changeObjects.key', '=', flag)
      .where('instructionsJson', 'like', '%"set-stage"%')
      .executeTakeFirst();
    migrations.push({ flag, stages, since: last?.createdAt, by: last?.actor });
  }
  return migrations;
}

/** Only the newest changes are looked at, and of those that were looked at for an earlier version none again. */
async function findLastRestored(
  reads: Reads,
  { id, epoch, version }: Asked,
  before: Standing | undefined,
): Promise<number | undefined> {
  const known = before?.epoch === epoch ? before : undefined;
  const last = await reads
    .selectFrom('changes')
    .select('createdAt')
    .where('environmentId', '=', id)
    .where('version', '>', Math.max(known?.version ?? 0, version - changesLookedAt))
    .where('instructionsJson', 'like', '%"kind":"restore"%')
    .orderBy('version', 'desc')
    .limit(1)
    .executeTakeFirst();
  return last?.createdAt ?? known?.lastRestoredAt;
}

/** Changes of flags, the newest first. */
function selectHistory(reads: Reads, { id }: Asked) {
  return reads
    .selectFrom('changeObjects')
    .innerJoin('changes', 'changes.id', 'changeObjects.changeId')
    .select(['changes.createdAt', 'changes.actor'])
    .where('changeObjects.environmentId', '=', id)
    .where('changeObjects.kind', '=', sql.lit('flag'))
    .orderBy('changeObjects.version', 'desc')
    .limit(1);
}

function parseConfiguration(stateJson: string | null): FlagConfiguration {
  // Written by this program, and not null where the flag is compiled.
  return JSON.parse(stateJson ?? '') as FlagConfiguration;
}
