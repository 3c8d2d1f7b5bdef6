import type { Side, Stage } from '@sluice/engine';
import {
  type ComparisonEvent,
  type EncodedMismatch,
  type MigrationOperation,
  storeEventNames,
  TelemetryWindow,
} from '@sluice/protocol';
import type { Clock } from '../platform.ts';
import { Outbox, type SendWindow } from './outbox.ts';

/** A call through a valve, as it ended. */
export interface ValveCall {
  readonly valve: string;
  readonly mode: string;
  /** Why the mode was in force. */
  readonly cause: 'normal' | 'rule' | 'breaker' | 'error' | 'timeout';
  readonly outcome: 'ok' | 'failed';
  readonly durationMs: number;
  readonly account?: string | undefined;
  /** From which route it was made. */
  readonly route?: string | undefined;
}

/** An attempt of a provider to send something. */
export interface ProviderSend {
  /** Key of the set of providers. */
  readonly set: string;
  readonly provider: string;
  /** `unknown`: nobody can tell whether it was sent. */
  readonly outcome: 'sent' | 'failed' | 'unknown';
  readonly durationMs: number;
}

/** A value of a config that this instance could not use. */
export interface ConfigRefusal {
  /** Of the flag. */
  readonly key: string;
  /** The same for all refusals of a kind: few are told apart. */
  readonly reason: string;
}

/** Where a record was when something was done to it. */
export interface RecordPlace {
  /** Key of the flag. */
  readonly migration: string;
  /** Id of the rule that put the record into its stage, or `default`. */
  readonly cohort: string;
  readonly stage: Stage;
}

/** A store of a migration was asked, and what came of it. */
export interface MigrationCall extends RecordPlace {
  readonly operation: MigrationOperation;
  readonly side: Side;
  readonly outcome: 'ok' | 'failed';
  readonly durationMs: number;
}

/** Both stores of a migration were asked for a record, or should have been. */
export interface MigrationComparison extends RecordPlace {
  readonly outcome: Exclude<ComparisonEvent, 'ignored'>;
  /** Whether a rule ignored something in it. */
  readonly hasIgnored: boolean;
  /** What differs still; undefined: nothing does. */
  readonly mismatch: Omit<EncodedMismatch, 'cohort' | 'stage'> | undefined;
}

/** A request that was answered. */
export interface AnsweredRequest {
  /** The template; undefined: none matched. */
  readonly route: string | undefined;
  readonly method: string;
  readonly status: number;
  readonly durationMs: number;
  readonly account?: string | undefined;
  /** Of whatever is judged by how requests fare. */
  readonly arm?: string | undefined;
}

/** Requests that no route matched. */
const unmatched = 'unmatched';

/**
 * Counts what this instance does, and tells the server every 5 s, or less often where the fleet is large. Counting takes bounded memory, allocates nothing for
 * calls like those before, and never throws.
 */
export class Telemetry {
  readonly #clock: Pick<Clock, 'elapsed' | 'after'>;
  readonly #outbox: Outbox;
  readonly #windowMs: () => number;
  #open = new TelemetryWindow();
  #openedAt: number;
  #cancel: () => void;
  #sending: Promise<void> = Promise.resolve();

  /** `windowMs`: how long windows are to be from now on, by what the server says of its load. */
  constructor(send: SendWindow, clock: Pick<Clock, 'elapsed' | 'after'>, windowMs: () => number) {
    this.#clock = clock;
    this.#windowMs = windowMs;
    this.#outbox = new Outbox(send, clock);
    this.#openedAt = clock.elapsed();
    this.#cancel = clock.after(windowMs(), () => this.#tick());
  }

  valveCall({ valve, mode, cause, outcome, durationMs, account, route }: ValveCall): void {
    const tally = this.#open.find('valve', valve);
    if (tally === undefined) return;
    tally.count(mode, cause, outcome, durationMs);
    if (account !== undefined) tally.countAccount(account);
    if (route !== undefined) tally.countRoute(route);
  }

  providerSend({ set, provider, outcome, durationMs }: ProviderSend): void {
    this.#open.find('providers', set)?.count(provider, outcome, '', durationMs);
  }

  configRefusal({ key, reason }: ConfigRefusal): void {
    this.#open.find('config', key)?.count(reason, '', '', 0);
  }

  migrationCall({ migration, cohort, stage, operation, side, outcome, durationMs }: MigrationCall): void {
    const event = storeEventNames[operation][side][outcome];
    this.#open.find('migration', migration)?.count(cohort, stage, event, durationMs);
  }

  migrationComparison({ migration, cohort, stage, outcome, hasIgnored, mismatch }: MigrationComparison): void {
    const tally = this.#open.find('migration', migration);
    tally?.count(cohort, stage, outcome, 0);
    if (hasIgnored) tally?.count(cohort, stage, 'ignored', 0);
    if (mismatch !== undefined) tally?.noteMismatch({ ...mismatch, cohort, stage });
  }

  request({ route = unmatched, method, status, durationMs, account, arm = '' }: AnsweredRequest): void {
    const tally = this.#open.find('route', route);
    if (tally === undefined) return;
    tally.count(method, status >= 500 ? 'failed' : 'ok', arm, durationMs);
    if (account !== undefined) tally.countAccount(account);
  }

  /** Tells the server what was counted up to now; resolves when it was taken, or could not be told. */
  flush(): Promise<void> {
    const now = this.#clock.elapsed();
    if (!this.#open.isEmpty) this.#outbox.add({ window: this.#open, startedAt: this.#openedAt, endedAt: now });
    this.#open = new TelemetryWindow();
    this.#openedAt = now;
    this.#sending = this.#sending.then(() => this.#outbox.sendAll());
    return this.#sending;
  }

  async close(): Promise<void> {
    this.#cancel();
    await this.flush();
  }

  #tick(): void {
    this.#cancel = this.#clock.after(this.#windowMs(), () => this.#tick());
    void this.flush();
  }
}
