import type { FeedEventView } from '@sluice/api-client';
import type { Channel } from '@sluice/delivery';
import type { EnvironmentRow } from '../database/schema.ts';
import { untilNews } from '../fleet/await-convergence.ts';
import { describeReach } from '../fleet/convergence.ts';
import type { EnvironmentFleet } from '../fleet/environment-fleet.ts';
import { countFleet, findDue, lateMs } from '../fleet/fleet-counts.ts';
import type { FleetRecord } from '../fleet/fleet-record.ts';
import { oneAtATime } from '../one-at-a-time.ts';
import type { ServerContext } from '../server-context.ts';
import { encodeFeedEvent } from './feed-frame.ts';
import { type FeedChange, listFeedChanges } from './feed-queries.ts';
import type { FeedReader } from './feed-reader.ts';

export type FeedParts = Pick<
  ServerContext,
  'db' | 'channels' | 'fleet' | 'readFleet' | 'readStanding' | 'platform' | 'errors'
>;

type Convergence = Extract<FeedEventView, { event: 'convergence' }>['data'];

/** A change that not everybody has yet. */
interface Underway {
  readonly changeId: string;
  /** What was told last, but for the time. */
  told: string;
  frame: string;
}

/** How far changes got is told no more often than this, and looking takes no more than a part of the time. */
const periodMs = 100;
const lookShare = 0.2;
/** Who comes and goes, and what other servers know of it, is looked for this often. */
const fleetPeriodMs = 1000;
/** While the last change is so young, what other servers know of it is looked for more often. */
const youngMs = 10_000;
/** Of so many changes it is told how far they get. */
const followed = 16;
const namesTold = 20;

/** Tells all who read the feed of an environment what happens there; what is told is found and encoded once for all. */
export class EnvironmentFeed {
  readonly #environment: Pick<EnvironmentRow, 'id' | 'projectKey'>;
  readonly #parts: FeedParts;
  readonly #channel: Channel;
  readonly #own: EnvironmentFleet;
  readonly #readers = new Set<FeedReader>();
  /** By version. */
  readonly #underway = new Map<number, Underway>();
  readonly #ending = new AbortController();
  #stopWaiting = (): void => undefined;
  #told: { readonly epoch: string; readonly version: number };
  #fleetFrame = '';
  #fleetDueAt = 0;
  /** Of instances that are behind or refuse. */
  #trouble: string | undefined;
  readonly tellChanges: () => Promise<void> = oneAtATime(() => this.#tellChanges());

  constructor(environment: Pick<EnvironmentRow, 'id' | 'projectKey'>, channel: Channel, parts: FeedParts) {
    this.#environment = environment;
    this.#parts = parts;
    this.#channel = channel;
    this.#own = parts.fleet.open(environment.id);
    this.#told = channel.selector;
  }

  /** Begins to look, with the changes of before that are still on their way. */
  async start(): Promise<void> {
    const { version } = this.#told;
    for (const change of (await this.#list(version - followed, version)) ?? []) this.#follow(change);
    await this.#awaitOverdue();
    void this.#watch();
  }

  close(): void {
    this.#ending.abort();
    this.#stopWaiting();
    for (const reader of this.#readers) reader.end();
  }

  get readers(): ReadonlySet<FeedReader> {
    return this.#readers;
  }

  /** Takes in a reader, who may have had everything up to a version. */
  async join(reader: FeedReader, after: number | undefined): Promise<void> {
    const { version } = this.#told;
    const hello = { event: 'hello', data: { version, serverTime: this.#parts.platform.now() } } as const;
    reader.version = after ?? version;
    reader.send(encodeFeedEvent(hello, after === undefined ? version : undefined));
    if (reader.version > version) await this.#parts.channels.refresh(this.#environment.id);
    if (reader.version > this.#channel.selector.version) this.#reset(reader);
    // Changes may come while those are read that it missed.
    while (reader.isOpen && reader.version < this.#told.version) {
      const upTo = this.#told.version;
      const missed = await this.#list(reader.version, upTo);
      if (missed === undefined) this.#reset(reader);
      for (const change of missed ?? []) reader.send(encodeChange(change));
      reader.version = Math.max(reader.version, upTo);
    }
    if (!reader.isOpen) return;
    this.#readers.add(reader);
    reader.onClose(() => this.#readers.delete(reader));
    if (this.#fleetFrame !== '') reader.send(this.#fleetFrame);
    for (const { frame } of this.#underway.values()) if (frame !== '') reader.send(frame);
  }

  #reset(reader: FeedReader): void {
    const { version } = this.#told;
    reader.version = version;
    reader.send(encodeFeedEvent({ event: 'reset', data: { version } }, version));
  }

  #send(frame: string): void {
    for (const reader of this.#readers) reader.send(frame);
  }

  #list(after: number, upTo: number): Promise<readonly FeedChange[] | undefined> {
    return listFeedChanges(this.#parts.db, this.#environment, { after, upTo });
  }

  async #tellChanges(): Promise<void> {
    const { epoch, version } = this.#channel.selector;
    const before = this.#told;
    const changes = epoch === before.epoch ? await this.#list(before.version, version) : undefined;
    this.#told = { epoch, version };
    for (const change of changes ?? []) {
      this.#follow(change);
      const frame = encodeChange(change);
      for (const reader of this.#readers) {
        if (reader.version >= change.version) continue;
        reader.version = change.version;
        reader.send(frame);
      }
    }
    if (changes === undefined) for (const reader of this.#readers) this.#reset(reader);
    if (changes?.some(({ mayMatter }) => mayMatter) === false) return;
    this.#tellMatters();
    await this.#awaitOverdue();
  }

  /** By the clock alone a trip becomes overdue: one timer waits for the next. */
  async #awaitOverdue(): Promise<void> {
    const { readStanding, platform } = this.#parts;
    const { trips } = await readStanding({ ...this.#environment, ...this.#told });
    this.#stopWaiting();
    const now = platform.now();
    const ends = trips.flatMap(({ rule }) => (rule.trip.expiresAt > now ? [rule.trip.expiresAt] : []));
    if (ends.length === 0 || this.#ending.signal.aborted) return;
    const next = ends.reduce((a, b) => Math.min(a, b));
    this.#stopWaiting = platform.after(next - now, () => {
      this.#tellMatters();
      this.#awaitOverdue().catch((error: unknown) =>
        this.#parts.errors.write(error, 'the live feed does not know what is overdue next'),
      );
    });
  }

  #tellMatters(): void {
    this.#send(encodeFeedEvent({ event: 'matters', data: {} }));
  }

  #follow({ id, version }: FeedChange): void {
    this.#underway.set(version, { changeId: id, told: '', frame: '' });
    const [oldest] = this.#underway.keys();
    if (this.#underway.size > followed && oldest !== undefined) this.#underway.delete(oldest);
  }

  async #watch(): Promise<void> {
    const { platform, errors } = this.#parts;
    const { signal } = this.#ending;
    while (!signal.aborted) {
      const startedAt = platform.elapsed();
      await this.#look().catch((error: unknown) => errors.write(error, 'the live feed could not look at the fleet'));
      const least = Math.max(periodMs, (platform.elapsed() - startedAt) / lookShare);
      const last = this.#own.tracks.at(-1);
      const isYoung = this.#underway.size > 0 && last !== undefined && startedAt - last.publishedAt < youngMs;
      await untilNews(
        this.#own,
        platform,
        { least, most: Math.max(least, isYoung ? periodMs : fleetPeriodMs) },
        signal,
      );
    }
  }

  async #look(): Promise<void> {
    const now = this.#parts.platform.elapsed();
    // Of what could not be read when it was made.
    if (this.#channel.selector.version !== this.#told.version) await this.tellChanges();
    const isFleetDue = now >= this.#fleetDueAt;
    if (this.#underway.size === 0 && !isFleetDue) return;
    const record = await this.#parts.readFleet(this.#environment.id);
    for (const [version, change] of this.#underway) this.#tellConvergence(record, version, change);
    if (isFleetDue) this.#tellFleet(record, now);
  }

  #tellConvergence(record: FleetRecord, version: number, change: Underway): void {
    const found = this.#findReach(record, version);
    if (found === undefined) {
      this.#underway.delete(version);
      return;
    }
    const { atMs, ...reach } = found;
    const told = JSON.stringify(reach);
    if (told !== change.told) {
      change.told = told;
      change.frame = encodeFeedEvent({
        event: 'convergence',
        data: { changeId: change.changeId, version, ...reach, atMs },
      });
      this.#send(change.frame);
    }
    if (reach.has === reach.of) this.#underway.delete(version);
  }

  /** Of instances of this server alone it is counted already. */
  #findReach(record: FleetRecord, version: number): Omit<Convergence, 'changeId' | 'version'> | undefined {
    const now = this.#parts.platform.elapsed();
    const track = record.findTrack(version);
    if (track === undefined) return undefined;
    const atMs = Math.round(now - track.publishedAt);
    const names = atMs < lateMs ? 0 : namesTold;
    if (record === this.#own) {
      const progress = this.#own.findProgress(version);
      return progress && { ...progress, behind: this.#own.listBehind(version, names), atMs };
    }
    const reach = describeReach(record, { epoch: track.epoch, version, now });
    return {
      has: reach.accepted,
      of: reach.expected,
      refused: reach.partial + reach.refused,
      behind: reach.stragglers.slice(0, names).map(({ instance }) => instance),
      atMs,
    };
  }

  #tellFleet({ instances }: FleetRecord, now: number): void {
    this.#fleetDueAt = now + fleetPeriodMs;
    const counts = countFleet(instances, findDue(this.#own, { ...this.#channel.selector, now }));
    const frame = encodeFeedEvent({ event: 'fleet', data: counts });
    if (frame === this.#fleetFrame) return;
    this.#fleetFrame = frame;
    this.#send(frame);
    const trouble = `${counts.behind},${counts.refused}`;
    if (this.#trouble !== undefined && this.#trouble !== trouble) this.#tellMatters();
    this.#trouble = trouble;
  }
}

function encodeChange({ mayMatter: _, ...change }: FeedChange): string {
  return encodeFeedEvent({ event: 'change', data: change }, change.version);
}
