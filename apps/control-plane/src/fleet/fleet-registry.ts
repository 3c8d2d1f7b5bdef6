import type { Arrival, Fleet, Member } from '@sluice/delivery';
import type { Running, Selector } from '@sluice/protocol';
import type { Histogram } from 'prom-client';
import type { Platform } from '../platform.ts';
import { EnvironmentFleet } from './environment-fleet.ts';
import type { Instance } from './instance.ts';
import { Propagation } from './propagation.ts';

const lookPeriodMs = 1000;

/** Who a number was given to. */
interface Holder {
  readonly fleet: EnvironmentFleet;
  readonly instance: Instance;
  /** Of the session, when the number was given. */
  readonly connection: number;
}

/** Knows the instances of every environment, and what they run. */
export class FleetRegistry implements Fleet {
  readonly #platform: Pick<Platform, 'elapsed' | 'every'>;
  readonly #fleets = new Map<string, EnvironmentFleet>();
  readonly #holders = new Map<Member, Holder>();
  readonly #onProbe: (seconds: number) => void;
  readonly #probes = new Map<string, { readonly sentAt: number; readonly environmentId: string }>();
  readonly #propagation = new Map<string, Propagation>();
  #members = 0;
  readonly #stop: () => void;

  constructor(platform: Pick<Platform, 'elapsed' | 'every'>, propagation: Pick<Histogram, 'observe'>) {
    this.#platform = platform;
    this.#onProbe = (seconds) => propagation.observe(seconds);
    this.#stop = platform.every(lookPeriodMs, () => {
      for (const fleet of this.#fleets.values()) fleet.look(platform.elapsed());
    });
  }

  close(): void {
    this.#stop();
  }

  /** The fleet of an environment, which may be empty. */
  open(environmentId: string): EnvironmentFleet {
    const known = this.#fleets.get(environmentId) ?? new EnvironmentFleet();
    this.#fleets.set(environmentId, known);
    return known;
  }

  /** By environment. */
  list(): ReadonlyMap<string, EnvironmentFleet> {
    return this.#fleets;
  }

  /** A change was committed. */
  publish(environmentId: string, selector: Selector): void {
    this.open(environmentId).publish(selector, this.#platform.elapsed());
  }

  join(environmentId: string, arrival: Arrival): Member {
    const member = ++this.#members;
    const fleet = this.open(environmentId);
    const instance = fleet.join(arrival, member, this.#platform.elapsed());
    if (instance !== undefined) this.#holders.set(member, { fleet, instance, connection: arrival.connection });
    return member;
  }

  acknowledge(members: readonly Member[], running: Running): void {
    const now = this.#platform.elapsed();
    this.#forEach(members, ({ fleet, instance }) => fleet.acknowledge(instance, running, now));
  }

  hear(members: readonly Member[]): void {
    const now = this.#platform.elapsed();
    this.#forEach(members, ({ instance }) => {
      instance.heardAt = now;
    });
  }

  deliver(members: readonly Member[], version: number): void {
    const now = this.#platform.elapsed();
    this.#forEach(members, ({ fleet, instance }) => fleet.deliver(instance, version, now));
  }

  infer(environmentId: string, session: string, version: number): void {
    this.open(environmentId).infer(session, version, this.#platform.elapsed());
  }

  lose(members: readonly Member[], silentMs: number): void {
    const now = this.#platform.elapsed();
    this.#forEach(members, ({ fleet, instance }) => fleet.lose(instance, silentMs, now));
    for (const member of members) this.#holders.delete(member);
  }

  leave(members: readonly Member[]): void {
    const now = this.#platform.elapsed();
    this.#forEach(members, ({ fleet, instance }) => fleet.leave(instance, now));
    for (const member of members) this.#holders.delete(member);
  }

  /** A probe is on its way. */
  noteProbe(environmentId: string, id: string): void {
    this.#probes.set(id, { sentAt: this.#platform.elapsed(), environmentId });
    const [oldest] = this.#probes.keys();
    if (this.#probes.size > probesKept && oldest !== undefined) this.#probes.delete(oldest);
  }

  answerProbe(id: string, agoMs: number): void {
    const probe = this.#probes.get(id);
    if (probe === undefined) return;
    const at = this.#platform.elapsed();
    const ms = Math.max(0, at - agoMs - probe.sentAt);
    this.#onProbe(ms / 1000);
    const propagation = this.#propagation.get(probe.environmentId) ?? new Propagation();
    this.#propagation.set(probe.environmentId, propagation);
    propagation.note({ at, ms });
  }

  /** How long the last probes took; null: nobody answered one lately. */
  describePropagation(environmentId: string): ReturnType<Propagation['describe']> {
    return this.#propagation.get(environmentId)?.describe(this.#platform.elapsed()) ?? null;
  }

  #forEach(members: readonly Member[], act: (holder: Holder) => void): void {
    for (const member of members) {
      const holder = this.#holders.get(member);
      if (holder !== undefined && this.#maySpeak(member, holder)) act(holder);
    }
  }

  /**
   * Whether a number still stands for its instance. After the session arrived elsewhere it does not; but if contact is
   * lost there, an instance without a socket that still asks here is here.
   */
  #maySpeak(member: Member, { instance, connection }: Holder): boolean {
    if (instance.member === member) return true;
    if (instance.contact.kind === 'connected' || !instance.isForeign || connection < instance.arrival.connection)
      return false;
    instance.member = member;
    instance.contact = { kind: 'connected' };
    return true;
  }
}

/** Answers to older probes are not of interest any more. */
const probesKept = 10;
