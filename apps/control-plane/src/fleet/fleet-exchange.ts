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
  readonly platform: Pick<Platform, 'now' | 'elapsed' | 'every' | 'after'>;
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

/** Somebody who wants to be sure that all who are here are written. */
interface Waiting {
  resolve(aliveAt: number): void;
  reject(error: unknown): void;
}

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
  /** The others know that this server was there then, or later. */
  #saidAliveAt = 0;
  #waiting: Waiting[] = [];
  #writing: Promise<void> = Promise.resolve();
  #isWriting = false;
  #isFailing = false;
  #isClosed = false;

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

  /**
   * Resolves once all who are here by now are written, so that whoever asks for the fleet at another server, or after this
   * one was started again, finds them; with the time since which, or later, others know that this server was there: until
   * `leaseMs` after it they take nobody of it for gone.
   */
  settle(): Promise<number> {
    if (this.#isClosed) return Promise.reject(new Error('the server is stopping'));
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    this.#waiting.push({ resolve, reject });
    this.#attempt();
    return promise;
  }

  /** Tells the others for the last time, after which they see for themselves where its instances turn up. */
  async close(): Promise<void> {
    this.#stop();
    this.#isClosed = true;
    await this.#writing;
    for (const { reject } of this.#waiting.splice(0)) reject(new Error('the server is stopping'));
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

  /** Whether all is written: not where it was written too lately, or somebody has taken away what was there. */
  async #writeNews(): Promise<boolean> {
    const { fleet, platform } = this.#parts;
    const startedAt = platform.elapsed();
    if (startedAt < this.#newsAt) return false;
    let isAll = true;
    for (const [environmentId, instances] of fleet.list()) {
      if (!(await this.#write(environmentId, instances))) isAll = false;
    }
    const endedAt = platform.elapsed();
    this.#newsAt = endedAt + (endedAt - startedAt) / writeShare;
    return isAll;
  }

  /** False: somebody has taken away what was written before; next time, all is written. */
  async #write(environmentId: string, fleet: EnvironmentFleet): Promise<boolean> {
    const { rosterRevision, progressRevision } = fleet;
    const before = this.#written.get(environmentId);
    const { db, replicaId, platform, isShared } = this.#parts;
    const hasProgress = isShared && before?.progressRevision !== progressRevision;
    if (!hasProgress && before?.rosterRevision === rosterRevision) return true;
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
      if (numUpdatedRows === 0n) {
        this.#written.delete(environmentId);
        return false;
      }
    } else {
      const all = { ...news, rosterJson: JSON.stringify(roster), rosterAt: this.#now };
      await db
        .insertInto('fleetSnapshots')
        .values({ replicaId, environmentId, ...all })
        .onConflict((conflict) => conflict.columns(['environmentId', 'replicaId']).doUpdateSet(all))
        .execute();
    }
    this.#written.set(environmentId, { rosterRevision, progressRevision });
    return true;
  }

  /** Whether the others know it of all that was written: not where somebody has taken some of it away. */
  async #sayAlive(): Promise<boolean> {
    const { db, replicaId, platform, isShared } = this.#parts;
    const now = platform.elapsed();
    if (this.#written.size === 0 || now < this.#aliveAt) return true;
    const { numUpdatedRows } = await db
      .updateTable('fleetSnapshots')
      .set({ aliveAt: this.#now })
      .where('replicaId', '=', replicaId)
      .executeTakeFirst();
    if (numUpdatedRows < this.#written.size) {
      this.#written.clear();
      return false;
    }
    this.#aliveAt = now + (isShared ? alivePeriodMs : alone.alivePeriodMs);
    this.#saidAliveAt = now;
    return true;
  }

  /** What fails is tried again at its next time. */
  #attempt(): void {
    if (this.#isWriting || this.#isClosed) return;
    this.#isWriting = true;
    // Whoever asks while this is written may have come too late for it.
    const waiting = this.#waiting.splice(0);
    this.#writing = this.#writeAll(waiting).finally(() => {
      this.#isWriting = false;
      if (this.#waiting.length > 0) this.#parts.platform.after(this.#leftMs, () => this.#attempt());
    });
  }

  /** Until news may be written again. */
  get #leftMs(): number {
    return Math.max(0, this.#newsAt - this.#parts.platform.elapsed());
  }

  /** Of failures in a row the first is logged. */
  async #writeAll(waiting: readonly Waiting[]): Promise<void> {
    try {
      const isAll = await this.#writeNews();
      const isKnown = await this.#sayAlive();
      if (isAll && isKnown) for (const { resolve } of waiting) resolve(this.#saidAliveAt);
      else this.#waiting.unshift(...waiting);
      this.#isFailing = false;
    } catch (error) {
      for (const { reject } of waiting) reject(error);
      if (!this.#isFailing) {
        this.#parts.log.warn({ err: error }, 'other servers could not be told of the instances of this one');
      }
      this.#isFailing = true;
    }
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
