import {
  encodeNotice,
  encodeSelector,
  type LinkKeys,
  type LinkUp,
  type Payload,
  parseSelector,
  type SdkKeyEntry,
  type Transfer,
  type WindowReport,
  type WireObject,
} from '@sluice/protocol';
import { Channel } from './channel.ts';
import type { Confirmation } from './confirmation.ts';
import { ContextCourier } from './context-courier.ts';
import { CountKeeper } from './count-keeper.ts';
import type { Admission, DataPlaneHost, EventBatch } from './data-plane.ts';
import { ErrorLog } from './error-log.ts';
import { hashKey } from './hash-key.ts';
import { type CountBatch, type LinkHost, LinkServer, type RelayAdmission } from './link-server.ts';
import type { Outflow } from './outflow.ts';
import { Roster } from './roster.ts';
import { Upstream, type UpstreamPlatform, type UpstreamSink } from './upstream.ts';
import { UsageKeeper } from './usage-keeper.ts';
import { WindowCourier } from './window-courier.ts';

export interface RelayPlatform extends UpstreamPlatform {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly createId: () => string;
}

export interface RelayOptions {
  readonly url: string;
  readonly key: string;
  readonly outflow: Outflow;
  readonly platform: RelayPlatform;
  /** What lets the workers of this very relay in; undefined: it has none. */
  readonly workerKey: string | undefined;
  /** Keeps what came from above for the next start; undefined: nothing is kept. */
  readonly store: RelayStore | undefined;
  readonly log: RelayLog;
}

export interface RelayLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** What a relay had when it ended, to start with when nothing is above. */
export interface RelayStore {
  load(): Promise<{ readonly keys: LinkKeys | undefined; readonly payloads: ReadonlyMap<string, Payload> }>;
  keys(keys: LinkKeys): void;
  /** The environment's channel has something new; it is read when it is stored. */
  payload(environmentId: string, read: () => Payload): void;
  /** The environment is not served any more. */
  forget(environmentId: string): void;
  close(): Promise<void>;
}

/** Those who ask for how long they are known within so many milliseconds are asked about together. */
const gatherMs = 50;
/** SDKs of other environments are not kept waiting for longer by one that does not come. */
const missingWaitMs = 2000;

/** Workers may serve whatever their relay serves. */
const workerCredential = 'worker';

/**
 * Serves SDKs, and relays below it, with what it gets from above; and tells above who is there and what they run. What
 * it had last it serves on, whether there is anything above or not.
 */
export class Relay implements UpstreamSink, DataPlaneHost, LinkHost {
  readonly #options: RelayOptions;
  readonly #session: string;
  readonly #errors: ErrorLog;
  /** Relays above this one. */
  #above: readonly string[] = [];
  readonly #upstream: Upstream;
  readonly #roster: Roster;
  readonly #counts: CountKeeper;
  readonly #contexts: ContextCourier;
  readonly #windows: WindowCourier;
  readonly #links: LinkServer;
  readonly #usage: UsageKeeper;
  readonly #channels = new Map<string, Channel>();
  /** Environments of which the link has brought all that there is. */
  readonly #current = new Set<string>();
  #keys: LinkKeys | undefined;
  #sdkKeys: ReadonlyMap<string, SdkKeyEntry> = new Map();
  readonly #revoked = new Set<string>();
  readonly #ready = Promise.withResolvers<void>();
  #cancelWait: (() => void) | undefined;
  /** What those who ask now will be told. */
  #confirming: Promise<Confirmation> | undefined;

  constructor(options: RelayOptions) {
    const { url, key, platform, log } = options;
    this.#options = options;
    const session = platform.createId();
    this.#session = session;
    this.#errors = new ErrorLog(log, platform);
    this.#roster = new Roster(platform);
    this.#counts = new CountKeeper({ ...platform, session, logWarning: (...told) => log.warn(...told) });
    this.#contexts = new ContextCourier(platform);
    this.#windows = new WindowCourier(platform);
    this.#links = new LinkServer(this, this.#roster, platform);
    this.#usage = new UsageKeeper({
      ...platform,
      listOpen: () => this.#listOpenKeys(),
      listEdges: () => this.#links.edges,
    });
    this.#upstream = new Upstream({ url, key, session, platform }, this);
  }

  /** Uses what is stored, then connects. */
  async start(): Promise<void> {
    const stored = await this.#options.store?.load();
    if (stored?.keys !== undefined) this.#useKeys(stored.keys);
    for (const [environmentId, payload] of stored?.payloads ?? []) {
      if (!this.#channels.has(environmentId)) this.#open(environmentId, payload);
    }
    this.#upstream.start();
  }

  /**
   * Resolves once SDKs can be served: keys are known, and every environment is there, or some are and the rest has not
   * come for a while. SDKs of an environment that is not there are told to try again.
   */
  untilReady(): Promise<void> {
    return this.#ready.promise;
  }

  get fleet(): Roster {
    return this.#roster;
  }

  get links(): LinkServer {
    return this.#links;
  }

  get upstream(): Pick<Upstream, 'isUp' | 'isCurrent' | 'problem' | 'sinceMs'> {
    return this.#upstream;
  }

  get channels(): ReadonlyMap<string, Channel> {
    return this.#channels;
  }

  async close(): Promise<void> {
    this.#errors.close();
    this.#cancelWait?.();
    this.#counts.close();
    this.#contexts.close();
    this.#windows.close();
    this.#usage.close();
    this.#roster.flush();
    this.#roster.close();
    this.#links.close();
    this.#upstream.close();
    await this.#options.store?.close();
  }

  // What comes from above.

  get states(): Readonly<Record<string, string>> {
    return Object.fromEntries([...this.#channels].map(([id, { selector }]) => [id, encodeSelector(selector)]));
  }

  connect(send: (message: LinkUp) => void): () => void {
    this.#roster.connect(send);
    this.#counts.connect(send);
    this.#contexts.connect(send);
    this.#windows.connect(send);
    this.#usage.connect(send);
    return () => {
      this.#current.clear();
      this.#roster.disconnect();
      this.#counts.disconnect();
      this.#contexts.disconnect();
      this.#windows.disconnect();
      this.#usage.disconnect();
    };
  }

  keys(keys: LinkKeys, path: readonly string[]): void {
    this.#above = path;
    this.#useKeys(keys);
    for (const id of this.#channels.keys()) if (!keys.environmentIds.includes(id)) this.#drop(id);
    this.#options.store?.keys(keys);
    this.#links.refreshKeys();
  }

  update(environmentId: string, { kind, objects, state }: Transfer<WireObject>): string | undefined {
    const selector = parseSelector(state);
    if (selector === undefined) return 'it has no selector';
    const channel = this.#channels.get(environmentId);
    const payload = { ...selector, objects: objects.toSorted((a, b) => a.version - b.version) };
    if (channel === undefined || channel.selector.epoch !== selector.epoch) {
      if (kind !== 'full') return 'changes came of something that is not there';
    }
    this.#current.add(environmentId);
    if (channel === undefined) this.#open(environmentId, payload);
    else channel.apply(payload);
    this.#options.store?.payload(environmentId, () => this.#read(environmentId));
    return undefined;
  }

  confirm(environmentId: string): void {
    this.#current.add(environmentId);
    this.#channels.get(environmentId)?.confirm();
  }

  probe(environmentId: string, id: string, share: number): void {
    const { random } = this.#options.platform;
    this.#channels.get(environmentId)?.tell(encodeNotice({ event: 'probe', id }), () => random() < share);
    this.#links.probe(environmentId, id, share);
  }

  taken(id: string): void {
    this.#counts.taken(id);
    this.#windows.taken(id);
  }

  logInfo(fields: object, message: string): void {
    this.#options.log.info(fields, message);
  }

  logWarning(fields: object, message: string): void {
    this.#options.log.warn(fields, message);
  }

  // What SDKs and relays below ask.

  get path(): readonly string[] {
    return [this.#session, ...this.#above];
  }

  async admit(sdkKey: string): Promise<Admission | 'unknown'> {
    const found = await this.findSdkKey(hashKey(sdkKey));
    if (found === undefined) return 'unknown';
    this.#usage.note(found.credentialId);
    return found;
  }

  /** Asks above about keys that it has not heard of: they may be new. Rejects when nobody can be asked. */
  async findSdkKey(hash: string): Promise<SdkKeyEntry | undefined> {
    const known = this.#sdkKeys.get(hash);
    if (known !== undefined) return known;
    return this.#upstream.lookUp(hash);
  }

  isRevoked(credentialId: string): boolean {
    return this.#revoked.has(credentialId);
  }

  async channel(environmentId: string): Promise<Channel> {
    const channel = this.#channels.get(environmentId);
    if (channel === undefined) throw new Error(`environment ${environmentId} has not come from above yet`);
    return channel;
  }

  async findChannel(environmentId: string): Promise<Channel | undefined> {
    return this.#channels.get(environmentId);
  }

  recordEvents(environmentId: string, batch: EventBatch): void {
    this.#counts.record(environmentId, batch);
    this.#contexts.sampler.record(environmentId, batch.events);
  }

  async recordCounts(environmentId: string, batch: CountBatch): Promise<void> {
    this.#counts.recordBatch(environmentId, batch);
  }

  recordContexts(environmentId: string, contexts: readonly unknown[]): void {
    this.#contexts.sampler.recordContexts(environmentId, contexts);
  }

  recordWindow(environmentId: string, report: WindowReport): Promise<void> {
    return this.#windows.passOn(environmentId, report);
  }

  /** A relay knows nothing by itself: it asks above, in every case, once it has told of everybody. */
  confirmArrivals(): Promise<Confirmation> {
    this.#confirming ??= new Promise((resolve) =>
      this.#options.platform.after(gatherMs, () => resolve(this.#askAbove())),
    );
    return this.#confirming;
  }

  noteUse(credentialIds: readonly string[]): void {
    for (const credentialId of credentialIds) this.#usage.note(credentialId);
  }

  async admitRelay(key: string): Promise<RelayAdmission | 'unknown'> {
    const { workerKey } = this.#options;
    if (key === workerKey) return { credentialId: workerCredential, name: undefined };
    if (this.#keys === undefined) throw new Error('keys have not come from above yet');
    const hash = hashKey(key);
    const found = this.#keys.edgeKeys.find((entry) => entry.hash === hash);
    if (found !== undefined) return found;
    // Also while a link is new: its keys may have been made meanwhile.
    if (!this.#upstream.isCurrent) throw new Error('what is above cannot be asked about a key now');
    return 'unknown';
  }

  async listKeys(credentialId: string): Promise<LinkKeys | undefined> {
    if (this.#keys === undefined) throw new Error('keys have not come from above yet');
    if (credentialId === workerCredential) return this.#keys;
    const { sdkKeys, edgeKeys } = this.#keys;
    const own = edgeKeys.find((entry) => entry.credentialId === credentialId);
    if (own === undefined) return undefined;
    const { environmentIds } = own;
    return {
      environmentIds,
      sdkKeys: sdkKeys.filter((entry) => environmentIds.includes(entry.environmentId)),
      edgeKeys: edgeKeys.filter((entry) => entry.environmentIds.every((id) => environmentIds.includes(id))),
    };
  }

  /** Between 1 and 5, so that clients do not come back all at once. */
  retryAfterSeconds(): number {
    return 1 + Math.floor(this.#options.platform.random() * 5);
  }

  now(): number {
    return this.#options.platform.now();
  }

  createId(): string {
    return this.#options.platform.createId();
  }

  logError(error: unknown, message: string): void {
    this.#errors.write(error, message);
  }

  logDebug(): void {
    // What clients do wrong is nothing for the log of a relay.
  }

  #askAbove(): Promise<Confirmation> {
    this.#confirming = undefined;
    this.#roster.flush();
    return this.#upstream.confirmArrivals();
  }

  #useKeys(keys: LinkKeys): void {
    const before = this.#keys;
    this.#keys = keys;
    this.#sdkKeys = new Map(keys.sdkKeys.map((entry) => [entry.hash, entry]));
    const left = new Set([...keys.sdkKeys, ...keys.edgeKeys].map(({ credentialId }) => credentialId));
    for (const { credentialId } of [...(before?.sdkKeys ?? []), ...(before?.edgeKeys ?? [])]) {
      if (!left.has(credentialId)) this.#revoke(credentialId);
    }
    this.#lookWhetherReady();
  }

  #lookWhetherReady(): void {
    if (this.#keys === undefined) return;
    const missing = this.#listMissing(this.#keys);
    if (missing.length === 0) this.#ready.resolve();
    else if (missing.length < this.#keys.environmentIds.length)
      this.#cancelWait ??= this.#options.platform.after(missingWaitMs, () => this.#serveWithoutMissing());
  }

  #serveWithoutMissing(): void {
    const environments = this.#keys === undefined ? [] : this.#listMissing(this.#keys);
    if (environments.length > 0)
      this.#options.log.warn({ environments }, 'some environments have not come from above yet; the others are served');
    this.#ready.resolve();
  }

  #listMissing({ environmentIds }: LinkKeys): readonly string[] {
    return environmentIds.filter((id) => !this.#channels.has(id));
  }

  *#listOpenKeys(): Generator<string> {
    const sdkKeys = new Set(this.#keys?.sdkKeys.map(({ credentialId }) => credentialId));
    for (const { subscribers } of this.#channels.values()) {
      // Links of edges are among them.
      for (const { credentialId } of subscribers) if (sdkKeys.has(credentialId)) yield credentialId;
    }
  }

  #revoke(credentialId: string): void {
    this.#revoked.add(credentialId);
    for (const channel of this.#channels.values()) {
      const opened = channel.subscribers.filter((subscriber) => subscriber.credentialId === credentialId);
      if (opened.length > 0) channel.end('credential revoked', opened);
    }
  }

  /** What is above does not let us serve it any more. */
  #drop(environmentId: string): void {
    this.#channels.get(environmentId)?.end('this environment is not served here any more');
    this.#channels.delete(environmentId);
    this.#counts.forget(environmentId);
    this.#contexts.sampler.forget(environmentId);
    this.#options.store?.forget(environmentId);
  }

  #open(environmentId: string, payload: Payload): void {
    this.#channels.set(
      environmentId,
      new Channel(payload, this.#options.outflow, () => this.#current.has(environmentId)),
    );
    this.#links.refreshKeys();
    this.#lookWhetherReady();
  }

  #read(environmentId: string): Payload {
    const channel = this.#channels.get(environmentId);
    if (channel === undefined) throw new Error(`environment ${environmentId} is not there`);
    return channel.payloadSince(undefined);
  }
}
