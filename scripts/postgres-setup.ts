import { startPostgresCluster } from '@sluice/testkit';

/** Runs once before the tests on PostgreSQL: they share one server and have databases of their own. */
export async function setup(): Promise<() => Promise<void>> {
  const cluster = await startPostgresCluster();
  process.env.SLUICE_TEST_POSTGRES_URL = cluster.url;
  return () => cluster.close();
}
