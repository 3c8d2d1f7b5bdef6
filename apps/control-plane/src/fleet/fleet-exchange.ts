import { type RawBuilder, sql } from 'kysely';
import type { Logger } from 'pino';
import type { Database, Reads } from '../database/schema.ts';
import type { Platform } from '../platform.ts';
import type { EnvironmentFleet } from './environment-fleet.ts';
import type { FleetRecord } from './fleet-record.ts';
import type { FleetRegistry } from './fleet-registry.ts';
import { mergeFleets } from './merge-fleets.ts';
import { readSnapshot, type SnapshotProgress, type SnapshotRoster, takeSnapshot } from './snapshot.ts';
import type { Track } from './track.ts';

export interface FleetExchangeParts {
  readonly db: Database;
  readonly fleet: FleetRegistry;
  readonly platform: Pick<Platform, 'now' | 'elapsed' | 'every'>;
  readonly log: Logger;
  /** Of this server, since its start. */
  readonly replicaId: string;
  /** Whether other servers may work on the database; else it tells a server what the one before it, which stopped, knew. */
  readonly isShared: boolean;
}

/** News are written this often, and no more than a tenth of the time is spent on it. */
const writePeriodMs = 200;
const writeShare = 0.1;
/** Others hear this often that this server is there. */
const alivePeriodMs = 1000;
/** Where there are no others, only who comes and goes is written, and rarely. */
const alone = { writePeriodMs: 5000, alivePeriodMs: 10_000 };
/** What a server wrote is of use for so long after it was there last. */
const keptMs = 5 * 60_000;
/** Changes that servers tell each other of in detail. */
const exchanged = { tracks: 16, forMs: 10 * 60_000 };

/** The one clock that servers share is their database's, and that is PostgreSQL. */
const sharedNow = sql<number>`(extract(epoch from clock_timestamp()) * 1000)::bigint`;

/** What was written last of an environment. */
interface Written {
  readonly rosterRevision: number;
  readonly progressRevision: number;
}

/** What another server wrote, as it was read last. */
interface Reading {
  readonly rosterAt: number;
  readonly progressAt: number;
  readonly roster: SnapshotRoster;
  readonly progress: SnapshotProgress;
}

/** Servers of one database tell each other by it which instances they have, and how far changes got there. */
export class FleetExchange {
  readonly #parts: FleetExchangeParts;
  readonly #written = new Map<string, Written>();
  readonly #readings = new Map<string, ReadonlyMap<string, Reading>>();
  readonly #stop: () => void;
  /** News are not written before, nor that this server is there. */
  #newsAt = 0;
  #aliveAt = 0;
  #writing: Promise<void> = Promise.resolve();
  #isWriting = false;
  #isFailing = false;

  constructor(parts: FleetExchangeParts) {
    this.#parts = parts;
    this.#stop = parts.platform.every(parts.isShared ? writePeriodMs : alone.writePeriodMs, () => this.#attempt());
  }

  /** The instances of all servers; `reads`: the transaction, where one is open. */
  async read(environmentId: string, reads: Reads = this.#parts.db): Promise<FleetRecord> {
    const others = await this.#readOthers(environmentId, reads);
    if (others.length === 0) return this.#parts.fleet.open(environmentId);
    return mergeFleets([this.#ownRecord(environmentId), ...others]);
  }

  /** Tells the others for the last time, after which they see for themselves where its instances turn up. */
  async close(): Promise<void> {
    this.#stop();
    await this.#writing;
    this.#newsAt = 0;
    await this.#writeNews();
  }

  get #now(): RawBuilder<number> {
    const { isShared, platform } = this.#parts;
    return isShared ? sharedNow : sql<number>`cast(${platform.now()} as bigint)`;
  }

  /** Of older changes, others tell nothing; nor do we, so that all count alike. */
  #ownRecord(environmentId: string): FleetRecord {
    const fleet = this.#parts.fleet.open(environmentId);
    const tracks = this.#listTracks(fleet);
    const { instances, strays } = fleet;
    return { instances, strays, findTrack: (wanted) => tracks.find(({ version }) => version === wanted) };
  }

  #listTracks(fleet: EnvironmentFleet): readonly Track[] {
    const since = this.#parts.platform.elapsed() - exchanged.forMs;
    return fleet.tracks.slice(-exchanged.tracks).filter(({ publishedAt }) => publishedAt >= since);
  }

  async #readOthers(environmentId: string, reads: Reads): Promise<readonly FleetRecord[]> {
    const { replicaId, platform } = this.#parts;
    const heads = await reads
      .selectFrom('fleetSnapshots')
      .select(['replicaId', 'rosterAt', 'progressAt', 'aliveAt', this.#now.as('now')])
      .where('environmentId', '=', environmentId)
      .where('replicaId', '!=', replicaId)
      .where('aliveAt', '>', sql<number>`${this.#now} - ${keptMs}`)
      .execute();
    const before = this.#readings.get(environmentId);
    const readings = new Map<string, Reading>();
    const records: FleetRecord[] = [];
    for (const head of heads) {
      const reading = await this.#readOther(reads, environmentId, head, before?.get(head.replicaId));
      if (reading === undefined) continue;
      readings.set(head.replicaId, reading);
      const ages = {
        rosterMs: head.now - reading.rosterAt,
        progressMs: head.now - reading.progressAt,
        silentMs: head.now - head.aliveAt,
      };
      records.push(readSnapshot(reading, ages, platform.elapsed()));
    }
    this.#readings.set(environmentId, readings);
    return records;
  }

  /** Reads what is new. */
  async #readOther(
    reads: Reads,
    environmentId: string,
    { replicaId, rosterAt, progressAt }: { readonly replicaId: string } & Pick<Reading, 'rosterAt' | 'progressAt'>,
    known: Reading | undefined,
  ): Promise<Reading | undefined> {
    if (known?.rosterAt === rosterAt && known.progressAt === progressAt) return known;
    const row = await reads
      .selectFrom('fleetSnapshots')
      .select(['rosterAt', 'progressAt', 'progressJson'])
      .select(
        sql<string | null>`case when roster_at = ${known?.rosterAt ?? 0} then null else roster_json end`.as(
          'rosterJson',
        ),
      )
      .where('environmentId', '=', environmentId)
      .where('replicaId', '=', replicaId)
      .executeTakeFirst();
    if (row === undefined) return undefined;
    // Written by this program.
    const progress = JSON.parse(row.progressJson) as SnapshotProgress;
    const roster = row.rosterJson === null ? known?.roster : (JSON.parse(row.rosterJson) as SnapshotRoster);
    return { rosterAt: row.rosterAt, progressAt: row.progressAt, progress, roster: roster ?? [] };
  }

  async #writeNews(): Promise<void> {
    const { fleet, platform } = this.#parts;
    const startedAt = platform.elapsed();
    if (startedAt < this.#newsAt) return;
    for (const [environmentId, instances] of fleet.list()) await this.#write(environmentId, instances);
    const endedAt = platform.elapsed();
    this.#newsAt = endedAt + (endedAt - startedAt) / writeShare;
  }

  async #write(environmentId: string, fleet: EnvironmentFleet): Promise<void> {
    const { rosterRevision, progressRevision } = fleet;
    const before = this.#written.get(environmentId);
    const { db, replicaId, platform, isShared } = this.#parts;
    const hasProgress = isShared && before?.progressRevision !== progressRevision;
    if (!hasProgress && before?.rosterRevision === rosterRevision) return;
    // A server that was started again finds how far changes got in the record of it.
    const tracks = isShared ? this.#listTracks(fleet) : [];
    const { roster, progress } = takeSnapshot(fleet, tracks, platform.elapsed());
    const news = { progressJson: JSON.stringify(progress), progressAt: this.#now, aliveAt: this.#now };
    if (before?.rosterRevision === rosterRevision) {
      const { numUpdatedRows } = await db
        .updateTable('fleetSnapshots')
        .set(news)
        .where('environmentId', '=', environmentId)
        .where('replicaId', '=', replicaId)
        .executeTakeFirst();
      // Somebody has taken away what was written before: next time, all is.
      if (numUpdatedRows === 0n) return void this.#written.delete(environmentId);
    } else {
      const all = { ...news, rosterJson: JSON.stringify(roster), rosterAt: this.#now };
      await db
        .insertInto('fleetSnapshots')
        .values({ replicaId, environmentId, ...all })
        .onConflict((conflict) => conflict.columns(['environmentId', 'replicaId']).doUpdateSet(all))
        .execute();
    }
    this.#written.set(environmentId, { rosterRevision, progressRevision });
  }

  async #sayAlive(): Promise<void> {
    const { db, replicaId, platform, isShared } = this.#parts;
    if (this.#written.size === 0 || platform.elapsed() < this.#aliveAt) return;
    this.#aliveAt = platform.elapsed() + (isShared ? alivePeriodMs : alone.alivePeriodMs);
    await db.updateTable('fleetSnapshots').set({ aliveAt: this.#now }).where('replicaId', '=', replicaId).execute();
  }

  /** What fails is tried again at its next time. Of failures in a row the first is logged. */
  #attempt(): void {
    if (this.#isWriting) return;
    this.#isWriting = true;
    this.#writing = this.#writeNews()
      .then(() => this.#sayAlive())
      .then(
        () => {
          this.#isFailing = false;
        },
        (error: unknown) => {
          if (!this.#isFailing) {
            this.#parts.log.warn({ err: error }, 'other servers could not be told of the instances of this one');
          }
          this.#isFailing = true;
        },
      )
      .finally(() => {
        this.#isWriting = false;
      });
  }
}

/** Forgets what servers wrote that are gone. */
export async function forgetGoneReplicas(
  db: Pick<Database, 'deleteFrom'>,
  { isShared, now }: { readonly isShared: boolean; readonly now: number },
): Promise<void> {
  const at = isShared ? sharedNow : sql<number>`${now}`;
  await db.deleteFrom('fleetSnapshots').where('aliveAt', '<', sql<number>`${at} - ${keptMs}`).execute();
}
