import {
  type ConfigInForce,
  type EncodedWindow,
  type Hello,
  mostBacklogs,
  type Notice,
  nameWindow,
  parseSelector,
  type RefusedObject,
  type RepairBacklog,
  type Report,
  type Running,
  type ValveInBuild,
} from '@sluice/protocol';
import type { DataObserver } from '../data/data-system.ts';
import type { Send } from '../data/source.ts';
import type { Platform } from '../platform.ts';
import type { Origin } from '../status.ts';
import type { PostReports } from './post-reports.ts';

export interface ReporterOptions {
  /** Who this instance is. */
  readonly identity: Pick<Hello, 'key' | 'session' | 'sdk' | 'about'>;
  /** Carries reports while there is no line to the server. */
  readonly post: PostReports;
}

/** What the server says of a batch of events: a status as for a request, and its time. */
export interface TakenEvents {
  readonly status: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** The control plane knew of this instance, and afterwards had the environment so far. */
export interface Known {
  /** At this time, or later, by the clock that never jumps. */
  readonly at: number;
  /** Selector: whoever has not come as far runs what others may not have waited for. */
  readonly state: string;
}

/** What runs in this process, as it was when it began. */
export interface RunningOperations {
  /** The environment's version under which the oldest of them began; undefined: nothing runs. */
  readonly oldest: number | undefined;
}

/** Until the server says otherwise. */
const firstPace = { delayMs: 0, spreadMs: 100, heartbeatMs: 10_000, windowMs: 5000 };
/** Whatever the server asks for: a timer for longer than 24 days would fire at once. */
const bounds = { leastHeartbeatMs: 1000, leastWindowMs: 1000, mostMs: 3_600_000 };
/** The server reads none that are longer: such a window would never be taken. */
const longestWindow = 1_000_000;
/** A batch of events, or a window, that the server says nothing about in this time counts as lost. */
const takenWithinMs = 10_000;

/**
 * Tells the server what this instance runs: after a change, somewhere within the spread that the server asks for, so
 * that a large fleet does not answer all at once; and as a heartbeat, which makes good what was lost.
 */
export class Reporter implements DataObserver {
  readonly #options: ReporterOptions;
  readonly #platform: Pick<Platform, 'clock' | 'random'>;
  #pace = firstPace;
  #running: Pick<Running, 'state' | 'refused' | 'problem'> = {};
  #operations: RunningOperations | undefined;
  #listRepairs = (): readonly RepairBacklog[] | undefined => undefined;
  /** Undefined: nobody wants to know whether this instance is known. */
  #onKnown: ((known: Known) => void) | undefined;
  /** That somebody waits for the end of. */
  #toldOldest: number | undefined;
  /** Absent: there were never any. */
  #lists: Pick<Running, 'configs' | 'valves'> = {};
  /** Whether the other end of the line knows them. */
  #areListsTold = true;
  /** Since when that is in force. */
  #since: number;
  #via: Origin = 'none';
  #line: Send | undefined;
  /** Whether the server said that it takes reports: LaunchDarkly's does not. */
  #isInvited = false;
  /** Whether the other end of the line knows who we are. */
  #isGreeted = false;
  #connections = 0;
  #cancelReport: (() => void) | undefined;
  #cancelHeartbeat = (): void => undefined;
  /** Who waits for word about a batch of events, or a window, by its id. */
  readonly #batches = new Map<string, (answer: TakenEvents | undefined) => void>();
  #closed = false;

  constructor(options: ReporterOptions, platform: Pick<Platform, 'clock' | 'random'>) {
    this.#options = options;
    this.#platform = platform;
    this.#since = platform.clock.elapsed();
  }

  /** Whether text can be sent right now. */
  get hasLine(): boolean {
    return this.#line !== undefined;
  }

  running(state: string | undefined, refused: readonly RefusedObject[], origin: Origin): void {
    const isElsewhere = this.#via !== origin;
    this.#via = origin;
    const isNews = this.#note({
      ...(state !== undefined && { state }),
      ...(refused.length > 0 && { refused }),
    });
    if (isNews || isElsewhere) this.#scheduleReport();
  }

  refusing(refused: readonly RefusedObject[]): void {
    const { refused: _, ...others } = this.#running;
    if (this.#note({ ...others, ...(refused.length > 0 && { refused }) })) this.#scheduleReport();
  }

  /** Values of configs are in force. */
  configs(configs: readonly ConfigInForce[]): void {
    this.#noteList({ configs });
  }

  /** The code has these valves. */
  valves(valves: readonly ValveInBuild[]): void {
    this.#noteList({ valves });
  }

  /** From now on tells of operations that began under a version before the one in force. */
  watch(operations: RunningOperations): void {
    this.#operations = operations;
  }

  /** One of them ended. */
  operationEnded(): void {
    if (this.#toldOldest !== undefined && this.#toldOldest !== this.#findOldest()) this.#scheduleReport();
  }

  /**
   * From now on tells, whenever it tells of anything, of migrations with records to repair; undefined: not known yet,
   * and whoever hears of this instance keeps what the process before it told.
   */
  watchRepairs(list: () => readonly RepairBacklog[] | undefined): void {
    this.#listRepairs = list;
  }

  /** It is known now, or there are some where there were none. */
  repairsNews(): void {
    this.#scheduleReport();
  }

  /** From now on asks, now and whenever it tells of anything, since when the control plane knows of this instance. */
  watchKnown(onKnown: (known: Known) => void): void {
    this.#onKnown = onKnown;
    if (this.#isReachable()) void this.#send([this.#renewal()]);
  }

  refuse(problem: string): void {
    if (this.#note({ ...this.#running, problem })) this.#scheduleReport();
  }

  notice(notice: Notice): void {
    switch (notice.event) {
      case 'fleet':
        this.#isInvited = true;
        this.#pace = {
          delayMs: Math.min(bounds.mostMs, notice.delayMs),
          spreadMs: Math.min(bounds.mostMs, notice.spreadMs),
          heartbeatMs: Math.min(bounds.mostMs, Math.max(bounds.leastHeartbeatMs, notice.heartbeatMs)),
          windowMs: Math.min(bounds.mostMs, Math.max(bounds.leastWindowMs, notice.windowMs ?? firstPace.windowMs)),
        };
        return;
      case 'probe':
        void this.#send([{ kind: 'probe', id: notice.id }]);
        return;
      case 'lease':
        // A time of ours that has not come yet is none of ours.
        if (notice.mark <= this.#platform.clock.elapsed() && notice.ageMs >= 0)
          this.#onKnown?.({ at: notice.mark - notice.ageMs, state: notice.state });
        return;
      case 'taken':
        this.#settleBatch(notice.id, { status: notice.status, at: notice.at });
        return;
      default:
        notice satisfies never;
    }
  }

  line(send: Send | undefined): void {
    this.#line = send;
    this.#isGreeted = false;
    if (send === undefined) {
      this.#giveUpBatches();
      return;
    }
    this.#via = 'socket';
    this.#tell();
  }

  /** Hands a batch of events to the line; undefined: there is none, or it broke before the server said anything. */
  sendEvents(id: string, encodedEvents: string): Promise<TakenEvents | undefined> {
    return this.#sendByLine(id, `{"kind":"events","id":${JSON.stringify(id)},"events":${encodedEvents}}`);
  }

  /** How long windows of telemetry are to be. */
  get windowMs(): number {
    return this.#pace.windowMs;
  }

  /** Tells the server of a window; resolves with false when nobody knows whether it heard of it. */
  async sendWindow(sequence: number, agoMs: number, window: EncodedWindow): Promise<boolean> {
    const { session } = this.#options.identity;
    const report: Report = { kind: 'telemetry', session, sequence, agoMs, window };
    const id = nameWindow(report);
    const text = JSON.stringify(report);
    if (text.length > longestWindow) return true;
    if (this.#line !== undefined) return (await this.#sendByLine(id, text)) !== undefined;
    if (!this.#isReachable()) return false;
    const notices = await this.#send([report]);
    return notices.some((notice) => notice.event === 'taken' && notice.id === id);
  }

  /** Says goodbye, if anybody knows us, after the last of what it leaves behind. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelReport?.();
    this.#cancelHeartbeat();
    // A post says it with whatever it says.
    if (this.#line !== undefined) this.#tell();
    if (this.#connections > 0 && this.#isReachable()) await this.#send([{ kind: 'goodbye' }]);
    this.#giveUpBatches();
  }

  /** Whether that is different from what was. */
  #note(running: Pick<Running, 'state' | 'refused' | 'problem'>): boolean {
    if (JSON.stringify(running) === JSON.stringify(this.#running)) return false;
    this.#running = running;
    this.#since = this.#platform.clock.elapsed();
    return true;
  }

  #noteList(list: Pick<Running, 'configs' | 'valves'>): void {
    const lists = { configs: [], valves: [], ...this.#lists };
    if (JSON.stringify({ ...lists, ...list }) === JSON.stringify(lists)) return;
    this.#lists = { ...this.#lists, ...list };
    this.#areListsTold = false;
    this.#scheduleReport();
  }

  /** While the socket is away there is nobody to tell, until it is back or something else takes its place. */
  #isReachable(): boolean {
    return this.#line !== undefined || (this.#isInvited && (this.#via === 'stream' || this.#via === 'poll'));
  }

  /** Of changes that come while a report waits, it tells the last. */
  #scheduleReport(): void {
    if (this.#closed || this.#cancelReport !== undefined || !this.#isReachable()) return;
    const { delayMs, spreadMs } = this.#pace;
    this.#cancelReport = this.#platform.clock.after(delayMs + this.#platform.random() * spreadMs, () => this.#tell());
  }

  #tell(): void {
    this.#cancelReport?.();
    this.#cancelReport = undefined;
    this.#scheduleHeartbeat();
    if (!this.#isReachable()) return;
    void this.#send([
      this.#isGreeted ? { kind: 'acknowledgement', ...this.#describe(!this.#areListsTold) } : this.#hello(),
      ...(this.#onKnown === undefined ? [] : [this.#renewal()]),
    ]);
  }

  #renewal(): Report {
    return { kind: 'renewal', mark: this.#platform.clock.elapsed() };
  }

  #scheduleHeartbeat(): void {
    this.#cancelHeartbeat();
    if (this.#closed) return;
    const delayMs = this.#pace.heartbeatMs * (0.9 + 0.2 * this.#platform.random());
    this.#cancelHeartbeat = this.#platform.clock.after(delayMs, () => this.#tell());
  }

  /** Lists are told when they are others, and to whoever may not know them: they are long, and heartbeats are many. */
  #describe(withLists: boolean): Running {
    this.#areListsTold ||= withLists;
    this.#toldOldest = this.#findOldest();
    const repairs = this.#listRepairs()?.slice(0, mostBacklogs);
    return {
      ...this.#running,
      ...(this.#toldOldest !== undefined && { oldestVersion: this.#toldOldest }),
      ...(repairs !== undefined && { repairs }),
      ...(withLists && this.#lists),
      heldMs: Math.round(this.#platform.clock.elapsed() - this.#since),
    };
  }

  /** Undefined: all that runs began under the version in force. */
  #findOldest(): number | undefined {
    const oldest = this.#operations?.oldest;
    const inForce = parseSelector(this.#running.state)?.version;
    return oldest !== undefined && inForce !== undefined && oldest < inForce ? oldest : undefined;
  }

  #hello(): Report {
    this.#connections++;
    const { identity } = this.#options;
    return { kind: 'hello', ...identity, connection: this.#connections, via: this.#via, running: this.#describe(true) };
  }

  /** Resolves with what the server has to say in return, where it can: by a line that comes later. */
  async #send(reports: readonly Report[]): Promise<readonly Notice[]> {
    if (this.#line !== undefined) {
      for (const report of reports) this.#line(JSON.stringify(report));
      this.#isGreeted ||= reports[0]?.kind === 'hello';
      return [];
    }
    // Whoever takes in a post may be another server than the one that took in the post before.
    const notices = await this.#options.post(reports[0]?.kind === 'hello' ? reports : [this.#hello(), ...reports]);
    for (const notice of notices) if (!this.#closed) this.notice(notice);
    return notices;
  }

  /** Sends what the server will say something about; undefined: there is no line, or it broke before that. */
  #sendByLine(id: string, text: string): Promise<TakenEvents | undefined> {
    const line = this.#line;
    if (line === undefined) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      const cancel = this.#platform.clock.after(takenWithinMs, () => this.#settleBatch(id, undefined), true);
      this.#batches.set(id, (answer) => {
        cancel();
        resolve(answer);
      });
      line(text);
    });
  }

  #settleBatch(id: string, answer: TakenEvents | undefined): void {
    const settle = this.#batches.get(id);
    this.#batches.delete(id);
    settle?.(answer);
  }

  #giveUpBatches(): void {
    for (const id of [...this.#batches.keys()]) this.#settleBatch(id, undefined);
  }
}
