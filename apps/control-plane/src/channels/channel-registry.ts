import { Channel, drain, type Outflow, type Subscriber } from '@sluice/delivery';
import type { Payload, Selector } from '@sluice/protocol';
import type { Database } from '../database/schema.ts';
import { listWireObjects } from '../objects/object-queries.ts';
import { oneAtATime } from '../one-at-a-time.ts';

interface Entry {
  readonly channel: Promise<Channel>;
  readonly refresh: () => Promise<void>;
  /** Whether the last pull failed, so that the channel may lack what the database has. */
  isStale: boolean;
}

export interface ChannelRegistryOptions {
  readonly outflow: Outflow;
  /** Is told of each version right before it is sent. */
  readonly onVersion: (environmentId: string, selector: Selector) => void;
  /** Calls back every `periodMs` until it is stopped. */
  readonly every: (periodMs: number, callback: () => void) => () => void;
}

/** How far an environment has come, by the database. */
export interface EnvironmentHead extends Selector {
  readonly id: string;
}

/** The channels of this server, fed from the database. */
export class ChannelRegistry {
  readonly #db: Database;
  readonly #options: ChannelRegistryOptions;
  readonly #entries = new Map<string, Entry>();

  constructor(db: Database, options: ChannelRegistryOptions) {
    this.#db = db;
    this.#options = options;
  }

  /** The channel of an environment; loads it when it is asked for first. */
  open(environmentId: string): Promise<Channel> {
    const known = this.#entries.get(environmentId);
    if (known !== undefined) return known.channel;
    const channel = this.#load(environmentId);
    const refresh = oneAtATime(() => this.#pull(environmentId, channel));
    this.#entries.set(environmentId, { channel, refresh, isStale: false });
    // One that could not be loaded is tried again at the next request.
    channel.catch(() => this.#entries.delete(environmentId));
    return channel;
  }

  /** The channels that are open. */
  async list(): Promise<ReadonlyMap<string, Channel>> {
    const entries = [...this.#entries].map(async ([id, { channel }]) => [id, await channel] as const);
    return new Map(await Promise.all(entries));
  }

  /**
   * Brings a channel up to what the database has. What changed is found by version, so it does not matter who made
   * the changes or in which order this hears of them. Of calls that come while one runs, one more runs after it.
   */
  async refresh(environmentId: string): Promise<void> {
    const entry = this.#entries.get(environmentId);
    if (entry === undefined) return;
    try {
      await entry.refresh();
      entry.isStale = false;
    } catch (error) {
      entry.isStale = true;
      throw error;
    }
  }

  /** Resolves once the channel has a version that the database has. */
  async reach(environmentId: string, version: number): Promise<void> {
    const channel = await this.open(environmentId);
    if (channel.selector.version < version) await this.refresh(environmentId);
  }

  /** Whether a channel could not be brought up to date when that was asked for. */
  get isStale(): boolean {
    return [...this.#entries.values()].some((entry) => entry.isStale);
  }

  /** Brings up to date the open channels that lack what the database has. */
  async refreshBehind(heads: readonly EnvironmentHead[]): Promise<void> {
    const refreshing = heads.map(async ({ id, epoch, version }) => {
      const has = (await this.#entries.get(id)?.channel)?.selector;
      if (has !== undefined && (has.epoch !== epoch || has.version < version)) await this.refresh(id);
    });
    await Promise.all(refreshing);
  }

  /** The streams that a credential opened at this server. */
  async listOpened(environmentId: string, credentialId: string): Promise<readonly Subscriber[]> {
    const channel = await this.#entries.get(environmentId)?.channel;
    return channel?.subscribers.filter((subscriber) => subscriber.credentialId === credentialId) ?? [];
  }

  /** Ends the streams that a credential opened. */
  async endCredential(environmentId: string, credentialId: string): Promise<void> {
    const channel = await this.#entries.get(environmentId)?.channel;
    channel?.end('credential revoked', await this.listOpened(environmentId, credentialId));
  }

  /** Ends all streams, not all at once when there are many; their clients come back, here or elsewhere. */
  async drain(reason: string): Promise<void> {
    await drain([...(await this.list()).values()], { every: this.#options.every, reason });
  }

  async #load(environmentId: string): Promise<Channel> {
    return new Channel(await this.#read(environmentId, undefined), this.#options.outflow);
  }

  async #pull(environmentId: string, opening: Promise<Channel>): Promise<void> {
    const channel = await opening;
    const before = channel.selector;
    const update = await this.#read(environmentId, channel);
    const { epoch, version } = update;
    // Several changes may travel together; each is asked about by itself.
    const first = before.epoch === epoch ? Math.max(before.version, version - versionsTold) + 1 : version;
    for (let each = first; each <= version; each++) this.#options.onVersion(environmentId, { epoch, version: each });
    channel.apply(update);
  }

  #read(environmentId: string, channel: Channel | undefined): Promise<Payload> {
    // Both reads are of one moment.
    const transaction = this.#db.transaction().setIsolationLevel('repeatable read').setAccessMode('read only');
    return transaction.execute(async (reads) => {
      const { epoch, version } = await reads
        .selectFrom('environments')
        .select(['epoch', 'version'])
        .where('id', '=', environmentId)
        .executeTakeFirstOrThrow();
      const since = channel !== undefined && channel.selector.epoch === epoch ? channel.selector.version : -1;
      return { epoch, version, objects: await listWireObjects(reads, environmentId, since) };
    });
  }
}

/** Of changes that come at once, so many are told one by one. */
const versionsTold = 64;
