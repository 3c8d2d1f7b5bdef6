import type { LinkUp } from '@sluice/protocol';

export interface UsageKeeperOptions {
  readonly elapsed: () => number;
  /** Calls back every `periodMs` until it is stopped. */
  readonly every: (periodMs: number, callback: () => void) => () => void;
  /** Credentials whose streams are open. */
  readonly listOpen: () => Iterable<string>;
  /** Credentials of the edges that are connected. */
  readonly listEdges: () => ReadonlySet<string>;
}

const lookPeriodMs = 1000;
/** A key that is used all the time is told of so often. */
const againMs = 60_000;

/** Tells what is above which keys are in use behind a relay: nobody is to think that they could be revoked. */
export class UsageKeeper {
  readonly #options: UsageKeeperOptions;
  readonly #used = new Set<string>();
  /** What was told in this minute. */
  readonly #told = new Set<string>();
  #minuteStartedAt = Number.NEGATIVE_INFINITY;
  #toldEdges: string | undefined;
  #send: ((message: LinkUp) => void) | undefined;
  readonly #stop: () => void;

  constructor(options: UsageKeeperOptions) {
    this.#options = options;
    this.#stop = options.every(lookPeriodMs, () => this.flush());
  }

  note(credentialId: string): void {
    if (!this.#told.has(credentialId)) this.#used.add(credentialId);
  }

  /** The link is up; what is above knows nothing of us. */
  connect(send: (message: LinkUp) => void): void {
    this.#send = send;
    this.#minuteStartedAt = Number.NEGATIVE_INFINITY;
    this.#toldEdges = undefined;
    this.flush();
  }

  disconnect(): void {
    this.#send = undefined;
  }

  /** Tells what has not been told yet. */
  flush(): void {
    if (this.#send === undefined) return;
    this.#lookWhetherMinuteIsOver();
    const edges = [...this.#options.listEdges()].sort();
    if (this.#used.size === 0 && String(edges) === this.#toldEdges) return;
    this.#send({ kind: 'used', sdkKeys: [...this.#used], edges });
    this.#toldEdges = String(edges);
    for (const credentialId of this.#used) this.#told.add(credentialId);
    this.#used.clear();
  }

  close(): void {
    this.#stop();
    this.flush();
  }

  #lookWhetherMinuteIsOver(): void {
    const now = this.#options.elapsed();
    if (now - this.#minuteStartedAt < againMs) return;
    this.#minuteStartedAt = now;
    this.#told.clear();
    for (const credentialId of this.#options.listOpen()) this.#used.add(credentialId);
  }
}
