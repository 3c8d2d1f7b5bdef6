import {
  createMigration,
  init,
  integrations,
  LDMigrationStage,
  LDMigrationSuccess,
} from '@launchdarkly/node-server-sdk';
import { otherSide, type Side, type Stage, stagePlans } from '@sluice/engine';
import { createClient, type Store, TestData } from '@sluice/sdk-node';

export interface Order {
  readonly total: number;
}

/** One way of reading and writing records that move. */
export interface Subject {
  readonly name: SubjectName;
  read(key: string): Promise<unknown>;
  write(key: string, order: Order): Promise<unknown>;
  close(): Promise<void>;
}

export type SubjectName = 'bare' | 'sluice' | 'launchdarkly';
export type Stores = Readonly<Record<Side, Store<Order>>>;

const flagKey = 'orders';

/** The calls that a stage makes and nothing else; where a stage compares, the other side is left out. */
export function createBare(stores: Stores, stage: Stage): Subject {
  const { authority, writesBoth } = stagePlans[stage];
  const { signal } = new AbortController();
  let writes = 0;
  return {
    name: 'bare',
    read: (key) => stores[authority].read(key, { signal }),
    write: async (key, order) => {
      const call = { signal, version: String(++writes).padStart(20, '0') };
      await stores[authority].write(key, order, call);
      if (writesBoth) await stores[otherSide(authority)].write(key, order, call);
    },
    close: async () => undefined,
  };
}

/** Compares every read where the stage compares. The journal of repairs is in memory unless a folder is given. */
export async function createSluice(
  stores: Stores,
  stage: Stage,
  journal: string | false = false,
): Promise<Subject & { status(): object }> {
  const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: console.error };
  const client = createClient({ testData: new TestData().set(flagKey, stage), log: silent });
  await client.ready();
  const orders = client.migration<Order>(flagKey, { ...stores, journal, compare: { sample: { share: 1 } } });
  return {
    name: 'sluice',
    read: (key) => orders.read(key),
    write: (key, order) => orders.write(key, order),
    status: () => orders.status(),
    close: () => client.close(),
  };
}

/** As its documentation shows it, and with the check of consistency that it offers. */
export async function createLaunchDarkly(stores: Stores, stage: Stage): Promise<Subject> {
  const data = new integrations.TestData();
  await data.update(data.flag(flagKey).valueForAll(stage));
  const client = init('sdk-bench', {
    updateProcessor: data.getFactory(),
    sendEvents: false,
    logger: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: console.error },
  });
  await client.waitForInitialization({ timeout: 10 });
  const { signal } = new AbortController();
  let writes = 0;
  const read = async (side: Side, key: string) => LDMigrationSuccess(await stores[side].read(key, { signal }));
  const write = async (side: Side, { key, order }: { readonly key: string; readonly order: Order }) =>
    LDMigrationSuccess(await stores[side].write(key, order, { signal, version: String(++writes).padStart(20, '0') }));
  const migration = createMigration(client, {
    readOld: (key) => read('old', key),
    readNew: (key) => read('new', key),
    writeOld: (change) => write('old', change),
    writeNew: (change) => write('new', change),
    check: (old, next) => old?.value?.total === next?.value?.total,
  });
  return {
    name: 'launchdarkly',
    read: (key) => migration.read(flagKey, { kind: 'record', key }, LDMigrationStage.Off, key),
    write: (key, order) => migration.write(flagKey, { kind: 'record', key }, LDMigrationStage.Off, { key, order }),
    close: async () => client.close(),
  };
}
