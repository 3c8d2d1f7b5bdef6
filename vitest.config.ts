import { availableParallelism } from 'node:os';
import { configDefaults, defineConfig } from 'vitest/config';
import { findPostgres } from './packages/testkit/src/postgres-cluster.ts';
import { LongestFirst } from './scripts/longest-first.ts';

/** What only one of the two kinds of database has. */
const aboutSqlite = ['apps/control-plane/src/{backup/backup,database/sqlite,database/unwritable}.test.ts'];
const aboutPostgres = ['apps/control-plane/{src,proofs}/**/postgres*.test.ts'];

/** What does not come to the database in a way of its own: it runs on the embedded one alone. */
const aboutNeither = [
  'apps/control-plane/src/{channels,clients,http,preview}/**',
  'apps/control-plane/src/people/{attempts,permissions,sign-on,totp}.test.ts',
  'apps/control-plane/src/{json-schema,metrics,settings,workers}.test.ts',
];

const onPostgres = {
  extends: true as const,
  test: {
    name: 'postgres',
    // What speaks to a server by its API is the same on both.
    include: ['apps/control-plane/src/**/*.test.ts', ...aboutPostgres],
    exclude: [...configDefaults.exclude, ...aboutSqlite, ...aboutNeither],
    globalSetup: 'scripts/postgres-setup.ts',
    env: { SLUICE_TEST_STORE: 'postgres' },
  },
};

/** Through the pages with a browser: many steps each, of which a busy machine makes few a second. */
const journeys = {
  extends: true as const,
  test: {
    name: 'journeys',
    // Those that everything depends on; `npm run prove -- journeys` goes all ways, which takes a quarter of an hour.
    include: [`apps/dashboard/journeys/${process.env.SLUICE_JOURNEYS === 'all' ? '**/' : ''}*.test.ts`],
    testTimeout: 180_000,
    hookTimeout: 300_000,
  },
};

function requirePostgres(): boolean {
  if (findPostgres() !== undefined) return true;
  const message = 'PostgreSQL is not installed (Debian: postgresql)';
  if (process.env.CI === 'true') throw new Error(message);
  console.error(`not run: the tests on PostgreSQL; ${message}`);
  return false;
}

export default defineConfig({
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'sqlite',
          include: [
            'packages/**/*.test.ts',
            'apps/**/*.test.ts',
            'examples/**/*.test.ts',
            'bench/**/*.test.ts',
            'scripts/**/*.test.ts',
          ],
          exclude: [...configDefaults.exclude, ...aboutPostgres, 'apps/dashboard/journeys/**'],
        },
      },
      journeys,
      ...(requirePostgres() ? [onPostgres] : []),
    ],
    expect: { requireAssertions: true },
    allowOnly: false,
    passWithNoTests: false,
    sequence: { sequencer: LongestFirst },
    // No test changes a module: loading each of them anew for every file would take a fifth of the time.
    isolate: false,
    restoreMocks: true,
    retry: 0,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // One more than there are cores: they wait for other people's clients, for disks and for processes much of the time.
    maxWorkers: availableParallelism() + 1,
    execArgv: ['--disable-warning=ExperimentalWarning'],
  },
});
