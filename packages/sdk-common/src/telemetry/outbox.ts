import type { EncodedWindow, TelemetryWindow } from '@sluice/protocol';
import type { Clock } from '../platform.ts';

/** Tells the server of a window; resolves with false when nobody knows whether it heard of it. */
export type SendWindow = (sequence: number, agoMs: number, window: EncodedWindow) => Promise<boolean>;

/** What was counted between two times of a clock that never jumps. */
export interface ClosedWindow {
  readonly window: TelemetryWindow;
  readonly startedAt: number;
  readonly endedAt: number;
}

/** Windows that are kept apart while there is no connection: more are put together. */
const windowsKept = 12;
/** The server reads reports of a million characters; windows that are nearly as long are told in parts. */
const longestWindow = 900_000;

/**
 * Windows until the server has taken them, one after the other: of two with the same number it takes the first, and
 * none whose number is below that of one that it has taken.
 */
export class Outbox {
  readonly #send: SendWindow;
  readonly #clock: Pick<Clock, 'elapsed'>;
  readonly #waiting: ClosedWindow[] = [];
  /** The server may have heard of it: it stays as it is. */
  #sent: ClosedWindow | undefined;
  #sequence = 0;

  constructor(send: SendWindow, clock: Pick<Clock, 'elapsed'>) {
    this.#send = send;
    this.#clock = clock;
  }

  add(closed: ClosedWindow): void {
    this.#waiting.push(closed);
    if (this.#waiting.length > windowsKept) this.#mergeShortest();
  }

  /** Sends what waits until something is not taken. */
  async sendAll(): Promise<void> {
    while (true) {
      const next = this.#sent ?? this.#takeNext();
      if (next === undefined) return;
      const agoMs = Math.round(this.#clock.elapsed() - next.endedAt);
      if (!(await this.#send(this.#sequence, agoMs, next.window.encode()))) return;
      this.#sent = undefined;
    }
  }

  #takeNext(): ClosedWindow | undefined {
    const next = this.#waiting.shift();
    const halves = next !== undefined && isLong(next.window) ? next.window.halve() : undefined;
    if (next !== undefined && halves !== undefined) {
      this.#waiting.unshift(...halves.map((window) => ({ ...next, window })));
      return this.#takeNext();
    }
    this.#sent = next;
    if (this.#sent !== undefined) this.#sequence++;
    return this.#sent;
  }

  /** Makes one of the two neighbours that together are shortest, so that all become longer alike. */
  #mergeShortest(): void {
    let at = 0;
    for (let other = 1; other + 1 < this.#waiting.length; other++)
      if (this.#spanAt(other) < this.#spanAt(at)) at = other;
    const [one, other] = this.#waiting.slice(at, at + 2);
    if (one === undefined || other === undefined) return;
    one.window.merge(other.window);
    this.#waiting.splice(at, 2, { window: one.window, startedAt: one.startedAt, endedAt: other.endedAt });
  }

  /** From the start of a window to the end of the one after it. */
  #spanAt(at: number): number {
    return (this.#waiting[at + 1]?.endedAt ?? 0) - (this.#waiting[at]?.startedAt ?? 0);
  }
}

function isLong(window: TelemetryWindow): boolean {
  return JSON.stringify(window.encode()).length > longestWindow;
}
