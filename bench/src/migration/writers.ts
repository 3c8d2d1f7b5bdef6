import type { Side } from '@sluice/engine';
import { type Client, createClient, type Migration, type Store, type Stored } from '@sluice/sdk-node';

/** Several processes, as far as a migration can tell, that write the same records all the time. */
export interface Writers {
  readonly acknowledged: number;
  /** Stops, waits until what waits to be repaired is, and counts records of which a store lost a write that was acknowledged. */
  stop(): Promise<number>;
}

export interface WritersOptions {
  readonly url: string;
  readonly sdkKey: string;
  readonly migration: string;
  /** How many clients. */
  readonly clients: number;
}

const recordCount = 200;
/** Of each client, one after the other. */
const loops = 4;
/** Of each client, between a write and the next. */
const pauseMs = 5;
/** Stores take up to so long. */
const mostMs = 8;
const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

export async function startWriters({ url, sdkKey, migration, clients: count }: WritersOptions): Promise<Writers> {
  const stores = { old: new SlowStore(), new: new SlowStore() };
  const clients = Array.from({ length: count }, (_, at) =>
    createClient({ url, sdkKey, cacheFolder: false, log: silent, instance: { key: `writer-${at}` } }),
  );
  await Promise.all(clients.map((client) => untilReady(client)));
  const migrations = clients.map((client) => client.migration<number>(migration, { ...stores, journal: false }));
  /** Of each record the highest version that was acknowledged. */
  const highest = new Map<string, string>();
  let acknowledged = 0;
  let isOver = false;

  async function write(records: Migration<number>): Promise<void> {
    while (!isOver) {
      const key = String(Math.floor(Math.random() * recordCount));
      const { version } = await records.write(key, Math.random());
      acknowledged++;
      if (version > (highest.get(key) ?? '')) highest.set(key, version);
      await pause(pauseMs);
    }
  }

  const writing = migrations.flatMap((records) => Array.from({ length: loops }, () => write(records)));
  return {
    get acknowledged() {
      return acknowledged;
    },
    stop: async () => {
      isOver = true;
      await Promise.all(writing);
      while (migrations.some((records) => isBusy(records))) await pause(20);
      await Promise.all(clients.map((client) => client.close()));
      const lacks = (side: Side, key: string, version: string) => (stores[side].find(key)?.version ?? '') < version;
      return [...highest].filter(([key, version]) => lacks('old', key, version) || lacks('new', key, version)).length;
    },
  };
}

async function untilReady(client: Client): Promise<void> {
  if (!(await client.ready({ timeoutMs: 20_000 }))) throw new Error(`not ready: ${client.status.lastError?.message}`);
}

function isBusy(records: Migration<number>): boolean {
  const { repairs, detached } = records.status();
  return repairs.depth > 0 || detached > 0;
}

/** In memory, some time before and some time after each request takes effect, so that writes cross. */
class SlowStore implements Store<number> {
  readonly #records = new Map<string, Stored<number>>();

  find(key: string): Stored<number> | undefined {
    return this.#records.get(key);
  }

  async read(key: string): Promise<Stored<number> | undefined> {
    await pause(Math.random() * mostMs);
    return this.#records.get(key);
  }

  write(key: string, value: number, { version }: { readonly version: string }): Promise<'applied' | 'stale'> {
    return this.#put(key, { value, version });
  }

  remove(key: string, { version }: { readonly version: string }): Promise<'applied' | 'stale'> {
    return this.#put(key, { value: undefined, version });
  }

  async #put(key: string, stored: Stored<number>): Promise<'applied' | 'stale'> {
    await pause((Math.random() * mostMs) / 2);
    const isNewer = (this.#records.get(key)?.version ?? '') < stored.version;
    if (isNewer) this.#records.set(key, stored);
    await pause((Math.random() * mostMs) / 2);
    return isNewer ? 'applied' : 'stale';
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
