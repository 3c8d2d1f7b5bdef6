import type { Arrival, Member } from '@sluice/delivery';
import { leaseMs, parseSelector, type RefusedObject, type Running, type Selector } from '@sluice/protocol';
import type { FleetRecord } from './fleet-record.ts';
import { type Contact, hasRepairs, type Instance, nameOf, noConfigs, noValves, toPredecessor } from './instance.ts';
import { SharedLists } from './shared-lists.ts';
import { createTrack, delayOf, forgetDelay, noteDelay, releaseIndex, type Track, wasThere } from './track.ts';

/** Changes whose convergence can be asked for in detail. */
const tracksKept = 64;
/** Of so many foreign instances that are connected elsewhere it is remembered what their events name. */
const straysKept = 10_000;
/** Forms of objects that an instance could not use. */
const refusedKept = 100;
/** Instances that are gone stay listed for so long, and those that left records to repair until these are repaired. */
const goneKeptMs = 24 * 3_600_000;
/** And so many of them; whoever makes up instances is not to fill the memory. */
const goneKept = 5000;

/** How many of our own instances that were there when a change was made have it, and are there still. */
interface Progress {
  has: number;
  of: number;
}

/** The instances of one environment, and how far its last changes got. Times are of a monotonic clock. */
export class EnvironmentFleet implements FleetRecord {
  /** By index; holes are free. */
  readonly #instances: (Instance | undefined)[] = [];
  readonly #free: number[] = [];
  readonly #bySession = new Map<string, Instance>();
  /** All processes that ran under a key, by rising place. */
  readonly #byKey = new Map<string, Instance[]>();
  /** In the order in which they left. */
  readonly #gone = new Set<Instance>();
  readonly #strays = new Map<string, number>();
  readonly #configs = new SharedLists(noConfigs);
  readonly #valves = new SharedLists(noValves);
  /** By rising version. */
  readonly #tracks: Track[] = [];
  /** Counted as instances answer, so that nobody has to walk through all of them to know. */
  readonly #progress = new Map<Track, Progress>();
  /** Those that could not use all of what they were sent. */
  readonly #refusing = new Set<Instance>();
  readonly #listeners = new Set<() => void>();
  #rosterRevision = 0;
  #progressRevision = 0;

  /** Rises whenever an instance comes or is forgotten. */
  get rosterRevision(): number {
    return this.#rosterRevision;
  }

  /** Rises whenever anything happens. */
  get progressRevision(): number {
    return this.#progressRevision;
  }

  get instances(): readonly Instance[] {
    return this.#instances.filter((instance) => instance !== undefined);
  }

  /** By session: what events named that came here from foreign instances which did not. */
  get strays(): ReadonlyMap<string, number> {
    return this.#strays;
  }

  findTrack(version: number): Track | undefined {
    return this.#tracks.find((track) => track.version === version);
  }

  /** By rising version. */
  get tracks(): readonly Track[] {
    return this.#tracks;
  }

  /** How far a change got among our own instances that were there; undefined: it is too old. */
  findProgress(version: number): (Readonly<Progress> & { readonly refused: number }) | undefined {
    const track = this.findTrack(version);
    const progress = track && this.#progress.get(track);
    if (track === undefined || progress === undefined) return undefined;
    let refused = 0;
    for (const instance of this.#refusing)
      if (this.#isCounted(track, instance) && isRefused(track, instance)) refused++;
    return { ...progress, refused };
  }

  /** Names of those that are counted and do not have a change, at most `limit`. */
  listBehind(version: number, limit: number): readonly string[] {
    const track = this.findTrack(version);
    const names: string[] = [];
    if (track === undefined) return names;
    for (let index = 0; index < track.cohort.length && names.length < limit; index++) {
      if (!wasThere(track, index) || delayOf(track, index) !== undefined) continue;
      const instance = this.#instances[index];
      if (instance !== undefined && this.#isCounted(track, instance)) names.push(nameOf(instance));
    }
    return names;
  }

  /** Calls back after whatever may concern the convergence of a change; returns how to stop. */
  onNews(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** A version was made: whoever is there now is to have it. */
  publish({ epoch, version }: Selector, now: number): void {
    const last = this.#tracks.at(-1);
    if (last !== undefined && last.epoch !== epoch) this.#forgetTracks(this.#tracks.length);
    else if (last !== undefined && last.version >= version) return;
    const cohort = new Uint8Array(this.#instances.length);
    const progress: Progress = { has: 0, of: 0 };
    for (const instance of this.#instances) {
      if (instance === undefined || instance.contact.kind === 'gone') continue;
      cohort[instance.index] = 1;
      if (!instance.isForeign) progress.of++;
    }
    const track = createTrack({ epoch, version, publishedAt: now }, cohort);
    this.#progress.set(track, progress);
    // Who was connected elsewhere may have it already.
    for (const instance of this.#instances) {
      if (instance?.epoch === epoch && instance.version >= version) this.#noteHad(track, instance, now);
    }
    this.#tracks.push(track);
    this.#forgetTracks(this.#tracks.length - tracksKept);
    this.#tellNews();
  }

  /** Undefined: the session arrived elsewhere since. */
  join(arrival: Arrival, member: Member, now: number): Instance | undefined {
    const known = this.#bySession.get(arrival.session);
    if (known !== undefined && !isNews(arrival, known)) return undefined;
    const instance = known ?? this.#findPlace(arrival) ?? this.#add(arrival, member, now);
    if (instance.contact.kind === 'gone') instance.joinedAt = now;
    if (instance.arrival.session !== arrival.session) this.#startAnew(instance, arrival);
    this.#bySession.set(arrival.session, instance);
    this.#strays.delete(arrival.session);
    Object.assign(instance, { arrival, member });
    this.#setContact(instance, { kind: 'connected' });
    this.#gone.delete(instance);
    this.#rosterRevision++;
    this.acknowledge(instance, arrival.running, now);
    return instance;
  }

  /** Takes in what an instance runs. */
  acknowledge(instance: Instance, running: Running, now: number): void {
    const { state, refused = [], problem, configs, valves, heldMs = 0 } = running;
    const refusedBefore = instance.refused;
    instance.heardAt = now;
    // Whoever refuses a later form of an object still has not what the earlier ones brought.
    const still = refusedBefore.filter((earlier) => refused.some((later) => isLaterForm(later, earlier)));
    instance.refused = [...refused, ...still].slice(0, refusedKept);
    instance.problem = problem;
    instance.oldestVersion = running.oldestVersion;
    // Whoever starts anew tells when it has read its journals: until then what was told in its place before is so.
    if (running.repairs !== undefined) instance.repairs = running.repairs;
    if (configs !== undefined) instance.configs = this.#configs.share(configs);
    if (valves !== undefined) instance.valves = this.#valves.share(valves);
    const selector = parseSelector(state);
    if (selector !== undefined) this.#noteVersion(instance, selector, now - heldMs);
    for (const { version } of refusedBefore) this.#noteMended(instance, version, now - heldMs);
    for (const { version } of instance.refused) this.#notePartial(instance, version);
    if (problem !== undefined || instance.refused.length > 0) this.#refusing.add(instance);
    else this.#refusing.delete(instance);
    this.#tellNews();
  }

  deliver(instance: Instance, version: number, now: number): void {
    instance.heardAt = now;
    if (version <= instance.delivered) return;
    instance.delivered = version;
    this.#tellNews();
  }

  infer(session: string, version: number, now: number): void {
    const instance = this.#bySession.get(session);
    if (instance === undefined) this.#noteStray(session, version);
    if (instance === undefined || version <= instance.inferred) return;
    instance.inferred = version;
    instance.heardAt = now;
    this.#tellNews();
  }

  lose(instance: Instance, silentMs: number, now: number): void {
    instance.heardAt = now - silentMs;
    this.#setContact(instance, { kind: 'lost', leaseEndsAt: now - silentMs + leaseMs });
    this.#tellNews();
  }

  leave(instance: Instance, now: number): void {
    this.#setContact(instance, { kind: 'gone', at: now });
    this.#gone.delete(instance);
    this.#gone.add(instance);
    if (this.#gone.size > goneKept) this.#forgetOldest();
    this.#tellNews();
  }

  /** Sees who is gone by now, and forgets who is for long. */
  look(now: number): void {
    for (const instance of this.#instances) {
      if (instance === undefined) continue;
      const { contact, before } = instance;
      if (before.length > 0) instance.before = before.filter(({ leaseEndsAt }) => now < leaseEndsAt);
      if (contact.kind === 'lost' && now >= contact.leaseEndsAt) this.leave(instance, contact.leaseEndsAt);
      if (contact.kind === 'gone' && now - contact.at >= goneKeptMs && !hasRepairs(instance)) this.#forget(instance);
    }
  }

  #forgetOldest(): void {
    const [oldest] = this.#gone;
    const first = [...this.#gone].find((instance) => !hasRepairs(instance)) ?? oldest;
    if (first !== undefined) this.#forget(first);
  }

  #noteStray(session: string, version: number): void {
    if (version <= (this.#strays.get(session) ?? 0)) return;
    this.#strays.delete(session);
    this.#strays.set(session, version);
    const [oldest] = this.#strays.keys();
    if (this.#strays.size > straysKept && oldest !== undefined) this.#strays.delete(oldest);
    this.#progressRevision++;
  }

  #noteVersion(instance: Instance, { epoch, version }: Selector, at: number): void {
    const before = instance.epoch === epoch ? instance.version : Number.NEGATIVE_INFINITY;
    instance.epoch = epoch;
    instance.version = version;
    if (version === before) return;
    for (const track of this.#tracks) {
      if (track.epoch !== epoch) continue;
      if (track.version > version) this.#noteLost(track, instance);
      else if (track.version > before) this.#noteHad(track, instance, at);
    }
  }

  /** What is had in part is not had yet. */
  #notePartial(instance: Instance, version: number): void {
    const track = this.findTrack(version);
    if (track !== undefined) this.#noteLost(track, instance);
  }

  /** It may have all of a change now that it had in part. */
  #noteMended(instance: Instance, version: number, at: number): void {
    const track = this.findTrack(version);
    if (track !== undefined && track.epoch === instance.epoch && instance.version >= version)
      this.#noteHad(track, instance, at);
  }

  #noteHad(track: Track, instance: Instance, at: number): void {
    if (noteDelay(track, instance.index, at)) this.#count(track, instance, { has: 1, of: 0 });
  }

  #noteLost(track: Track, instance: Instance): void {
    if (forgetDelay(track, instance.index)) this.#count(track, instance, { has: -1, of: 0 });
  }

  /** Who goes is not counted any more, and who comes back is again. */
  #setContact(instance: Instance, contact: Contact): void {
    const [wasGone, isGone] = [instance.contact.kind === 'gone', contact.kind === 'gone'];
    const step = Number(wasGone) - Number(isGone);
    // It is counted while it is there: after it came, and before it goes.
    if (step > 0) instance.contact = contact;
    if (step !== 0) {
      for (const track of this.#tracks) {
        const has = delayOf(track, instance.index) === undefined ? 0 : step;
        this.#count(track, instance, { has, of: step });
      }
    }
    instance.contact = contact;
  }

  #count(track: Track, instance: Instance, { has, of }: Readonly<Progress>): void {
    const progress = this.#progress.get(track);
    if (progress === undefined || !this.#isCounted(track, instance)) return;
    progress.has += has;
    progress.of += of;
  }

  #isCounted(track: Track, { index, isForeign, contact }: Instance): boolean {
    return !isForeign && contact.kind !== 'gone' && wasThere(track, index);
  }

  #forgetTracks(count: number): void {
    for (const track of this.#tracks.splice(0, Math.max(0, count))) this.#progress.delete(track);
  }

  /** Another process takes the place of one that ran under the same key, and starts from what it says it has. */
  #startAnew(instance: Instance, arrival: Arrival): void {
    this.#bySession.delete(instance.arrival.session);
    instance.before = [...instance.before, toPredecessor(instance)].filter((process) => process !== undefined);
    const nothingTold = { configs: noConfigs, valves: noValves, delivered: 0, inferred: 0 };
    Object.assign(instance, { epoch: undefined, version: 0, ...nothingTold });
    const has = parseSelector(arrival.running.state);
    for (const track of this.#tracks) {
      if (has?.epoch !== track.epoch || has.version < track.version) this.#noteLost(track, instance);
    }
  }

  /** A place of that key whose process is not connected: it was started again. */
  #findPlace({ key, isForeign }: Arrival): Instance | undefined {
    return this.#byKey
      .get(key)
      ?.find(({ contact, isForeign: wasForeign }) => contact.kind !== 'connected' && wasForeign === isForeign);
  }

  #add(arrival: Arrival, member: Member, now: number): Instance {
    const { key, isForeign } = arrival;
    const siblings = this.#byKey.get(key) ?? [];
    // It may be one whose place was taken while it was out of contact.
    for (const each of siblings) each.before = each.before.filter(({ session }) => session !== arrival.session);
    const gap = siblings.findIndex(({ place }, at) => place !== at + 1);
    const place = (gap < 0 ? siblings.length : gap) + 1;
    const instance: Instance = {
      index: this.#free.pop() ?? this.#instances.length,
      key,
      place,
      isForeign,
      arrival,
      member,
      contact: { kind: 'connected' },
      epoch: undefined,
      version: 0,
      refused: [],
      problem: undefined,
      configs: noConfigs,
      valves: noValves,
      oldestVersion: undefined,
      repairs: undefined,
      before: [],
      delivered: 0,
      inferred: 0,
      joinedAt: now,
      heardAt: now,
    };
    this.#instances[instance.index] = instance;
    this.#byKey.set(key, siblings.toSpliced(place - 1, 0, instance));
    return instance;
  }

  #forget(instance: Instance): void {
    const { index, key, arrival, isForeign } = instance;
    this.#gone.delete(instance);
    this.#refusing.delete(instance);
    this.#instances[index] = undefined;
    this.#free.push(index);
    this.#bySession.delete(arrival.session);
    const siblings = (this.#byKey.get(key) ?? []).filter((sibling) => sibling !== instance);
    if (siblings.length === 0) this.#byKey.delete(key);
    else this.#byKey.set(key, siblings);
    for (const track of this.#tracks) releaseIndex(track, index, !isForeign);
    this.#rosterRevision++;
  }

  #tellNews(): void {
    this.#progressRevision++;
    for (const listener of this.#listeners) listener();
  }
}

/**
 * Whether an arrival is another than the one that is known. What was lost may be told of again by the same connection:
 * not the instance was away, but an edge between it and here.
 */
function isNews({ isForeign, connection }: Arrival, known: Instance): boolean {
  if (isForeign || connection > known.arrival.connection) return true;
  return connection === known.arrival.connection && known.contact.kind !== 'connected';
}

function isLaterForm(later: RefusedObject, earlier: RefusedObject): boolean {
  return later.kind === earlier.kind && later.key === earlier.key && later.version > earlier.version;
}

/** Whether it refused a change, or a part of it. */
function isRefused({ epoch, version }: Track, { epoch: own, version: has, problem, refused }: Instance): boolean {
  if (own === epoch && has >= version) return refused.some((object) => object.version === version);
  return problem !== undefined;
}
