import type { BarrierView } from '@sluice/api-client';
import { sameObject } from '@sluice/authoring';
import { chunk } from '../database/chunks.ts';
import type { ChangeRow, EnvironmentRow, ObjectRow, Writes } from '../database/schema.ts';
import { ServerError } from '../errors.ts';
import type { ReadFleet } from '../fleet/fleet-record.ts';
import { createId } from '../ids.ts';
import { forgetMigrations } from '../migrations/forget-migrations.ts';
import { writeListings } from '../objects/listing-commands.ts';
import { encodeState, writeDefinitions, writeObjects, writeReferences } from '../objects/object-commands.ts';
import type { Platform } from '../platform.ts';
import { hashChange } from './chain.ts';
import type { ChangePlan, Touch } from './plan-change.ts';

export interface ChangeToWrite {
  readonly environment: EnvironmentRow;
  readonly plan: ChangePlan;
  /** The affected objects as they are stored now. */
  readonly stored: readonly ObjectRow[];
  readonly barriers: readonly BarrierView[];
  readonly comment: string;
  readonly actor: string;
  readonly groupId: string | null;
}

/** What writing a change needs besides the database. */
export interface ChangeSurroundings {
  readonly platform: Platform;
  /** Bytes that the compiled objects of an environment may have. */
  readonly payloadLimitBytes: number;
  readonly readFleet: ReadFleet;
}

/** What a change says of itself. */
export type ChangeRecord = Omit<ChangeRow, 'previousHash' | 'hash'>;

/** What a change came to in one environment. */
export interface AppliedChange {
  /** As the change leaves it. */
  readonly environment: EnvironmentRow;
  readonly row: ChangeRecord;
  /** Everything was as it was asked for already: nothing was written, and no version taken. */
  readonly isUnchanged: boolean;
  /** What it had to pass. */
  readonly barriers: readonly BarrierView[];
}

/** Whether a plan leaves everything as it is. */
export function changesNothing({ touches }: ChangePlan): boolean {
  return touches.every(({ before, after }) => JSON.stringify(before) === JSON.stringify(after));
}

/** Leaves an environment as it is. */
export function leaveUnchanged(change: ChangeToWrite, platform: Platform): AppliedChange {
  const { environment } = change;
  return { environment, row: describeChange(change, environment.version, platform), isUnchanged: true, barriers: [] };
}

/** Writes a planned change: its objects, its record and its place in the chain. */
export async function writeChange(
  writes: Writes,
  change: ChangeToWrite,
  { platform, payloadLimitBytes }: ChangeSurroundings,
): Promise<AppliedChange> {
  const { environment, plan } = change;
  const version = environment.version + 1;
  const rows = plan.affected.map((id) => {
    const row = change.stored.find((candidate) => sameObject(candidate, id));
    const touch = plan.touches.find((candidate) => sameObject(candidate.id, id));
    return { was: row, ...nextRow(environment.id, version, plan, { id, row, touch }) };
  });
  const grownBytes = rows.reduce((sum, { was, is }) => sum + sizeOf(is.compiledJson) - sizeOf(was?.compiledJson), 0);
  const addedBytes = rows.reduce((sum, row) => sum + row.addedBytes, 0);
  if (addedBytes > 0) refuseTooMuch(environment.payloadBytes + grownBytes, payloadLimitBytes);
  await writeObjects(
    writes,
    rows.map(({ is }) => is),
  );
  await writeReferences(writes, environment.id, plan.touches);
  await writeDefinitions(writes, environment.projectKey, plan.touches, platform.now());
  const deleted = plan.touches.flatMap(({ id, after }) => (id.kind === 'flag' && after === undefined ? [id.key] : []));
  await forgetMigrations(writes, environment.id, deleted);
  const row = await writeRecord(writes, change, version, platform);
  await writeListings(writes, environment.id, plan.touches, { version, changedAt: row.createdAt });
  return {
    row,
    isUnchanged: false,
    barriers: change.barriers,
    environment: await moveHead(writes, environment, {
      version,
      // One that is behind stays so until all before it is listed.
      listedVersion: environment.listedVersion === environment.version ? version : environment.listedVersion,
      payloadBytes: environment.payloadBytes + grownBytes,
      chainHead: row.hash,
    }),
  };
}

interface NextRow {
  readonly is: ObjectRow;
  /** What was put in or taken out: without what the version and `false` instead of `true` for `on` take. */
  readonly addedBytes: number;
}

/** Objects whose compiled form is the same keep their version, so that nobody is sent what they have. */
function nextRow(
  environmentId: string,
  version: number,
  plan: ChangePlan,
  {
    id,
    row,
    touch,
  }: { readonly id: Touch['id']; readonly row: ObjectRow | undefined; readonly touch: Touch | undefined },
): NextRow {
  const ofEarlierVersion = plan.compile(id, row?.version ?? version) ?? null;
  const isSame = row !== undefined && ofEarlierVersion === row.compiledJson;
  return {
    addedBytes: sizeOf(ofEarlierVersion) - sizeOf(row?.compiledJson) - (isTurnedOff(touch) ? 1 : 0),
    is: {
      environmentId,
      ...id,
      stateJson: touch === undefined ? (row?.stateJson ?? null) : encodeState(touch.after),
      compiledJson: isSame ? row.compiledJson : (plan.compile(id, version) ?? null),
      version: isSame ? row.version : version,
      touchedVersion: touch === undefined && row !== undefined ? row.touchedVersion : version,
    },
  };
}

function isTurnedOff(touch: Touch | undefined): boolean {
  return isOn(touch?.before) && touch?.after !== undefined && !isOn(touch.after);
}

function isOn(state: Touch['after']): boolean {
  return state !== undefined && 'configuration' in state && state.configuration.on;
}

function refuseTooMuch(payloadBytes: number, limitBytes: number): void {
  if (payloadBytes <= limitBytes) return;
  const megabytes = (bytes: number) => (bytes / 1024 / 1024).toFixed(1);
  throw new ServerError(
    'too-large',
    `the flags and segments of this environment would have ${megabytes(payloadBytes)} MB, more than the ${megabytes(limitBytes)} MB that every SDK is asked to hold (SLUICE_PAYLOAD_LIMIT_MB)`,
  );
}

function sizeOf(json: string | null | undefined): number {
  return Buffer.byteLength(json ?? '');
}

async function writeRecord(
  writes: Writes,
  change: ChangeToWrite,
  version: number,
  platform: Platform,
): Promise<ChangeRow> {
  const { environment, plan } = change;
  const objects = plan.touches.map(({ id, before, after }) => ({
    environmentId: environment.id,
    version,
    ...id,
    beforeJson: before === undefined ? null : JSON.stringify(before),
    afterJson: after === undefined ? null : JSON.stringify(after),
  }));
  const record = { ...describeChange(change, version, platform), previousHash: environment.chainHead };
  const row: ChangeRow = { ...record, hash: hashChange({ ...record, objects }) };
  await writes.insertInto('changes').values(row).execute();
  for (const part of chunk(objects, 7)) {
    const rows = part.map((object) => ({ changeId: row.id, ...object }));
    await writes.insertInto('changeObjects').values(rows).execute();
  }
  return row;
}

function describeChange(
  { environment, plan, comment, actor, groupId }: ChangeToWrite,
  version: number,
  platform: Platform,
): ChangeRecord {
  return {
    id: createId(platform),
    environmentId: environment.id,
    version,
    groupId,
    instructionsJson: JSON.stringify(plan.instructions),
    effectsJson: JSON.stringify(plan.effects),
    comment,
    actor,
    createdAt: platform.now(),
  };
}

/** Raises the environment's version; fails when somebody else did so first, which locks should not let happen. */
async function moveHead(
  writes: Writes,
  environment: EnvironmentRow,
  head: Pick<EnvironmentRow, 'version' | 'listedVersion' | 'payloadBytes' | 'chainHead'>,
): Promise<EnvironmentRow> {
  const { numUpdatedRows } = await writes
    .updateTable('environments')
    .set(head)
    .where('id', '=', environment.id)
    .where('version', '=', environment.version)
    .executeTakeFirst();
  if (numUpdatedRows !== 1n) throw new ServerError('conflict', 'another change came first; try again');
  return { ...environment, ...head };
}
