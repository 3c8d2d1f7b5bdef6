import { answerUpgrade, DataPlane, type DataPlaneParts, Outflow, StreamKeeper, Visitors } from '@sluice/delivery';
import type { Logger } from 'pino';
import { Registry } from 'prom-client';
import { ChannelRegistry } from './channels/channel-registry.ts';
import { Admissions } from './credentials/admissions.ts';
import { findSecretProblem } from './credentials/check-secret.ts';
import { KeyUsage } from './credentials/key-usage.ts';
import { createSecretBox, findSecret } from './credentials/secret-box.ts';
import { migrateToLatest } from './database/migrations.ts';
import type { Database } from './database/schema.ts';
import { type OpenedDatabase, openSqlite } from './database/sqlite.ts';
import { ErrorLog } from './error-log.ts';
import { ServerError } from './errors.ts';
import { EvaluationRecorder } from './evaluations/evaluation-recorder.ts';
import { type FirstStart, startFirstTime } from './first-start.ts';
import { FleetRegistry } from './fleet/fleet-registry.ts';
import { startHousekeeping } from './housekeeping.ts';
import { createApp } from './http/app.ts';
import { createGate, retryAfterSeconds } from './http/gate.ts';
import { closeListener, createListener, listen } from './http/listener.ts';
import { createId } from './ids.ts';
import { createMetrics, createPropagation } from './metrics.ts';
import type { Platform } from './platform.ts';
import type { ServerContext } from './server-context.ts';
import type { Settings } from './settings.ts';

export interface RunningServer {
  readonly url: string;
  readonly context: ServerContext;
  /** Only when the database was empty. */
  readonly firstStart: FirstStart | undefined;
  /** Ends streams so that their clients come back elsewhere, finishes what is being answered, closes the database. */
  close(): Promise<void>;
}

/** Of the server and its command. */
export const serverVersion = '0.1.0';

/** Starts the server; it listens at once and answers 503 until the database is open. */
export async function startServer(settings: Settings, platform: Platform, log: Logger): Promise<RunningServer> {
  const gate = createGate(platform);
  const server = createListener(settings, gate.listener);
  const url = await listen(server, settings);
  let database: OpenedDatabase | undefined;
  try {
    database = openSqlite(settings.data);
    const { context, parts, firstStart } = await prepare(database.db, url, settings, platform, log);
    const app = createApp(context);
    await app.ready();
    const dataPlane = createDataPlane(context, parts);
    const stopHousekeeping = startHousekeeping(context);
    gate.open({
      request: (request, response) => {
        if (!dataPlane.handle(request, response)) app.routing(request, response);
      },
      upgrade: (request, socket, head) => {
        if (dataPlane.handleUpgrade(request, socket, head)) return;
        answerUpgrade(socket, { status: 404, code: 'not-found', detail: 'there is no WebSocket here' });
      },
    });
    const { close } = database;
    return {
      url,
      context,
      firstStart,
      close: () =>
        closeInOrder(log, [
          () => gate.close(),
          () => parts.keeper.close(),
          () => parts.visitors.close(),
          () => context.fleet.close(),
          stopHousekeeping,
          () => context.channels.endAll('server is stopping'),
          () => closeListener(server, platform),
          () => app.close(),
          () => context.evaluations.close(),
          () => context.usage.flush(),
          close,
          () => context.errors.close(),
        ]),
    };
  } catch (error) {
    await closeInOrder(log, [() => closeListener(server, platform), () => database?.close()]);
    throw error;
  }
}

/** Brings the database up to date, and makes what the parts of the server share. */
async function prepare(
  db: Database,
  url: string,
  { data, secret, bootstrap, payloadLimitBytes }: Settings,
  platform: Platform,
  log: Logger,
): Promise<{ context: ServerContext; parts: DataPlaneParts; firstStart: FirstStart | undefined }> {
  await migrateToLatest(db);
  const box = createSecretBox(findSecret(secret, data, platform), platform);
  const secretProblem = await findSecretProblem(db, box);
  if (secretProblem !== undefined) {
    const message =
      "the stored keys were encrypted with another secret: set the SLUICE_SECRET of before, or bring back the data folder's file `secret`";
    throw new ServerError('invalid-settings', message, secretProblem);
  }
  const firstStart = await startFirstTime(db, { folder: data, url, bootstrap }, { box, platform, payloadLimitBytes });
  const registry = new Registry();
  const fleet = new FleetRegistry(platform, createPropagation(registry));
  const channels = new ChannelRegistry(db, {
    outflow: new Outflow(platform),
    onVersion: (environmentId, selector) => fleet.publish(environmentId, selector),
  });
  const usage = new KeyUsage(db);
  const errors = new ErrorLog(log, platform);
  const keeper = new StreamKeeper(platform);
  const context: ServerContext = {
    db,
    platform,
    box,
    log,
    errors,
    channels,
    admissions: new Admissions(db, usage),
    usage,
    evaluations: new EvaluationRecorder(db, channels, platform, errors),
    fleet,
    metrics: createMetrics(registry, { channels, fleet, keeper }),
    payloadLimitBytes,
    version: serverVersion,
  };
  await context.admissions.load();
  return { context, parts: { keeper, fleet, visitors: new Visitors(fleet, platform) }, firstStart };
}

/** Takes every step, also when one before it fails: what can still be saved is saved, and the folder is given free. */
async function closeInOrder(log: Logger, steps: readonly (() => Promise<void> | void)[]): Promise<void> {
  for (const step of steps) {
    try {
      await step();
    } catch (error) {
      log.error({ err: error }, 'a step of stopping failed');
    }
  }
}

function createDataPlane(context: ServerContext, parts: DataPlaneParts): DataPlane {
  const { platform, channels, admissions, evaluations, metrics, log, errors } = context;
  return new DataPlane(
    {
      admit: (sdkKey) => admissions.admit(sdkKey, platform.now()),
      isRevoked: (credentialId) => admissions.isRevoked(credentialId),
      channel: (environmentId) => channels.open(environmentId),
      recordEvents: (environmentId, batch) => {
        metrics.eventBatches.inc();
        evaluations.record(environmentId, batch);
      },
      retryAfterSeconds: () => retryAfterSeconds(platform),
      now: () => platform.now(),
      createId: () => createId(platform),
      logError: (error, message) => errors.write(error, message),
      logDebug: (message) => log.debug(message),
    },
    parts,
  );
}
