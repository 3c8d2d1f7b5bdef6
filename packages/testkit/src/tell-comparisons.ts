import { randomUUID } from 'node:crypto';
import { TelemetryWindow } from '@sluice/protocol';
import type { TestServer } from './test-server.ts';

/**
 * Comparisons of a migration in `production`, as instances in `shadow` will have counted them in twenty seconds: those
 * that were told right after the migration was changed do not count.
 */
export async function tellComparisons(
  { running }: Pick<TestServer, 'running'>,
  migration: string,
  {
    equal = 0,
    persistent = 0,
    agoMs = -20_000,
  }: { readonly equal?: number; readonly persistent?: number; readonly agoMs?: number },
): Promise<void> {
  const window = new TelemetryWindow();
  const tally = window.find('migration', migration);
  for (let at = 0; at < equal; at++) tally?.count('default', 'shadow', 'equal', 0);
  for (let at = 0; at < persistent; at++) tally?.count('default', 'shadow', 'persistent', 0);
  const { db, telemetry } = running.context;
  const environments = db.selectFrom('environments').select('id').where('key', '=', 'production');
  const { id } = await environments.executeTakeFirstOrThrow();
  const told = telemetry.record(id, { session: randomUUID(), sequence: 1, agoMs, window: window.encode() });
  await telemetry.flush();
  await told;
}
