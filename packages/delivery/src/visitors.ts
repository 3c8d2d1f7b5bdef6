import type { Hello, Report } from '@sluice/protocol';
import type { Arrival, Fleet, Member } from './fleet.ts';

export interface VisitorsOptions {
  /** Milliseconds from anywhere, never going backwards: the time of day may jump. */
  readonly elapsed: () => number;
  /** Calls back every `periodMs` until it is stopped. */
  readonly every: (periodMs: number, callback: () => void) => () => void;
}

interface Visitor {
  readonly member: Member;
  connection: number;
  heardAt: number;
  readonly leaseMs: number;
}

const periodMs = 1000;

/** Instances without a socket: they are here as long as they are heard of now and then. */
export class Visitors {
  readonly #fleet: Fleet;
  readonly #elapsed: () => number;
  readonly #visitors = new Map<string, Visitor>();
  readonly #stop: () => void;

  constructor(fleet: Fleet, { elapsed, every }: VisitorsOptions) {
    this.#fleet = fleet;
    this.#elapsed = elapsed;
    this.#stop = every(periodMs, () => this.#look());
  }

  get size(): number {
    return this.#visitors.size;
  }

  close(): void {
    this.#stop();
  }

  /**
   * Takes in what an instance posted: who it is first, then what it has to say. Returns whether it was heard: not when a
   * later word of it was faster.
   */
  take(environmentId: string, hello: Hello, reports: readonly Report[], leaseMs: number): boolean {
    const visitor = this.#visit(environmentId, { ...hello, isForeign: false }, leaseMs);
    if (visitor === undefined) return false;
    const { member } = visitor;
    for (const report of reports) {
      if (report.kind === 'acknowledgement') this.#fleet.acknowledge([member], report);
      else if (report.kind === 'probe') this.#fleet.answerProbe(report.id, 0);
      else if (report.kind === 'goodbye') {
        this.#fleet.leave([member]);
        this.#visitors.delete(nameOf(environmentId, hello.session));
      }
    }
    return true;
  }

  /** A foreign instance asked for flags and gets this version. */
  note(environmentId: string, arrival: Arrival, version: number, leaseMs: number): void {
    const known = this.#visitors.get(nameOf(environmentId, arrival.session));
    if (known !== undefined) known.heardAt = this.#elapsed();
    const { member } = known ?? this.#join(environmentId, arrival, leaseMs);
    this.#fleet.deliver([member], version);
  }

  #visit(environmentId: string, arrival: Arrival, leaseMs: number): Visitor | undefined {
    const known = this.#visitors.get(nameOf(environmentId, arrival.session));
    if (known !== undefined && arrival.connection <= known.connection) return undefined;
    // With a connection in between it was elsewhere, and is no longer known by the number that it had here.
    if (known === undefined || arrival.connection !== known.connection + 1) {
      return this.#join(environmentId, arrival, leaseMs);
    }
    known.connection = arrival.connection;
    known.heardAt = this.#elapsed();
    this.#fleet.acknowledge([known.member], arrival.running);
    return known;
  }

  #join(environmentId: string, arrival: Arrival, leaseMs: number): Visitor {
    const now = this.#elapsed();
    const known = this.#visitors.get(nameOf(environmentId, arrival.session));
    // A number that nobody gives up would be remembered for ever.
    if (known !== undefined) this.#fleet.lose([known.member], now - known.heardAt);
    const member = this.#fleet.join(environmentId, arrival);
    const visitor = { member, connection: arrival.connection, heardAt: now, leaseMs };
    this.#visitors.set(nameOf(environmentId, arrival.session), visitor);
    return visitor;
  }

  #look(): void {
    const now = this.#elapsed();
    for (const [name, { member, heardAt, leaseMs }] of this.#visitors) {
      if (now - heardAt < leaseMs) continue;
      this.#visitors.delete(name);
      this.#fleet.lose([member], now - heardAt);
    }
  }
}

function nameOf(environmentId: string, session: string): string {
  return `${environmentId}/${session}`;
}
