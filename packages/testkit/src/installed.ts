import { existsSync } from 'node:fs';

/** Programs that tests need, by the Debian package that brings them. */
const programs = {
  nginx: '/usr/sbin/nginx',
  haproxy: '/usr/sbin/haproxy',
  gcc: '/usr/bin/gcc',
  'mariadb-server': '/usr/sbin/mariadbd',
  'redis-server': '/usr/bin/redis-server',
} as const;

export type DebianPackage = keyof typeof programs;

/**
 * Whether what a test needs is there. Where it is not, that is said loudly, and in CI it is a failure: the test runs and
 * does not find it.
 */
export function isInstalled(what: string, ...packages: readonly DebianPackage[]): boolean {
  const missing = packages.filter((name) => !existsSync(programs[name]));
  if (missing.length === 0 || process.env.CI === 'true') return true;
  console.error(`not run: ${what}; not installed (Debian): ${missing.join(', ')}`);
  return false;
}
