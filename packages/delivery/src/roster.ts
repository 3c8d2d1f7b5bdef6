import type { LinkArrival, LinkUp, Running } from '@sluice/protocol';
import { packMembers } from '@sluice/protocol';
import type { Arrival, Fleet, Member } from './fleet.ts';

export interface RosterOptions {
  /** Milliseconds from anywhere, never going backwards. */
  readonly elapsed: () => number;
  /** Calls back every `periodMs` until it is stopped. */
  readonly every: (periodMs: number, callback: () => void) => () => void;
}

/** News are collected for so long, and then told together. */
const flushPeriodMs = 50;
/** Heartbeats that say nothing new are told of this often. */
const heardPeriodMs = 10_000;
/** Instances that had a change within so many milliseconds of each other are told of as one group. */
const groupMs = 5;
/** So many arrivals go into one message. */
const arrivalsAtOnce = 500;

interface Entry {
  readonly environmentId: string;
  readonly arrival: Arrival;
  /** What it runs, and since when by our clock. */
  running: Running;
  runningSince: number;
  /** Of a foreign instance: what was sent to it. */
  delivered: number;
}

interface Group {
  readonly running: Running;
  readonly since: number;
  readonly members: Member[];
}

/**
 * The instances behind a relay. What is heard of them is collected and told to what is above in a few messages, whose
 * number does not depend on how many instances there are; after the link was broken all of them are told of anew.
 */
export class Roster implements Fleet {
  readonly #options: RosterOptions;
  readonly #entries = new Map<Member, Entry>();
  #members = 0;
  #send: ((message: LinkUp) => void) | undefined;
  #joined: Member[] = [];
  readonly #groups = new Map<string, Group>();
  readonly #heard = new Set<Member>();
  #heardToldAt = 0;
  readonly #delivered = new Map<number, Set<Member>>();
  /** By environment and session: the highest version. */
  readonly #inferred = new Map<string, Extract<LinkUp, { kind: 'inferred' }>>();
  #lost: { readonly member: Member; readonly heardAt: number }[] = [];
  #left: Member[] = [];
  readonly #answered = new Map<string, number[]>();
  readonly #stop: () => void;

  constructor(options: RosterOptions) {
    this.#options = options;
    this.#stop = options.every(flushPeriodMs, () => this.flush());
  }

  get size(): number {
    return this.#entries.size;
  }

  close(): void {
    this.#stop();
  }

  /** The link is up: everybody who is here is told of. */
  connect(send: (message: LinkUp) => void): void {
    this.#forgetNews();
    this.#send = send;
    this.#joined = [...this.#entries.keys()];
    this.flush();
  }

  disconnect(): void {
    this.#send = undefined;
    this.#forgetNews();
  }

  join(environmentId: string, arrival: Arrival): Member {
    const member = ++this.#members;
    const { heldMs = 0, ...running } = arrival.running;
    const runningSince = this.#options.elapsed() - heldMs;
    this.#entries.set(member, { environmentId, arrival, running, runningSince, delivered: 0 });
    this.#joined.push(member);
    return member;
  }

  acknowledge(members: readonly Member[], { heldMs = 0, ...running }: Running): void {
    const since = this.#options.elapsed() - heldMs;
    const name = `${Math.floor(since / groupMs)} ${JSON.stringify(running)}`;
    for (const member of members) {
      const entry = this.#entries.get(member);
      if (entry === undefined) continue;
      // Configs and valves are told of only when they are others, and repairs once they are known.
      const { configs = entry.running.configs, valves = entry.running.valves } = running;
      const { repairs = entry.running.repairs } = running;
      const merged = { ...running, configs, valves, repairs };
      if (isSame(entry.running, merged)) {
        this.#heard.add(member);
        continue;
      }
      entry.running = merged;
      entry.runningSince = since;
      const group: Group = this.#groups.get(name) ?? { running, since, members: [] };
      this.#groups.set(name, group);
      group.members.push(member);
    }
  }

  hear(members: readonly Member[]): void {
    for (const member of members) if (this.#entries.has(member)) this.#heard.add(member);
  }

  deliver(members: readonly Member[], version: number): void {
    for (const member of members) {
      const entry = this.#entries.get(member);
      if (entry === undefined || version <= entry.delivered) continue;
      entry.delivered = version;
      this.#noteDelivered(member, version);
    }
  }

  infer(environmentId: string, session: string, version: number): void {
    const name = `${environmentId} ${session}`;
    const known = this.#inferred.get(name);
    if (known === undefined || known.version < version)
      this.#inferred.set(name, { kind: 'inferred', environmentId, session, version });
  }

  lose(members: readonly Member[], silentMs: number): void {
    const heardAt = this.#options.elapsed() - silentMs;
    for (const member of members) if (this.#entries.delete(member)) this.#lost.push({ member, heardAt });
  }

  leave(members: readonly Member[]): void {
    for (const member of members) if (this.#entries.delete(member)) this.#left.push(member);
  }

  answerProbe(id: string, agoMs: number): void {
    const times = this.#answered.get(id) ?? [];
    this.#answered.set(id, times);
    times.push(this.#options.elapsed() - agoMs);
  }

  /** Tells what is above the news. */
  flush(): void {
    const send = this.#send;
    if (send === undefined) {
      this.#forgetNews();
      return;
    }
    const now = this.#options.elapsed();
    for (const message of this.#listNews(now)) send(message);
    this.#forgetNews();
  }

  /** In an order in which nobody is spoken of before it is known. */
  *#listNews(now: number): Generator<LinkUp> {
    yield* this.#listJoined(now);
    for (const { running, since, members } of this.#groups.values()) {
      yield {
        kind: 'acknowledged',
        members: packMembers(members),
        running: { ...running, heldMs: Math.round(now - since) },
      };
    }
    if (this.#heard.size > 0 && now - this.#heardToldAt >= heardPeriodMs) {
      yield { kind: 'heard', members: packMembers([...this.#heard].filter((member) => this.#entries.has(member))) };
      this.#heardToldAt = now;
      this.#heard.clear();
    }
    for (const [version, members] of this.#delivered) {
      yield { kind: 'delivered', members: packMembers([...members]), version };
    }
    yield* this.#inferred.values();
    for (const [silentMs, members] of groupBySilence(this.#lost, now)) {
      yield { kind: 'lost', members: packMembers(members), silentMs };
    }
    if (this.#left.length > 0) yield { kind: 'left', members: packMembers(this.#left) };
    for (const [id, times] of this.#answered) {
      yield { kind: 'answered', id, agoMs: times.map((at) => Math.round(now - at)) };
    }
  }

  *#listJoined(now: number): Generator<LinkUp> {
    const byEnvironment = new Map<string, LinkArrival[]>();
    for (const member of this.#joined) {
      const entry = this.#entries.get(member);
      if (entry === undefined) continue;
      const arrivals: LinkArrival[] = byEnvironment.get(entry.environmentId) ?? [];
      byEnvironment.set(entry.environmentId, arrivals);
      const heldMs = Math.round(now - entry.runningSince);
      arrivals.push({ ...entry.arrival, member, running: { ...entry.running, heldMs } });
      if (entry.delivered > 0) this.#noteDelivered(member, entry.delivered);
    }
    for (const [environmentId, arrivals] of byEnvironment) {
      for (let start = 0; start < arrivals.length; start += arrivalsAtOnce) {
        yield { kind: 'joined', environmentId, arrivals: arrivals.slice(start, start + arrivalsAtOnce) };
      }
    }
  }

  #noteDelivered(member: Member, version: number): void {
    const together = this.#delivered.get(version) ?? new Set<Member>();
    this.#delivered.set(version, together.add(member));
  }

  #forgetNews(): void {
    this.#joined = [];
    this.#groups.clear();
    this.#delivered.clear();
    this.#inferred.clear();
    this.#lost = [];
    this.#left = [];
    this.#answered.clear();
  }
}

function isSame(one: Running, other: Running): boolean {
  if (one.state !== other.state || one.problem !== other.problem) return false;
  if (one.oldestVersion !== other.oldestVersion) return false;
  if (!isSameList(one.repairs, other.repairs)) return false;
  if (!isSameList(one.valves, other.valves)) return false;
  return isSameList(one.refused, other.refused) && isSameList(one.configs, other.configs);
}

function isSameList(one: readonly object[] | undefined, other: readonly object[] | undefined): boolean {
  return one === other || JSON.stringify(one) === JSON.stringify(other);
}

function groupBySilence(
  lost: readonly { readonly member: Member; readonly heardAt: number }[],
  now: number,
): ReadonlyMap<number, readonly Member[]> {
  const groups = new Map<number, Member[]>();
  for (const { member, heardAt } of lost) {
    // Never longer than it was: nobody is to be taken for gone before the end of its lease.
    const silentMs = Math.floor((now - heardAt) / 1000) * 1000;
    const together: Member[] = groups.get(silentMs) ?? [];
    groups.set(silentMs, together);
    together.push(member);
  }
  return groups;
}
