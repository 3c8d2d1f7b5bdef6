import type { Flag } from '@sluice/engine';
import type { Notice, RefusedObject, Transfer } from '@sluice/protocol';
import { Refusals } from '../fleet/refusals.ts';
import type { Log, Platform } from '../platform.ts';
import type { ClientState, Origin, Status } from '../status.ts';
import type { PayloadCache } from './payload-cache.ts';
import { RulesetStore } from './ruleset-store.ts';
import type { Send, SourceFailure } from './source.ts';
import { SourceChain, type SourceChoice } from './source-chain.ts';

export interface DataSystemOptions<Tally> {
  /** Where data comes from, the best first; empty: what is on disk is all there is. */
  readonly sources: readonly SourceChoice[];
  readonly cache: PayloadCache | undefined;
  /** Is told what is in force; undefined: nobody is. */
  readonly observer?: DataObserver | undefined;
  readonly createTally: (flag: Flag) => Tally;
  readonly log: Log;
}

/** Who tells the server what became of what it sent. */
export interface DataObserver {
  /** This is in force, and current as far as the source knows. */
  running(state: string | undefined, refused: readonly RefusedObject[], origin: Origin): void;
  /** Objects in force, or newer forms of them, that are not used. */
  refusing(refused: readonly RefusedObject[]): void;
  /** What came was refused whole. */
  refuse(problem: string): void;
  notice(notice: Notice): void;
  line(send: Send | undefined): void;
}

/** Storing waits so long for more changes, and at least so many times longer than storing took last time. */
const saveDelay = { leastMs: 100, timesLast: 20 };

/**
 * Keeps the ruleset current: first what is on disk, then what the sources bring. Whatever fails, the last good payload
 * stays in use.
 */
export class DataSystem<Tally> {
  /** What the application refuses of what is in force. */
  readonly refusals = new Refusals(() => this.#noteRefusals());
  readonly #options: DataSystemOptions<Tally>;
  readonly #platform: Platform;
  readonly #store: RulesetStore<Tally>;
  readonly #listeners = new Set<(flags: readonly string[]) => void>();
  readonly #statusListeners = new Set<(status: Status) => void>();
  #status: Status;
  readonly #chain: SourceChain;
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
      refused: [],
      lastError: undefined,
    };
    this.#chain = this.#createChain();
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
    if (this.#status.state !== 'stopped') this.#chain.start();
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
    this.#chain.close();
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
    const changed = this.#store.apply(transfer, this.#listeners.size > 0);
    this.#setStatus({ state: 'interrupted', origin: 'disk', selector: this.#store.state });
    if (!('refused' in changed)) this.#tellChanged(changed);
    this.#options.observer?.running(this.#store.state, this.#status.refused, 'disk');
  }

  #createChain(): SourceChain {
    const { sources, observer } = this.#options;
    const store = this.#store;
    return new SourceChain(
      sources,
      {
        get state() {
          return store.state;
        },
        commit: (transfer, origin) => this.#commit(transfer, origin),
        confirm: (origin) => this.#confirm(origin),
        fail: (failure, isCovered) => this.#fail(failure, isCovered),
        notice: (notice) => observer?.notice(notice),
        line: (send) => observer?.line(send),
      },
      this.#platform.clock,
    );
  }

  #commit(transfer: Transfer, origin: Origin): boolean {
    const changed = this.#store.apply(transfer, this.#listeners.size > 0);
    if ('refused' in changed) {
      this.#fail({ kind: 'refused', message: changed.refused }, false);
      return false;
    }
    this.#unsaved = true;
    this.#scheduleSave();
    for (const { kind, key, reason } of transfer.refused ?? []) {
      const message = `${kind} ${key} cannot be used, what there was of it before stays: ${reason}`;
      this.#options.log.warn(`flags: ${message}`);
      this.#noteError({ kind: 'refused', message });
    }
    this.#setStatus({ origin, selector: this.#store.state, refused: this.#listRefused() });
    this.#tellChanged(changed);
    return true;
  }

  #confirm(origin: Origin): boolean {
    if (!this.#store.hasData) {
      this.#fail({ kind: 'refused', message: 'confirmed to be current, but there is nothing yet' }, false);
      return false;
    }
    if (this.#status.state !== 'live' || this.#status.origin !== origin) this.#setStatus({ state: 'live', origin });
    this.#options.observer?.running(this.#store.state, this.#status.refused, origin);
    return true;
  }

  #fail(failure: SourceFailure, isCovered: boolean): void {
    if (this.#status.state === 'stopped') return;
    this.#options.log.warn(`flags: ${failure.message}`);
    this.#noteError(failure);
    if (failure.kind === 'refused') this.#options.observer?.refuse(failure.message);
    // While another source works, nobody is without current flags.
    if (!isCovered && this.#status.state === 'live') this.#setStatus({ state: 'interrupted' });
  }

  #listRefused(): readonly RefusedObject[] {
    return [...this.#store.refused, ...this.refusals.all];
  }

  #noteRefusals(): void {
    if (this.#status.state === 'stopped') return;
    this.#setStatus({ refused: this.#listRefused() });
    this.#options.observer?.refusing(this.#status.refused);
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
      // Whoever resumed from this state would never be sent again what was refused.
      await cache?.save(this.#store.ruleset, this.#store.refused.length > 0 ? undefined : this.#store.state);
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

  #tellChanged(flags: readonly string[]): void {
    if (flags.length > 0) for (const listener of this.#listeners) this.#tell(() => listener(flags));
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
