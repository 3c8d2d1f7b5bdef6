import { prepareTestDatabases, startPostgresCluster } from '@sluice/testkit';
import { pino } from 'pino';
import { openStore } from '../apps/control-plane/src/database/open-store.ts';
import { nodePlatform } from '../apps/control-plane/src/platform.ts';
import { parseSettings } from '../apps/control-plane/src/settings.ts';

/** Runs once before the tests on PostgreSQL: they share one server and have databases of their own. */
export async function setup(): Promise<() => Promise<void>> {
  const cluster = await startPostgresCluster();
  process.env.SLUICE_TEST_POSTGRES_URL = cluster.url;
  await prepareTestDatabases(async (url) => {
    const surroundings = { platform: nodePlatform, log: pino({ level: 'silent' }) };
    const store = await openStore(parseSettings({ 'database-url': url }, {}), surroundings);
    await store.close();
  });
  return () => cluster.close();
}
