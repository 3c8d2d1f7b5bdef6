import { type Instruction, listStagesInForce } from '@sluice/authoring';
import type {
  BackfillClaim,
  BackfillLease,
  BackfillPace,
  BackfillStanding,
  BackfillTally,
  BackfillVerification,
} from '@sluice/protocol';
import { chunk } from '../database/chunks.ts';
import type { BackfillRangeRow, Database, Reads } from '../database/schema.ts';
import { ServerError } from '../errors.ts';
import type { StoredFlag } from '../flags/flag-queries.ts';
import type { FleetRecord } from '../fleet/fleet-record.ts';
import { describeHoldouts, isNamed } from '../migrations/barrier.ts';
import { getMigration } from '../migrations/migration-queries.ts';
import { listNamed } from '../migrations/pass-barriers.ts';
import { holdEnvironment } from '../projects/environment-queries.ts';
import type { ServerContext } from '../server-context.ts';
import { hasRanges, readStanding, type Subject } from './backfill-queries.ts';

/** Who has told of no progress for so long has lost its range. */
const leaseMs = 60_000;
const retryMs = 500;

export interface Worker {
  readonly worker: string;
  /** Positions of dirty ranges that it is not to have again. */
  readonly except: readonly number[];
}

/** Says what a worker is to do next. Throws `conflict` where writes would go by one of the stores. */
export async function claimRange(
  { db, readFleet, platform }: Pick<ServerContext, 'db' | 'readFleet' | 'platform'>,
  subject: Subject,
  { worker, except }: Worker,
): Promise<BackfillClaim> {
  const flag = await getMigration(db, subject.environment, subject.key);
  refuseOneSided(flag, subject.key);
  if (!(await hasRanges(db, subject))) {
    const reason = await describeStragglers(db, await readFleet(subject.environment.id), flag, subject);
    return reason === undefined ? { kind: 'propose' } : { kind: 'wait', reason, retryMs };
  }
  const now = platform.now();
  const lease = await takeFirst(db, subject, { worker, except, now });
  if (lease !== undefined) return { kind: 'range', lease, standing: await readStanding(db, subject, now) };
  const standing = await readStanding(db, subject, now);
  if (standing.workers === 0) return { kind: 'finished', standing };
  return { kind: 'wait', reason: `the last ${standing.workers} ranges are with other workers`, retryMs };
}

/** Makes the ranges, unless somebody else just did. */
export async function proposeRanges(
  { db }: Pick<ServerContext, 'db'>,
  subject: Subject,
  upperBounds: readonly string[],
): Promise<void> {
  const { projectKey, key: environmentKey } = subject.environment;
  await db.transaction().execute(async (writes) => {
    // Of two who propose, the second finds the ranges of the first.
    const { id: environmentId, version: proposedVersion } = await holdEnvironment(writes, projectKey, environmentKey);
    refuseOneSided(await getMigration(writes, subject.environment, subject.key), subject.key);
    if (await hasRanges(writes, subject)) return;
    const gone = await writes
      .deleteFrom('backfillRanges')
      .where('environmentId', '=', environmentId)
      .where('flagKey', '=', subject.key)
      .returning('fence')
      .execute();
    // Who still holds one of those has a lower fence than whoever will have one of these.
    const lowest = await findLowestFence(writes, environmentId, subject.key);
    const fence = gone.reduce((highest, range) => Math.max(highest, range.fence), lowest);
    const ends: readonly (string | null)[] = [...upperBounds, null];
    const rows = ends.map((upTo, position) => ({
      environmentId,
      flagKey: subject.key,
      position,
      after: ends[position - 1] ?? null,
      upTo,
      state: 'todo' as const,
      tallyJson: JSON.stringify(nothing),
      fence,
      proposedVersion,
    }));
    for (const part of chunk(rows, valuesOfRange)) await writes.insertInto('backfillRanges').values(part).execute();
  });
}

/** No range is claimed so often in one version of an environment. */
const claimsPerVersion = 1_000_000;

/** Above all that there were before the migration was deleted, and its ranges with it. */
async function findLowestFence(reads: Reads, environmentId: string, key: string): Promise<number> {
  const deletion = await reads
    .selectFrom('changeObjects')
    .select('version')
    .where('environmentId', '=', environmentId)
    .where('kind', '=', 'flag')
    .where('key', '=', key)
    .where('afterJson', 'is', null)
    .orderBy('version', 'desc')
    .limit(1)
    .executeTakeFirst();
  return (deletion?.version ?? 0) * claimsPerVersion;
}

/** Of a row that is inserted. */
const valuesOfRange = 9;
const nothing: BackfillTally = { rows: 0, inserted: 0, equal: 0, skippedNewer: 0, failed: 0 };

export interface Progress {
  readonly position: number;
  readonly fence: number;
  readonly cursor?: string;
  readonly isCopied: boolean;
  readonly tally: BackfillTally;
  readonly pace?: BackfillPace;
  readonly isReleased: boolean;
}

/** Renews the lease. Throws `conflict` when the range is another's by now. */
export async function noteProgress(
  { db, platform }: Pick<ServerContext, 'db' | 'platform'>,
  subject: Subject,
  progress: Progress,
): Promise<BackfillStanding> {
  const { cursor = null, isCopied, tally, pace, isReleased } = progress;
  const now = platform.now();
  await writeHeld(db, subject, progress, {
    cursor,
    state: isCopied ? 'done' : 'running',
    tallyJson: JSON.stringify(tally),
    paceJson: pace === undefined ? null : JSON.stringify(pace),
    leasedUntil: isReleased ? null : now + leaseMs,
  });
  return readStanding(db, subject, now);
}

/** Ends the lease; the range is `dirty` when the sides differ. */
export async function noteVerification(
  { db }: Pick<ServerContext, 'db'>,
  subject: Subject,
  { verification, ...held }: Pick<Progress, 'position' | 'fence'> & { readonly verification: BackfillVerification },
): Promise<{ readonly state: 'verified' | 'dirty' }> {
  const { old, new: next, reported } = verification;
  const isEqual = old.count === next.count && old.sum === next.sum && reported.length === 0;
  const state = isEqual ? 'verified' : 'dirty';
  const verificationJson = JSON.stringify(verification);
  await writeHeld(db, subject, held, { state, verificationJson, leasedUntil: null, paceJson: null });
  return { state };
}

/** What was written while the flag serves these only one of the stores has. */
function refuseOneSided({ definition, configuration }: StoredFlag, key: string): void {
  const inForce = listStagesInForce(configuration);
  const oneSided = definition.archived
    ? 'off'
    : (['off', 'complete'] as const).find((stage) => inForce.includes(stage));
  if (oneSided === undefined) return;
  const why =
    oneSided === 'off'
      ? `records of \`${key}\` are in \`off\`, whose writes go to the old store alone: the backfill would miss them. Bring all records to \`dualwrite\` first`
      : `records of \`${key}\` are in \`complete\`, whose writes go to the new store alone: there is nothing to be filled any more`;
  throw new ServerError('conflict', why, { faults: [{ path: 'migration', message: why }] });
}

/**
 * Who may still write in the stage before, foreign SDKs too, which cannot tell: what it writes behind a range that is
 * verified nobody would find. Not waited for is whom the last change of the migration names in its `overrule`, which the
 * history has with the reason.
 */
async function describeStragglers(
  reads: Reads,
  fleet: FleetRecord,
  { version }: StoredFlag,
  { environment, key }: Subject,
): Promise<string | undefined> {
  const { holdouts } = describeHoldouts(fleet, { key, epoch: environment.epoch, version });
  if (holdouts.length === 0) return undefined;
  const named = await findNamed(reads, { environment, key }, version);
  const [first, ...others] = holdouts.filter((holdout) => !isNamed(holdout, named));
  if (first === undefined) return undefined;
  const more = others.length === 0 ? '' : `, and ${others.length} more`;
  const how = 'whom nothing is to wait for is named in `overrule` of the change to `dualwrite` or `shadow`';
  return `not every instance has version ${version} yet: ${first.instance} ${first.reason}${more}; ${how}`;
}

/** The instances that a change of the migration overrules. */
async function findNamed(reads: Reads, { environment, key }: Subject, version: number): Promise<ReadonlySet<string>> {
  const change = await reads
    .selectFrom('changes')
    .select('instructionsJson')
    .where('environmentId', '=', environment.id)
    .where('version', '=', version)
    .executeTakeFirst();
  // Written by this program.
  const instructions = JSON.parse(change?.instructionsJson ?? '[]') as readonly Instruction[];
  return listNamed(instructions, key).instances;
}

/** So many ranges that may be free are looked at in one go: there may be 100,000, and claims are many. */
const lookedAt = 50;

/** The first range that nobody has and that is not verified; undefined: there is none. */
async function takeFirst(
  db: Database,
  { environment, key }: Subject,
  { worker, except, now }: Worker & { readonly now: number },
): Promise<BackfillLease | undefined> {
  const had = new Set(except);
  for (let after = -1; ; ) {
    const ranges = await db
      .selectFrom('backfillRanges')
      .select([...leasedColumns])
      .where('environmentId', '=', environment.id)
      .where('flagKey', '=', key)
      .where('position', '>', after)
      .where('state', '!=', 'verified')
      .where((expression) =>
        expression.or([expression('leasedUntil', 'is', null), expression('leasedUntil', '<', now)]),
      )
      .orderBy('position')
      .limit(lookedAt)
      .execute();
    for (const range of ranges) {
      if (range.state === 'dirty' && had.has(range.position)) continue;
      const lease = await takeRange(db, range, { worker, now });
      if (lease !== undefined) return lease;
    }
    const last = ranges.at(-1);
    if (last === undefined) return undefined;
    after = last.position;
  }
}

/** Not what verification found, which may be long. */
const leasedColumns = [
  ...(['environmentId', 'flagKey', 'position', 'after', 'upTo', 'cursor'] as const),
  ...(['state', 'tallyJson', 'fence', 'leasedUntil'] as const),
] as const;

/** Undefined: somebody else was faster. */
async function takeRange(
  db: Database,
  range: Pick<BackfillRangeRow, (typeof leasedColumns)[number]>,
  { worker, now }: { readonly worker: string; readonly now: number },
): Promise<BackfillLease | undefined> {
  const { environmentId, flagKey, position, after, upTo, cursor, tallyJson } = range;
  const isCopied = range.state === 'done' || range.state === 'dirty';
  const fence = range.fence + 1;
  const { numUpdatedRows } = await db
    .updateTable('backfillRanges')
    .set({ state: isCopied ? 'done' : 'running', worker, fence, leasedUntil: now + leaseMs, paceJson: null })
    .where('environmentId', '=', environmentId)
    .where('flagKey', '=', flagKey)
    .where('position', '=', position)
    .where('fence', '=', range.fence)
    .where('state', '=', range.state)
    // Nobody told of it since: a late worker keeps it by coming before another one.
    .where('leasedUntil', range.leasedUntil === null ? 'is' : '=', range.leasedUntil)
    .executeTakeFirst();
  if (numUpdatedRows !== 1n) return undefined;
  return {
    position,
    fence,
    leaseMs,
    ...(after !== null && { after }),
    ...(upTo !== null && { upTo }),
    ...(cursor !== null && { cursor }),
    isCopied,
    // Written by this program.
    tally: JSON.parse(tallyJson) as BackfillTally,
  };
}

/** Writes what the holder of a range tells. */
async function writeHeld(
  db: Database,
  { environment, key }: Subject,
  { position, fence }: Pick<Progress, 'position' | 'fence'>,
  told: Partial<BackfillRangeRow>,
): Promise<void> {
  const { numUpdatedRows } = await db
    .updateTable('backfillRanges')
    .set(told)
    .where('environmentId', '=', environment.id)
    .where('flagKey', '=', key)
    .where('position', '=', position)
    .where('fence', '=', fence)
    .where('leasedUntil', 'is not', null)
    .executeTakeFirst();
  if (numUpdatedRows === 1n) return;
  const message = `range ${position} of \`${key}\` is not held with fence ${fence} any more: another worker has it, or it was given back`;
  throw new ServerError('conflict', message, { faults: [{ path: 'fence', message }] });
}
