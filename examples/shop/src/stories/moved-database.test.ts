import { randomUUID } from 'node:crypto';
import { findPostgres, startPostgresCluster } from '@sluice/testkit';
import { expect, onTestFinished, test } from 'vitest';
import { movedDatabase, movedDatabaseProof } from './moved-database.ts';
import { createWorld } from './world.ts';

/** Where PostgreSQL is not installed, that is said by the configuration of the tests. */
const isThere = findPostgres() !== undefined || process.env.CI === 'true';

test.each(['SQLite', ...(isThere ? ['PostgreSQL'] : [])])(
  'orders move from SQLite to %s while they are placed, changed and cancelled, back and on again, and none is lost',
  async (to) => {
    const cluster = to === 'PostgreSQL' ? await startPostgresCluster() : undefined;
    onTestFinished(() => cluster?.close());
    const world = await createWorld();
    onTestFinished(() => world.close());
    const { proof, figures } = await movedDatabase(world, {
      ...{
        postgres: cluster?.url,
        customers: 5,
        compared: 50,
        createId: randomUUID,
        now: () => performance.now(),
        say: () => undefined,
      },
    });
    expect(proof).toEqual(movedDatabaseProof);
    expect(figures.checked).toBeGreaterThan(10);
    // `npm run story` proves the second. Here the machine may be busy: it waits for no heartbeat (10 s), and no lease.
    expect(figures.returnedMs).toBeLessThan(8000);
  },
  180_000,
);
