import type { BigSegments, BigSegmentsAnswer } from '@sluice/engine';
import type { Log, Platform } from './platform.ts';

/** Where the members of big segments are; supplied by the application. */
export interface BigSegmentStore {
  /** When the store was last brought up to date, in milliseconds since the epoch; undefined: never. */
  getMetadata(): Promise<{ readonly lastUpToDate?: number | null } | undefined>;
  /**
   * Of the context whose key has this hash (SHA-256, base64): by `<segment key>.g<generation>`, true for included and
   * false for excluded; undefined when nothing is known of it.
   */
  getMembership(contextHash: string): Promise<Readonly<Record<string, boolean>> | undefined>;
}

export interface BigSegmentOptions {
  readonly store: BigSegmentStore;
  /** Contexts whose membership is kept. */
  readonly cacheSize: number;
  readonly cacheMs: number;
  readonly statusPeriodMs: number;
  /** Older data counts as stale. */
  readonly staleAfterMs: number;
}

export interface BigSegmentStatus {
  /** Whether the last look at the store worked. */
  readonly available: boolean;
  readonly stale: boolean;
}

const unknown: BigSegmentsAnswer = Object.freeze({ status: 'STORE_ERROR', membership: Object.freeze({}) });

interface Entry {
  readonly membership: Readonly<Record<string, boolean>> | undefined;
  readonly expiresAt: number;
}

/** Answers from what was loaded before, because evaluation never waits. What is not there counts as a store error. */
export class BigSegmentCache implements BigSegments {
  readonly #options: BigSegmentOptions;
  readonly #platform: Platform;
  readonly #log: Log;
  /** In the order of their loading. */
  readonly #entries = new Map<string, Entry>();
  readonly #loading = new Map<string, Promise<void>>();
  #status: BigSegmentStatus | undefined;
  #closed = false;
  #cancelPoll = (): void => undefined;

  constructor(options: BigSegmentOptions, platform: Platform, log: Log) {
    this.#options = options;
    this.#platform = platform;
    this.#log = log;
  }

  find(contextKey: string): BigSegmentsAnswer {
    const membership = this.#findEntry(contextKey)?.membership;
    if (membership === undefined) return unknown;
    return { status: this.#status?.stale === true ? 'STALE' : 'HEALTHY', membership };
  }

  /**
   * Calls `evaluate` until all is there that it asks for, loading one context after the other: what one belongs to may
   * decide that the next is not needed. Each is loaded once at most, however soon it expires.
   */
  async prepare(evaluate: (bigSegments: BigSegments) => void): Promise<void> {
    const loaded = new Set<string>();
    for (;;) {
      let missing: string | undefined;
      evaluate({
        find: (key) => {
          if (this.#findEntry(key) === undefined && !loaded.has(key)) missing ??= key;
          return this.find(key);
        },
      });
      if (missing === undefined) return;
      loaded.add(missing);
      await this.#load(missing);
    }
  }

  /** Looks at the store now. */
  async readStatus(): Promise<BigSegmentStatus> {
    try {
      const metadata = await this.#options.store.getMetadata();
      const at = metadata?.lastUpToDate ?? 0;
      this.#status = { available: true, stale: this.#platform.clock.now() - at > this.#options.staleAfterMs };
    } catch (error) {
      this.#log.warn(`big segments: the store does not answer: ${String(error)}`);
      this.#status = { available: false, stale: false };
    }
    return this.#status;
  }

  start(): void {
    const poll = (): void => {
      if (this.#closed) return;
      this.#cancelPoll = this.#platform.clock.after(
        this.#options.statusPeriodMs,
        () => void this.readStatus().then(poll),
      );
    };
    poll();
  }

  close(): void {
    this.#closed = true;
    this.#cancelPoll();
  }

  #findEntry(key: string): Entry | undefined {
    const entry = this.#entries.get(key);
    return entry === undefined || entry.expiresAt <= this.#platform.clock.elapsed() ? undefined : entry;
  }

  /** Whoever wants the same context at the same time shares the query. */
  async #load(key: string): Promise<void> {
    if (this.#status === undefined) await this.readStatus();
    let loading = this.#loading.get(key);
    if (loading === undefined) {
      loading = this.#query(key).finally(() => this.#loading.delete(key));
      this.#loading.set(key, loading);
    }
    await loading;
  }

  async #query(key: string): Promise<void> {
    let membership: Entry['membership'];
    try {
      membership = (await this.#options.store.getMembership(this.#platform.hash.sha256Base64(key))) ?? {};
    } catch (error) {
      this.#log.warn(`big segments: a membership could not be read: ${String(error)}`);
    }
    this.#entries.delete(key);
    this.#entries.set(key, { membership, expiresAt: this.#platform.clock.elapsed() + this.#options.cacheMs });
    const [oldest] = this.#entries.keys();
    if (this.#entries.size > this.#options.cacheSize && oldest !== undefined) this.#entries.delete(oldest);
  }
}
