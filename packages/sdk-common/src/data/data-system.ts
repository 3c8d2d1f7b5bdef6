import type { Flag } from '@sluice/engine';
import type { Transfer } from '@sluice/protocol';
import type { Log, Platform } from '../platform.ts';
import type { ClientState, Origin, Status } from '../status.ts';
import type { PayloadCache } from './payload-cache.ts';
import { RulesetStore } from './ruleset-store.ts';
import type { Source, SourceFailure, SourceSink } from './source.ts';

/** Makes a source that tells `sink`. */
export type CreateSource = (sink: SourceSink) => Source;

export interface DataSystemOptions<Tally> {
  /** Where data comes from; undefined: nowhere, what is on disk is all there is. */
  readonly primary: { readonly origin: Origin; readonly create: CreateSource } | undefined;
  /** Used while the primary source brings nothing. */
  readonly fallback: { readonly origin: Origin; readonly create: CreateSource } | undefined;
  readonly cache: PayloadCache | undefined;
  readonly createTally: (flag: Flag) => Tally;
  readonly log: Log;
}

/** The fallback starts when the primary source has been without contact for so long. */
const fallbackAfterMs = 10_000;
/** Storing waits so long for more changes, and at least so many times longer than storing took last time. */
const saveDelay = { leastMs: 100, timesLast: 20 };

/**
 * Keeps the ruleset current: first what is on disk, then what the primary source brings, and what the fallback brings
 * while the primary is silent. Whatever fails, the last good payload stays in use.
 */
export class DataSystem<Tally> {
  readonly #options: DataSystemOptions<Tally>;
  readonly #platform: Platform;
  readonly #store: RulesetStore<Tally>;
  readonly #listeners = new Set<(flags: readonly string[]) => void>();
  readonly #statusListeners = new Set<(status: Status) => void>();
  #status: Status;
  #primary: Pick<Source, 'close'> | undefined;
  #fallback: Pick<Source, 'close'> | undefined;
  /** Set while the fallback is about to start. */
  #cancelFallback: (() => void) | undefined;
  #cancelSave = (): void => undefined;
  #saving: Promise<void> | undefined;
  #lastSaveMs = 0;
  #unsaved = false;
  #willSave = false;

  constructor(options: DataSystemOptions<Tally>, platform: Platform) {
    this.#options = options;
    this.#platform = platform;
    this.#store = new RulesetStore({ regex: platform.regex, createTally: options.createTally });
    this.#status = {
      state: 'starting',
      origin: 'none',
      selector: undefined,
      since: platform.clock.now(),
      lastError: undefined,
    };
  }

  get store(): Pick<RulesetStore<Tally>, 'ruleset' | 'hasData'> {
    return this.#store;
  }

  get status(): Status {
    return this.#status;
  }

  /** Reads what is on disk and opens the sources. */
  async start(): Promise<void> {
    await this.#loadCache();
    const { primary } = this.#options;
    if (this.#status.state === 'stopped' || primary === undefined) return;
    this.#scheduleFallback();
    this.#primary = this.#openSource(primary);
  }

  /** Calls back with the flags whose results may be different; returns how to stop that. */
  onChange(listener: (flags: readonly string[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  onStatus(listener: (status: Status) => void): () => void {
    this.#statusListeners.add(listener);
    return () => this.#statusListeners.delete(listener);
  }

  /** Closes the sources and stores what is not stored yet. */
  async close(): Promise<void> {
    if (this.#status.state === 'stopped') return;
    this.#setStatus({ state: 'stopped' });
    this.#primary?.close();
    this.#stopFallback();
    this.#cancelSave();
    await this.#saving;
    if (this.#unsaved) await this.#save();
  }

  async #loadCache(): Promise<void> {
    const transfer = await this.#options.cache?.load((message) => {
      this.#options.log.warn(message);
      this.#noteError({ kind: 'disk', message });
    });
    // A source that was faster has newer data.
    if (transfer === undefined || this.#store.hasData) return;
    this.#store.apply(transfer, false);
    this.#setStatus({ state: 'interrupted', origin: 'disk', selector: this.#store.state });
  }

  /** Starts a source. Once it is closed nothing that it still tells is heard: the last answer, its own abortion. */
  #openSource({ origin, create }: NonNullable<DataSystemOptions<Tally>['primary']>): Pick<Source, 'close'> {
    const store = this.#store;
    const isPrimary = origin === this.#options.primary?.origin;
    let closed = false;
    const source = create({
      get state() {
        return store.state;
      },
      commit: async (transfer) => {
        if (!closed && this.#commit(transfer, origin)) this.#onContact(origin, isPrimary);
      },
      confirm: () => {
        if (!closed) this.#onContact(origin, isPrimary);
      },
      fail: (failure) => {
        if (!closed) this.#onFailure(failure, isPrimary);
      },
    });
    source.start();
    return {
      close: () => {
        closed = true;
        source.close();
      },
    };
  }

  #commit(transfer: Transfer, origin: Origin): boolean {
    const changed = this.#store.apply(transfer, this.#listeners.size > 0);
    if ('refused' in changed) {
      this.#onFailure({ kind: 'refused', message: changed.refused }, false);
      return false;
    }
    this.#unsaved = true;
    this.#scheduleSave();
    this.#setStatus({ origin, selector: this.#store.state });
    if (changed.length > 0) for (const listener of this.#listeners) this.#tell(() => listener(changed));
    return true;
  }

  #onContact(origin: Origin, isPrimary: boolean): void {
    if (!this.#store.hasData) {
      this.#onFailure({ kind: 'refused', message: 'confirmed to be current, but there is nothing yet' }, isPrimary);
      return;
    }
    if (isPrimary) this.#stopFallback();
    if (this.#status.state !== 'live' || this.#status.origin !== origin) this.#setStatus({ state: 'live', origin });
  }

  #onFailure(failure: SourceFailure, isPrimary: boolean): void {
    if (this.#status.state === 'stopped') return;
    this.#options.log.warn(`flags: ${failure.message}`);
    this.#noteError(failure);
    // While the fallback works, nobody is without current flags.
    const isCovered = isPrimary && this.#fallback !== undefined;
    if (!isCovered && this.#status.state === 'live') this.#setStatus({ state: 'interrupted' });
    if (isPrimary) this.#scheduleFallback();
  }

  #scheduleFallback(): void {
    const { fallback } = this.#options;
    // Only the first failure counts: the ones that follow must not put it off.
    if (fallback === undefined || this.#fallback !== undefined || this.#cancelFallback !== undefined) return;
    this.#cancelFallback = this.#platform.clock.after(fallbackAfterMs, () => {
      this.#cancelFallback = undefined;
      this.#fallback = this.#openSource(fallback);
    });
  }

  #stopFallback(): void {
    this.#cancelFallback?.();
    this.#cancelFallback = undefined;
    this.#fallback?.close();
    this.#fallback = undefined;
  }

  #scheduleSave(): void {
    if (this.#options.cache === undefined || this.#willSave || this.#status.state === 'stopped') return;
    this.#willSave = true;
    const delayMs = Math.max(saveDelay.leastMs, saveDelay.timesLast * this.#lastSaveMs);
    this.#cancelSave = this.#platform.clock.after(delayMs, () => {
      this.#saving = this.#save().then(() => {
        this.#willSave = false;
        if (this.#unsaved) this.#scheduleSave();
      });
    });
  }

  async #save(): Promise<void> {
    const { cache, log } = this.#options;
    const { clock } = this.#platform;
    const startedAt = clock.elapsed();
    this.#unsaved = false;
    try {
      await cache?.save(this.#store.ruleset, this.#store.state);
    } catch (error) {
      const message = `the payload could not be stored: ${error instanceof Error ? error.message : String(error)}`;
      log.warn(message);
      this.#noteError({ kind: 'disk', message });
    }
    this.#lastSaveMs = clock.elapsed() - startedAt;
  }

  #noteError({
    kind,
    message,
  }: Pick<SourceFailure, 'message'> & { readonly kind: SourceFailure['kind'] | 'disk' }): void {
    this.#setStatus({ lastError: { kind, message, at: this.#platform.clock.now() } });
  }

  #setStatus(change: Partial<Status> & { readonly state?: ClientState }): void {
    const was = this.#status;
    if (was.state === 'stopped') return;
    const since = change.state === undefined || change.state === was.state ? was.since : this.#platform.clock.now();
    this.#status = { ...was, ...change, since };
    for (const listener of this.#statusListeners) this.#tell(() => listener(this.#status));
  }

  /** A listener of the application must not break what calls it. */
  #tell(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#options.log.error(
        `a listener failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
      );
    }
  }
}
