import { listStagesInForce } from '@sluice/authoring';
import type {
  BackfillClaim,
  BackfillLease,
  BackfillPace,
  BackfillStanding,
  BackfillTally,
  BackfillVerification,
} from '@sluice/protocol';
import type { BackfillRangeRow, Database } from '../database/schema.ts';
import { ServerError } from '../errors.ts';
import type { StoredFlag } from '../flags/flag-queries.ts';
import type { FleetRecord } from '../fleet/fleet-record.ts';
import { describeHoldouts } from '../migrations/barrier.ts';
import type { ReadFleet } from '../migrations/pass-barriers.ts';
import { holdEnvironment } from '../projects/environment-queries.ts';
import { getMigration, listRanges, type Subject } from './backfill-queries.ts';

/** Who has told of no progress for so long has lost its range. */
const leaseMs = 60_000;
const retryMs = 500;

export interface Workplace {
  readonly db: Database;
  readonly readFleet: ReadFleet;
  readonly now: () => number;
}

export interface Worker {
  readonly worker: string;
  /** Positions of dirty ranges that it is not to have again. */
  readonly except: readonly number[];
}

/** Says what a worker is to do next. Throws `conflict` where writes would go by one of the stores. */
export async function claimRange(
  { db, readFleet, now }: Workplace,
  subject: Subject,
  { worker, except }: Worker,
): Promise<BackfillClaim> {
  const flag = await getMigration(db, subject);
  refuseOneSided(flag, subject.key);
  const ranges = await listRanges(db, subject);
  if (ranges.length === 0) {
    const reason = describeStragglers(await readFleet(subject.environment.id), flag, subject);
    return reason === undefined ? { kind: 'propose' } : { kind: 'wait', reason, retryMs };
  }
  const time = now();
  for (const range of ranges) {
    if (!isFree(range, time, except)) continue;
    const lease = await takeRange(db, range, { worker, now: time });
    if (lease === undefined) continue;
    return { kind: 'range', lease, standing: await readStanding(db, subject, time) };
  }
  const standing = await readStanding(db, subject, time);
  if (standing.workers === 0) return { kind: 'finished', standing };
  return { kind: 'wait', reason: `the last ${standing.workers} ranges are with other workers`, retryMs };
}

/** Makes the ranges, unless somebody else just did. */
export async function proposeRanges(
  { db }: Pick<Workplace, 'db'>,
  subject: Subject,
  upperBounds: readonly string[],
): Promise<void> {
  const { projectKey, key: environmentKey } = subject.environment;
  await db.transaction().execute(async (writes) => {
    // Of two who propose, the second finds the ranges of the first.
    const { id: environmentId, version: proposedVersion } = await holdEnvironment(writes, projectKey, environmentKey);
    refuseOneSided(await getMigration(writes, subject), subject.key);
    if ((await listRanges(writes, subject)).length > 0) return;
    await writes
      .deleteFrom('backfillRanges')
      .where('environmentId', '=', environmentId)
      .where('flagKey', '=', subject.key)
      .execute();
    const ends: readonly (string | null)[] = [...upperBounds, null];
    const rows = ends.map((upTo, position) => ({
      environmentId,
      flagKey: subject.key,
      position,
      after: ends[position - 1] ?? null,
      upTo,
      state: 'todo' as const,
      tallyJson: JSON.stringify(nothing),
      fence: 0,
      proposedVersion,
    }));
    for (let at = 0; at < rows.length; at += rowsAtOnce) {
      await writes
        .insertInto('backfillRanges')
        .values(rows.slice(at, at + rowsAtOnce))
        .execute();
    }
  });
}

const rowsAtOnce = 500;
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
  { db, now }: Pick<Workplace, 'db' | 'now'>,
  subject: Subject,
  progress: Progress,
): Promise<BackfillStanding> {
  const { cursor = null, isCopied, tally, pace, isReleased } = progress;
  await writeHeld(db, subject, progress, {
    cursor,
    state: isCopied ? 'done' : 'running',
    tallyJson: JSON.stringify(tally),
    paceJson: pace === undefined ? null : JSON.stringify(pace),
    leasedUntil: isReleased ? null : now() + leaseMs,
  });
  return readStanding(db, subject, now());
}

/** Ends the lease; the range is `dirty` when the sides differ. */
export async function noteVerification(
  { db }: Pick<Workplace, 'db'>,
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

/** Who may still write in the stage before. Foreign SDKs cannot tell, and are not waited for. */
function describeStragglers(
  fleet: FleetRecord,
  { version }: StoredFlag,
  { environment, key }: Subject,
): string | undefined {
  const { holdouts } = describeHoldouts(fleet, { key, epoch: environment.epoch, version });
  const [first, ...others] = holdouts.filter(({ isForeign }) => !isForeign);
  if (first === undefined) return undefined;
  const more = others.length === 0 ? '' : `, and ${others.length} more`;
  return `not every instance has version ${version} yet: ${first.instance} ${first.reason}${more}`;
}

function isFree({ state, position, leasedUntil }: BackfillRangeRow, now: number, except: readonly number[]): boolean {
  if (leasedUntil !== null && leasedUntil >= now) return false;
  return state !== 'verified' && !(state === 'dirty' && except.includes(position));
}

/** Asked for with every page, so that the ranges themselves are not read. */
async function readStanding(db: Database, { environment, key }: Subject, now: number): Promise<BackfillStanding> {
  const counts = await db
    .selectFrom('backfillRanges')
    .select(({ fn }) => [
      'state',
      fn.countAll<number>().as('ranges'),
      fn.countAll<number>().filterWhere('leasedUntil', '>=', now).as('workers'),
    ])
    .where('environmentId', '=', environment.id)
    .where('flagKey', '=', key)
    .groupBy('state')
    .execute();
  const add = (pick: (row: (typeof counts)[number]) => number) => counts.reduce((sum, row) => sum + pick(row), 0);
  return {
    workers: add(({ workers }) => workers),
    ranges: add(({ ranges }) => ranges),
    copied: add(({ state, ranges }) => (state === 'todo' || state === 'running' ? 0 : ranges)),
    verified: add(({ state, ranges }) => (state === 'verified' ? ranges : 0)),
  };
}

/** Undefined: somebody else was faster. */
async function takeRange(
  db: Database,
  range: BackfillRangeRow,
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
