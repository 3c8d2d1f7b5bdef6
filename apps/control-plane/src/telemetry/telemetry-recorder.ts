import { createHash } from 'node:crypto';
import type { ErrorLog } from '@sluice/delivery';
import { otherName, SubjectTally, subjectForms, TelemetryWindow, type WindowReport } from '@sluice/protocol';
import type { ChannelRegistry } from '../channels/channel-registry.ts';
import { chunk } from '../database/chunks.ts';
import type { Database, TelemetryRow, Writes } from '../database/schema.ts';
import { ServerError } from '../errors.ts';
import { createId } from '../ids.ts';
import { type FoundMismatch, writeMismatches } from '../migrations/mismatch-store.ts';
import { nextTurn, type Platform } from '../platform.ts';
import { HourlyNames } from './hourly-names.ts';
import { finest, startOf } from './telemetry-levels.ts';
import type { TelemetryMetrics } from './telemetry-metrics.ts';

const flushPeriodMs = 1000;
const hourMs = 3_600_000;
/** What happened longer ago is not looked at: nobody waits for it, and what there is of that time is added up. */
const latestMs = hourMs;
/** Longer than a window may be late: what is not remembered any more is too late to be counted again. */
const sendersRememberedMs = 2 * hourMs;
/** Cells of windows that wait for a flush: more than a second of 20,000 instances brings. */
const cellsWaiting = 500_000;
/** Adding up one takes a third of a millisecond; whatever else there is to do is done after so many. */
const windowsAtOnce = 200;
/** One process sends a window after the other; whoever sends many at a time is not one of our SDKs. */
const windowsOfSession = 20;
/** Of an environment in an hour: each is remembered, and five times as many as there are instances are not ours. */
const mostSessions = 100_000;

interface Received {
  readonly environmentId: string;
  /** SHA-256, base64url. */
  readonly session: string;
  readonly sequence: number;
  /** When it ended, by our clock. */
  readonly endedAt: number;
  readonly window: unknown;
  readonly settle: (error?: unknown) => void;
}

interface Sum {
  readonly environmentId: string;
  readonly start: number;
  readonly tally: SubjectTally;
}

/** What a flush comes to. */
interface Sums {
  readonly rows: Map<string, Sum>;
  readonly mismatches: FoundMismatch[];
  /** Parts of windows that were malformed; subjects that there are none of; calls that an SDK could not tell apart. */
  malformed: number;
  unknown: number;
  uncounted: number;
}

/** Adds up what SDKs count, each window once, however often and by whichever way it is sent. */
export class TelemetryRecorder {
  readonly #db: Database;
  readonly #channels: ChannelRegistry;
  readonly #platform: Platform;
  readonly #errors: ErrorLog;
  readonly #metrics: TelemetryMetrics;
  readonly #stop: () => void;
  #received: Received[] = [];
  #waiting = 0;
  /** Windows that wait, by environment and session. */
  readonly #windowsOf = new Map<string, number>();
  #flushing: Promise<void> = Promise.resolve();
  /** Templates and sessions come from callers. */
  readonly #routes = new HourlyNames(subjectForms.route.most);
  readonly #sessions = new HourlyNames(mostSessions);

  constructor(
    db: Database,
    channels: ChannelRegistry,
    { platform, errors, metrics }: { platform: Platform; errors: ErrorLog; metrics: TelemetryMetrics },
  ) {
    this.#db = db;
    this.#channels = channels;
    this.#platform = platform;
    this.#errors = errors;
    this.#metrics = metrics;
    this.#stop = platform.every(flushPeriodMs, () => void this.flush());
  }

  /** Takes in a window; resolves when it is written, or was before, or is too late. Rejects when it is not written. */
  record(environmentId: string, { session, sequence, agoMs, window }: WindowReport): Promise<void> {
    if (agoMs > latestMs) {
      this.#metrics.dropped.inc({ reason: 'late' });
      return Promise.resolve();
    }
    const cells = countCells(window);
    // An empty queue takes any window, or one that is too large would be sent for ever.
    if (this.#waiting > 0 && this.#waiting + cells > cellsWaiting)
      return Promise.reject(new ServerError('unavailable', 'more telemetry comes than can be written'));
    const hash = createHash('sha256').update(session).digest('base64url');
    if (!this.#sessions.admit(environmentId, hash, this.#platform.now())) {
      this.#metrics.dropped.inc({ reason: 'too-many' });
      return Promise.resolve();
    }
    const name = `${environmentId}/${hash}`;
    const windows = this.#windowsOf.get(name) ?? 0;
    if (windows >= windowsOfSession)
      return Promise.reject(new ServerError('unavailable', 'more windows of one session come than are looked at'));
    this.#windowsOf.set(name, windows + 1);
    this.#waiting += cells;
    const endedAt = this.#platform.now() - agoMs;
    return new Promise((resolve, reject) => {
      const settle = (error?: unknown): void => (error === undefined ? resolve() : reject(error));
      this.#received.push({ environmentId, session: hash, sequence, endedAt, window, settle });
    });
  }

  /** Writes what was received so far; resolves when it is written, or when that failed and was logged. */
  flush(): Promise<void> {
    this.#flushing = this.#flushing.then(async () => {
      const received = this.#received;
      this.#received = [];
      this.#waiting = 0;
      this.#windowsOf.clear();
      for (let start = 0; start < received.length; start += windowsAtOnce) {
        if (start > 0) await nextTurn(this.#platform);
        await this.#writeSome(received.slice(start, start + windowsAtOnce));
      }
    });
    return this.#flushing;
  }

  async close(): Promise<void> {
    this.#stop();
    await this.flush();
  }

  async #writeSome(received: readonly Received[]): Promise<void> {
    try {
      this.#tell(await this.#write(received));
      for (const { settle } of received) settle();
    } catch (error) {
      for (const { settle } of received) settle(error);
      const fields = { windows: received.length };
      this.#errors.write(error, 'telemetry could not be written; it will be sent again', fields);
    }
  }

  async #write(received: readonly Received[]): Promise<Sums> {
    const known = new Map<string, (flagKey: string) => boolean>();
    for (const { environmentId } of received) {
      if (known.has(environmentId)) continue;
      const { log } = await this.#channels.open(environmentId);
      known.set(environmentId, (flagKey) => log.find('flag', flagKey) !== undefined);
    }
    return this.#db.transaction().execute(async (writes) => {
      const sums: Sums = { rows: new Map(), mismatches: [], malformed: 0, unknown: 0, uncounted: 0 };
      for (const each of await takeNew(writes, received, this.#platform.now()))
        this.#addWindow(sums, each, known.get(each.environmentId));
      await writeRows(writes, [...sums.rows.values()], createId(this.#platform));
      await writeMismatches(writes, sums.mismatches, this.#platform);
      return sums;
    });
  }

  #addWindow(sums: Sums, { environmentId, endedAt, window: given }: Received, isFlag?: (key: string) => boolean): void {
    const { window, malformed } = TelemetryWindow.parse(given);
    sums.malformed += malformed;
    sums.uncounted += window.uncounted;
    for (const tally of window.list()) {
      const { kind } = tally;
      const isAdmitted = kind !== 'route' || this.#routes.admit(environmentId, tally.key, this.#platform.now());
      const key = isAdmitted ? tally.key : otherName;
      if (kind !== 'route' && isFlag?.(key) !== true) {
        sums.unknown++;
        continue;
      }
      for (const mismatch of tally.takeMismatches())
        sums.mismatches.push({ environmentId, flagKey: key, at: endedAt, mismatch });
      const start = startOf(finest, endedAt);
      const name = JSON.stringify([environmentId, kind, key, start]);
      const own = key === tally.key ? tally : new SubjectTally(kind, key);
      const sum = sums.rows.get(name) ?? { environmentId, start, tally: own };
      sums.rows.set(name, sum);
      if (sum.tally !== tally) sum.tally.merge(tally);
    }
  }

  #tell({ rows, malformed, unknown, uncounted }: Sums): void {
    const { dropped, countValveCalls } = this.#metrics;
    dropped.inc({ reason: 'malformed' }, malformed);
    dropped.inc({ reason: 'unknown-flag' }, unknown);
    dropped.inc({ reason: 'too-many' }, uncounted);
    for (const { environmentId, tally } of rows.values())
      if (tally.kind === 'valve') countValveCalls(environmentId, tally);
  }
}

/** Deletes what is too old to be of use. */
export async function forgetOldSenders(writes: Writes, now: number): Promise<void> {
  await writes
    .deleteFrom('telemetrySenders')
    .where('seenAt', '<', now - sendersRememberedMs)
    .execute();
}

/** What there is to add up in a window from outside. */
function countCells(window: unknown): number {
  // Any object may be asked for any property, here and below.
  const { subjects } = (window ?? {}) as { readonly subjects?: unknown };
  if (!Array.isArray(subjects)) return 1;
  return subjects.reduce<number>((sum, subject) => {
    const { cells } = (subject ?? {}) as { readonly cells?: unknown };
    return sum + 1 + (Array.isArray(cells) ? cells.length : 0);
  }, 1);
}

/** The windows that were not counted before, each once, noted as counted from now on. */
async function takeNew(writes: Writes, received: readonly Received[], now: number): Promise<readonly Received[]> {
  const ofSessions = Map.groupBy(received, ({ environmentId, session }) => `${environmentId}/${session}`);
  // Every replica writes rows in this one order, because two that wait for each other's rows would both fail.
  const sessions = [...ofSessions]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, windows]) => windows.toSorted((a, b) => a.sequence - b.sequence));
  const taken: Received[] = [];
  // Of nearly every session there is one.
  for (let turn = 0; turn < windowsOfSession; turn++) {
    const windows = sessions.flatMap((ofSession) => ofSession[turn] ?? []);
    for (const part of chunk(windows, 4)) taken.push(...(await takeHigher(writes, part, now)));
  }
  return taken;
}

/** Of windows of different sessions those whose number is higher than that of the last that was counted. */
async function takeHigher(writes: Writes, windows: readonly Received[], now: number): Promise<readonly Received[]> {
  const values = windows.map(({ environmentId, session, sequence }) => ({
    environmentId,
    session,
    sequence,
    seenAt: now,
  }));
  const rows = await writes
    .insertInto('telemetrySenders')
    .values(values)
    .onConflict((conflict) =>
      conflict
        .columns(['environmentId', 'session'])
        .doUpdateSet((expression) => ({ sequence: expression.ref('excluded.sequence'), seenAt: now }))
        .whereRef('telemetrySenders.sequence', '<', 'excluded.sequence'),
    )
    .returning(['environmentId', 'session'])
    .execute();
  const taken = new Set(rows.map(({ environmentId, session }) => `${environmentId}/${session}`));
  return windows.filter(({ environmentId, session }) => taken.has(`${environmentId}/${session}`));
}

async function writeRows(writes: Writes, sums: readonly Sum[], part: string): Promise<void> {
  const rows = sums.map(({ environmentId, start, tally }): TelemetryRow => {
    const { kind, key } = tally;
    const period = { periodMs: finest.periodMs, start, part, rolledUp: 0 as const };
    return { environmentId, kind, key, ...period, tallyJson: JSON.stringify(tally.encode()) };
  });
  for (const each of chunk(rows, 8)) await writes.insertInto('telemetry').values(each).execute();
}
