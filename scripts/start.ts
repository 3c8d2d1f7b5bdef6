/** `npm start`: builds the dashboard where it is not built from what is here, and starts the server. */
import { spawnSync } from 'node:child_process';
import { isDashboardBuilt } from '../apps/dashboard/build.ts';

if (!isDashboardBuilt()) {
  console.log('Building the dashboard; once, and again when its sources change.');
  // In a process of its own: what builds takes memory that the server would keep.
  const builder = new URL('../apps/dashboard/build.ts', import.meta.url).pathname;
  const { status } = spawnSync(process.execPath, [builder], { stdio: 'inherit' });
  if (status !== 0) console.error('The dashboard could not be built: the server starts without it.');
}
process.argv.splice(2, 0, 'server', 'start');
await import('../apps/cli/src/main.ts');
