import type { Client, Clock } from '@sluice/sdk-common';

/** Whoever was without contact for so long may be taken for gone, and what it knows for old. */
const leaseMs = 60_000 + 15_000;
/** A connection that breaks is noticed at once, one that falls silent only after this time. */
const silentMs = 45_000;

/** Whether what this process knows of flags may still be relied on. */
export class Lease {
  readonly #clock: Pick<Clock, 'elapsed'>;
  readonly #stop: () => void;
  #isConfirmed = false;
  /** Undefined: there is contact. */
  #lostAt: number | undefined;

  constructor(client: Pick<Client, 'status' | 'onStatus'>, clock: Pick<Clock, 'elapsed'>) {
    this.#clock = clock;
    this.#note(client.status.state === 'live');
    this.#stop = client.onStatus(({ state }) => this.#note(state === 'live'));
  }

  /** Whether a payload was ever confirmed to be current. */
  get isConfirmed(): boolean {
    return this.#isConfirmed;
  }

  get isHeld(): boolean {
    if (!this.#isConfirmed) return false;
    return this.#lostAt === undefined || this.#clock.elapsed() - this.#lostAt < leaseMs - silentMs;
  }

  close(): void {
    this.#stop();
  }

  #note(hasContact: boolean): void {
    this.#isConfirmed ||= hasContact;
    this.#lostAt = hasContact ? undefined : (this.#lostAt ?? this.#clock.elapsed());
  }
}
