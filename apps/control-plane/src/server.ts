import { join } from 'node:path';
import {
  answerUpgrade,
  CertificateError,
  type Confirmation,
  createGate,
  DataPlane,
  type DataPlaneParts,
  ErrorLog,
  type Front,
  LinkServer,
  LoadGauge,
  Outflow,
  openFront,
  retryAfterSeconds,
  StreamKeeper,
  Visitors,
  WorkerPool,
} from '@sluice/delivery';
import type { Logger } from 'pino';
import { Registry } from 'prom-client';
import { ChannelRegistry } from './channels/channel-registry.ts';
import { ContextRecorder } from './contexts/context-recorder.ts';
import { Admissions } from './credentials/admissions.ts';
import { findSecretProblem } from './credentials/check-secret.ts';
import { KeyUsage } from './credentials/key-usage.ts';
import { createSecretBox, findSecret, secretFile } from './credentials/secret-box.ts';
import { findDatabaseTrouble } from './database/database-gone.ts';
import { openStore } from './database/open-store.ts';
import type { Store, StoreSurroundings } from './database/store.ts';
import { createEdgeHost } from './edges/edge-host.ts';
import { ServerError } from './errors.ts';
import { EvaluationRecorder } from './evaluations/evaluation-recorder.ts';
import { Feeds } from './feed/feeds.ts';
import { type FirstStart, noteUrl, startFirstTime } from './first-start.ts';
import { createConfirming } from './fleet/confirm-arrivals.ts';
import { FleetExchange } from './fleet/fleet-exchange.ts';
import type { ReadFleet } from './fleet/fleet-record.ts';
import { emptyFleet } from './fleet/fleet-record.ts';
import { FleetRegistry } from './fleet/fleet-registry.ts';
import { startProbes } from './fleet/probes.ts';
import { startHousekeeping } from './housekeeping.ts';
import { createApp } from './http/app.ts';
import { createId } from './ids.ts';
import { createMetrics, createPropagation } from './metrics.ts';
import { createStandingReader } from './now/standing.ts';
import { catchUpListings } from './objects/listing-commands.ts';
import { Attempts } from './people/attempts.ts';
import { createAuth, deriveKey } from './people/auth.ts';
import { createEnvironmentLabels } from './projects/environment-labels.ts';
import { createCatchUp } from './replicas/catch-up.ts';
import { Leadership } from './replicas/leadership.ts';
import type { ServerContext } from './server-context.ts';
import type { Settings } from './settings.ts';
import { createTelemetryMetrics } from './telemetry/telemetry-metrics.ts';
import { TelemetryRecorder } from './telemetry/telemetry-recorder.ts';
import { listTrippedValves } from './valves/valve-queries.ts';
import { serverVersion } from './version.ts';

export interface RunningServer {
  readonly url: string;
  readonly context: ServerContext;
  /** Only when the database was empty. */
  readonly firstStart: FirstStart | undefined;
  /** Ends streams so that their clients come back elsewhere, finishes what is being answered, closes the database. */
  close(): Promise<void>;
}

/** What a server takes from its surroundings. */
export interface ServerSurroundings extends StoreSurroundings {
  /** How the database is opened, for tests that stand in its way. */
  readonly open?: typeof openStore;
  /** The folder that the dashboard was built into; absent: a page says what is running. */
  readonly dashboard?: string | undefined;
}

/**
 * Starts the server; it listens at once and answers 503 until the database is open. Workers, if there are to be any,
 * start when it is.
 */
export async function startServer(
  settings: Settings,
  { platform, log, open = openStore, dashboard }: ServerSurroundings,
): Promise<RunningServer> {
  const gate = createGate(platform);
  const front = await openFront(settings, gate.listener, platform).catch((error: unknown) => {
    if (error instanceof CertificateError) throw new ServerError('invalid-settings', error.message, { cause: error });
    throw error;
  });
  let store: Store | undefined;
  try {
    store = await open(settings, { platform, log });
    const workerKey = createId(platform, 40);
    const prepared = await prepare(store, { ...front, workerKey }, settings, { platform, log });
    const { context, parts, confirmArrivals, load, pool, exchange, firstStart } = prepared;
    const app = createApp(context, dashboard);
    await app.ready();
    const dataPlane = createDataPlane(context, parts, confirmArrivals);
    store.onAnnouncement(() => hear(context));
    const stopHousekeeping = startHousekeeping(context);
    const stopProbes = startProbes(context);
    gate.open({
      request: (request, response) => {
        if (!dataPlane.handle(request, response)) app.routing(request, response);
      },
      upgrade: (request, socket, head) => {
        if (dataPlane.handleUpgrade(request, socket, head) || context.links.handleUpgrade(request, socket, head))
          return;
        answerUpgrade(socket, { status: 404, code: 'not-found', detail: 'there is no WebSocket here' });
      },
    });
    await pool?.start();
    const { url } = front;
    const { close } = store;
    return {
      url,
      context,
      firstStart,
      close: () =>
        closeInOrder(log, [
          () => pool?.close(),
          () => gate.close(),
          () => parts.keeper.close(),
          () => parts.visitors.close(),
          () => load.close(),
          () => context.fleet.close(),
          stopHousekeeping,
          stopProbes,
          () => context.links.close(),
          () => context.feeds.close(),
          () => context.channels.drain('server is stopping'),
          () => exchange.close(),
          () => front.close(),
          () => app.close(),
          () => context.evaluations.close(),
          () => context.telemetry.close(),
          () => context.contexts.close(),
          () => context.usage.flush(),
          close,
          () => context.errors.close(),
        ]),
    };
  } catch (error) {
    await closeInOrder(log, [() => front.close(), () => store?.close()]);
    const trouble = findDatabaseTrouble(error);
    throw trouble === undefined ? error : new ServerError('unavailable', trouble, { cause: error });
  }
}

interface Prepared {
  readonly context: ServerContext;
  readonly parts: DataPlaneParts;
  readonly confirmArrivals: () => Promise<Confirmation>;
  readonly load: LoadGauge;
  readonly pool: WorkerPool | undefined;
  readonly exchange: FleetExchange;
  readonly firstStart: FirstStart | undefined;
}

/** Looks at once; what fails is tried again by the second. */
function hear({ catchUp, log }: ServerContext): void {
  catchUp().catch((error: unknown) => log.warn({ err: error }, 'what another server announced could not be looked at'));
}

/** What to do about stored keys that were encrypted with another secret. */
function explainSecret({ secret, data, databaseUrl }: Settings): string {
  const path = join(data, secretFile);
  const found = secret === undefined ? `than the one in ${path}` : 'than SLUICE_SECRET';
  const remedy =
    databaseUrl === undefined
      ? `bring ${path} back as it was, or set SLUICE_SECRET as it was`
      : `all servers of a database need the same; set SLUICE_SECRET as it is set for the others, or, where it is not set, to what stands in the file \`${secretFile}\` in the data folder of the first of them`;
  return `the stored keys were encrypted with another secret ${found}: ${remedy}`;
}

/** Makes what the parts of the server share, and fills a database that is empty. */
async function prepare(
  store: Store,
  { url, behindWorkers, workerKey }: Pick<Front, 'url' | 'behindWorkers'> & { readonly workerKey: string },
  settings: Settings,
  { platform, log }: StoreSurroundings,
): Promise<Prepared> {
  const { data, secret, bootstrap, payloadLimitBytes, publicUrl, trustedProxies, signOn } = settings;
  const origin = publicUrl ?? url;
  const { db } = store;
  const serverSecret = findSecret(secret, data, platform);
  const box = createSecretBox(serverSecret, platform);
  const first = { box, platform, payloadLimitBytes, readFleet: () => Promise.resolve(emptyFleet) };
  const firstStart = await startFirstTime(db, { folder: data, url, origin, bootstrap }, first);
  // Afterwards, because another replica may have been the first, with another secret.
  const secretProblem = await findSecretProblem(db, box);
  if (secretProblem !== undefined) {
    throw new ServerError('invalid-settings', explainSecret(settings), secretProblem);
  }
  if (firstStart === undefined) noteUrl(data, url);
  await catchUpListings(db);
  const registry = new Registry();
  const fleet = new FleetRegistry(platform, createPropagation(registry));
  const channels = new ChannelRegistry(db, {
    outflow: new Outflow(platform),
    onVersion: (environmentId, selector) => {
      fleet.publish(environmentId, selector);
      feeds.notice(environmentId);
    },
    every: platform.every,
  });
  const usage = new KeyUsage(db);
  const errors = new ErrorLog(log, platform);
  const keeper = new StreamKeeper(platform);
  const admissions = new Admissions(db, usage);
  const leadership = new Leadership(store, log);
  const evaluations = new EvaluationRecorder(db, channels, platform, errors);
  const contexts = new ContextRecorder(db, settings.sampledContexts, platform, errors);
  const labelsOf = createEnvironmentLabels(db);
  const telemetryMetrics = createTelemetryMetrics(registry, labelsOf);
  const telemetry = new TelemetryRecorder(db, channels, { platform, errors, metrics: telemetryMetrics });
  const { isShared } = store;
  const exchange = new FleetExchange({ db, fleet, platform, log, replicaId: createId(platform), isShared });
  const confirmArrivals = createConfirming({ exchange, channels, catchUp: () => catchUp() });
  const host = createEdgeHost({
    db,
    channels,
    evaluations,
    telemetry,
    contexts,
    usage,
    platform,
    log,
    errors,
    confirmArrivals,
    workerKey,
  });
  const links = new LinkServer(host, fleet, platform);
  const catchUp = createCatchUp({ db, channels, admissions, links });
  const readFleet: ReadFleet = (id, reads) => exchange.read(id, reads);
  const readStanding = createStandingReader(db);
  const feeds = new Feeds({ db, channels, fleet, readFleet, readStanding, platform, errors });
  const pool =
    behindWorkers &&
    new WorkerPool({
      ...settings,
      ...behindWorkers,
      key: workerKey,
      after: platform.after,
      log: (level, fields, message) => log[level](fields, message),
    });
  const context: ServerContext = {
    store,
    db,
    leadership,
    catchUp,
    platform,
    box,
    log,
    errors,
    channels,
    admissions,
    usage,
    evaluations,
    telemetry,
    contexts,
    fleet,
    readFleet,
    links,
    feeds,
    readStanding,
    metrics: createMetrics(registry, {
      channels,
      fleet,
      keeper,
      pool,
      leadership,
      evaluations,
      // While the database is away, what it said last is told.
      listTrippedValves: () => listTrippedValves(db, platform.now()).catch(() => undefined),
      labelsOf,
    }),
    payloadLimitBytes,
    version: serverVersion,
    people: {
      auth: createAuth({ db, platform, log, origin, secret: serverSecret, signOn }),
      attempts: new Attempts(platform),
      csrfKey: deriveKey(serverSecret, 'csrf'),
      publicUrl,
      trustedProxies,
      origin,
      signOn,
    },
  };
  await admissions.load();
  await leadership.beat();
  const load = new LoadGauge(platform);
  const parts = { keeper, load, fleet, visitors: new Visitors(fleet, platform) };
  return { context, parts, confirmArrivals, load, pool, exchange, firstStart };
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

function createDataPlane(
  context: ServerContext,
  parts: DataPlaneParts,
  confirmArrivals: () => Promise<Confirmation>,
): DataPlane {
  const { platform, channels, admissions, evaluations, telemetry, contexts, metrics, log, errors } = context;
  return new DataPlane(
    {
      admit: (sdkKey) => admissions.admit(sdkKey, platform.now()),
      isRevoked: (credentialId) => admissions.isRevoked(credentialId),
      channel: (environmentId) => channels.open(environmentId),
      recordEvents: (environmentId, batch) => {
        metrics.eventBatches.inc();
        evaluations.record(environmentId, batch);
        contexts.record(environmentId, batch.events);
      },
      recordWindow: (environmentId, report) => telemetry.record(environmentId, report),
      confirmArrivals,
      retryAfterSeconds: () => retryAfterSeconds(platform),
      now: () => platform.now(),
      createId: () => createId(platform),
      logError: (error, message) => errors.write(error, message),
      logDebug: (message) => log.debug(message),
    },
    parts,
  );
}
