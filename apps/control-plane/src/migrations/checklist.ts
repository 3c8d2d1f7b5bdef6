import type { CheckView, MigrationBarrierView } from '@sluice/api-client';
import type { MigrationCheck } from '@sluice/authoring';
import { paceFor } from '@sluice/delivery';
import { findShareBound, findTrialsNeeded } from '@sluice/stats';
import { hasRanges, readStanding } from '../backfill/backfill-queries.ts';
import type { EnvironmentRow, Reads } from '../database/schema.ts';
import type { FleetRecord } from '../fleet/fleet-record.ts';
import { type Instance, nameOf } from '../fleet/instance.ts';
import { finest, startOf } from '../telemetry/telemetry-levels.ts';
import { listCounted, spanOf } from '../telemetry/telemetry-queries.ts';
import { toMigrationView } from '../telemetry/telemetry-view.ts';

/** Of all records so many may differ where the first ones go `live`. */
const mostMismatches = 0.001;
/** Ten hours by the minute; of a longer time what is added up by the hour is enough. */
const mostPeriods = 600;
const instancesNamed = 10;
const queuesTold = 50;

/** What there is to know of a migration before its records go on. */
export interface Evidence extends Pick<MigrationBarrierView, 'backfill' | 'repairs' | 'comparisons'> {}

interface Check {
  /** The stages that no record may go to before it is passed. Returns wait for none. */
  readonly before: CheckView['before'];
  readonly look: (evidence: Evidence) => Pick<CheckView, 'isPassed' | 'text'>;
}

/** Whatever is to be looked at besides who can follow. */
const checks: Readonly<Record<MigrationCheck, Check>> = {
  backfill: { before: ['live'], look: lookAtBackfill },
  repairs: { before: ['live', 'rampdown', 'complete'], look: lookAtRepairs },
  comparisons: { before: ['live'], look: lookAtComparisons },
};

/** Whether anything is looked at before records go there. */
export function hasChecks(crossings: readonly CheckView['before'][number][]): boolean {
  return Object.values(checks).some(({ before }) => crossings.some((into) => before.includes(into)));
}

export function listChecks(evidence: Evidence): readonly CheckView[] {
  // The keys are those of the object.
  const names = Object.keys(checks) as readonly MigrationCheck[];
  return names.map((name) => ({ name, before: checks[name].before, ...checks[name].look(evidence) }));
}

interface Asked {
  readonly environment: EnvironmentRow;
  readonly key: string;
  /** The environment's version that last altered what SDKs get of the migration. */
  readonly version: number;
  readonly now: number;
}

export async function gatherEvidence(reads: Reads, asked: Asked, fleet: FleetRecord): Promise<Evidence> {
  return {
    backfill: await sumRanges(reads, asked),
    repairs: sumRepairs(fleet, asked.key),
    comparisons: await findComparisons(reads, asked, fleet.instances.length),
  };
}

async function sumRanges(reads: Reads, asked: Asked): Promise<Evidence['backfill']> {
  if (!(await hasRanges(reads, asked))) return { ranges: 0, verified: 0 };
  const { ranges, verified } = await readStanding(reads, asked, asked.now);
  return { ranges, verified };
}

/** Also of who is gone, for however long: what it left is repaired by whoever starts in its place, if anybody does. */
function sumRepairs({ instances }: FleetRecord, key: string): Evidence['repairs'] {
  const found = instances.flatMap((instance) =>
    (instance.repairs ?? []).filter(({ migration }) => migration === key).map((backlog) => ({ instance, ...backlog })),
  );
  return {
    depth: found.reduce((sum, { depth }) => Math.min(sum + depth, Number.MAX_SAFE_INTEGER), 0),
    oldestMs: Math.max(0, ...found.map(({ oldestMs }) => oldestMs)),
    instances: listNames(found.filter(({ depth }) => depth > 0)),
    queues: found
      .filter(({ depth }) => depth > 0)
      .sort((one, other) => other.depth - one.depth)
      .slice(0, queuesTold)
      .map(({ instance, depth, oldestMs }) => ({ instance: nameOf(instance), depth, oldestMs })),
    dirty: listNames(found.filter(({ isDirty }) => isDirty === true)),
  };
}

function listNames(found: readonly { readonly instance: Instance }[]): readonly string[] {
  return [...new Set(found.map(({ instance }) => nameOf(instance)))];
}

/** Since the last change: what was found in an earlier stage, or before a mistake was mended, says nothing of this one. */
async function findComparisons(
  reads: Reads,
  { environment, key, version, now }: Asked,
  instances: number,
): Promise<Evidence['comparisons']> {
  const change = await reads
    .selectFrom('changes')
    .select('createdAt')
    .where('environmentId', '=', environment.id)
    .where('version', '=', version)
    .executeTakeFirst();
  const since = change?.createdAt ?? 0;
  // A window told after the change may have begun before it. Of the ten seconds in which the last of those can have
  // ended, or the minute or hour that they are added up to, nobody can tell either.
  const straddlesUntil = since + paceFor(instances).windowMs;
  const span = { ...spanOf(now, now - since, mostPeriods), from: startOf(finest, straddlesUntil) + finest.periodMs };
  const counted = await listCounted(reads, { environmentId: environment.id, kinds: ['migration'], key }, span);
  const { compared, persistent } = toMigrationView(counted)?.compared ?? { compared: 0, persistent: 0 };
  const atMost = findShareBound(persistent, compared);
  return { since, compared, persistent, atMost, enough: findTrialsNeeded(persistent, mostMismatches) };
}

function lookAtBackfill({ backfill: { ranges, verified } }: Evidence): ReturnType<Check['look']> {
  if (ranges === 0) {
    const text =
      'the new store lacks what was in the old one before: no backfill was run since the last record left `off`';
    return { isPassed: false, text };
  }
  return { isPassed: verified === ranges, text: `${verified} of ${ranges} ranges of the backfill are verified` };
}

function lookAtRepairs({ repairs: { depth, oldestMs, instances, dirty } }: Evidence): ReturnType<Check['look']> {
  const records = depth === 1 ? '1 record waits' : `${depth} records wait`;
  const found = [
    ...(depth === 0
      ? []
      : [`${records} to be repaired in ${nameSome(instances)}, the first for ${Math.round(oldestMs / 1000)} s`]),
    ...(dirty.length === 0
      ? []
      : [
          `${nameSome(dirty)} could not keep all records that are to be repaired: compare all of both stores, then call \`markClean()\` there`,
        ]),
  ];
  return { isPassed: found.length === 0, text: found.join('; ') || 'no record waits to be repaired' };
}

function nameSome(instances: readonly string[]): string {
  const named = instances.slice(0, instancesNamed).join(', ');
  return instances.length > instancesNamed ? `${named} and ${instances.length - instancesNamed} more` : named;
}

function lookAtComparisons({
  comparisons: { compared, persistent, atMost, enough },
}: Evidence): ReturnType<Check['look']> {
  if (compared === 0) {
    const text = `nothing was compared since the last change; ${enough} comparisons without a mismatch are enough`;
    return { isPassed: false, text };
  }
  const found = `${persistent} of ${compared} comparisons since the last change found a mismatch`;
  return {
    isPassed: atMost <= mostMismatches,
    text: `${found}: with 95% confidence at most ${toPercent(atMost)} do, and ${toPercent(mostMismatches)} may`,
  };
}

function toPercent(share: number): string {
  return `${Number((share * 100).toPrecision(2))}%`;
}
