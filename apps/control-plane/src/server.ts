import { DataPlane, StreamKeeper } from '@sluice/delivery';
import type { Logger } from 'pino';
import { ChannelRegistry } from './channels/channel-registry.ts';
import { Admissions } from './credentials/admissions.ts';
import { findSecretProblem } from './credentials/check-secret.ts';
import { KeyUsage } from './credentials/key-usage.ts';
import { createSecretBox, findSecret } from './credentials/secret-box.ts';
import { openStore } from './database/open-store.ts';
import type { Store, StoreSurroundings } from './database/store.ts';
import { ServerError } from './errors.ts';
import { EvaluationRecorder } from './evaluations/evaluation-recorder.ts';
import { type FirstStart, noteUrl, startFirstTime } from './first-start.ts';
import { startHousekeeping } from './housekeeping.ts';
import { createApp } from './http/app.ts';
import { createGate, retryAfterSeconds } from './http/gate.ts';
import { closeListener, createListener, listen } from './http/listener.ts';
import { createMetrics } from './metrics.ts';
import { createCatchUp } from './replicas/catch-up.ts';
import { Leadership } from './replicas/leadership.ts';
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

/** What a server takes from its surroundings. */
export interface ServerSurroundings extends StoreSurroundings {
  /** How the database is opened, for tests that stand in its way. */
  readonly open?: typeof openStore;
}

/** Starts the server; it listens at once and answers 503 until the database is open. */
export async function startServer(
  settings: Settings,
  { platform, log, open = openStore }: ServerSurroundings,
): Promise<RunningServer> {
  const gate = createGate(platform);
  const server = createListener(settings, gate.listener);
  const url = await listen(server, settings);
  let store: Store | undefined;
  try {
    store = await open(settings, { platform, log });
    const { context, keeper, firstStart } = await prepare(store, url, settings, { platform, log });
    const app = createApp(context);
    await app.ready();
    const dataPlane = createDataPlane(context, keeper);
    store.onAnnouncement(() => hear(context));
    const stopHousekeeping = startHousekeeping(context);
    gate.open((request, response) => {
      if (!dataPlane.handle(request, response)) app.routing(request, response);
    });
    const { close } = store;
    return {
      url,
      context,
      firstStart,
      close: () =>
        closeInOrder(log, [
          () => gate.close(),
          () => keeper.close(),
          stopHousekeeping,
          () => context.channels.endAll('server is stopping'),
          () => closeListener(server, platform),
          () => app.close(),
          () => context.evaluations.close(),
          () => context.usage.flush(),
          close,
        ]),
    };
  } catch (error) {
    await closeInOrder(log, [() => closeListener(server, platform), () => store?.close()]);
    throw error;
  }
}

/** Looks at once; what fails is tried again by the second. */
function hear({ catchUp, log }: ServerContext): void {
  catchUp().catch((error: unknown) => log.warn({ err: error }, 'what another server announced could not be looked at'));
}

const ownSecret = "set the SLUICE_SECRET of before, or bring back the data folder's file `secret`";
const sharedSecret =
  'all servers of a database need the same; set SLUICE_SECRET as it is set for the others, or, where it is not set, to what stands in the file `secret` in the data folder of the first of them';

/** Makes what the parts of the server share, and fills a database that is empty. */
async function prepare(
  store: Store,
  url: string,
  { data, databaseUrl, secret, bootstrap, payloadLimitBytes }: Settings,
  { platform, log }: StoreSurroundings,
): Promise<{ context: ServerContext; keeper: StreamKeeper; firstStart: FirstStart | undefined }> {
  const { db } = store;
  const box = createSecretBox(findSecret(secret, data, platform), platform);
  const firstStart = await startFirstTime(db, { folder: data, url, bootstrap }, { box, platform, payloadLimitBytes });
  // Afterwards, because another replica may have been the first, with another secret.
  const secretProblem = await findSecretProblem(db, box);
  if (secretProblem !== undefined) {
    const message = `the stored keys were encrypted with another secret: ${databaseUrl === undefined ? ownSecret : sharedSecret}`;
    throw new ServerError('invalid-settings', message, secretProblem);
  }
  if (firstStart === undefined) noteUrl(data, url);
  const channels = new ChannelRegistry(db);
  const usage = new KeyUsage(db);
  const keeper = new StreamKeeper(platform);
  const admissions = new Admissions(db, usage);
  const leadership = new Leadership(store, log);
  const context: ServerContext = {
    store,
    db,
    leadership,
    catchUp: createCatchUp({ db, channels, admissions }),
    platform,
    box,
    log,
    channels,
    admissions,
    usage,
    evaluations: new EvaluationRecorder(db, channels, platform, log),
    metrics: createMetrics({ channels, keeper, leadership }),
    payloadLimitBytes,
    version: serverVersion,
  };
  await admissions.load();
  await leadership.beat();
  return { context, keeper, firstStart };
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

function createDataPlane(context: ServerContext, keeper: StreamKeeper): DataPlane {
  const { platform, channels, admissions, evaluations, metrics, log } = context;
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
      logError: (error, message) => log.error({ err: error }, message),
    },
    keeper,
  );
}
