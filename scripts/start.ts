/** `npm start`: builds the dashboard where it is not built from what is here, and starts the server. */
import { buildDashboard, isDashboardBuilt } from '../apps/dashboard/build.ts';

if (!isDashboardBuilt()) {
  console.log('Building the dashboard; once, and again when its sources change.');
  await buildDashboard().catch((error: unknown) => console.error('The server starts without its dashboard:', error));
}
process.argv.splice(2, 0, 'server', 'start');
await import('../apps/cli/src/main.ts');
