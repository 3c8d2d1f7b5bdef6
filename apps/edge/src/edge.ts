import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  answerUpgrade,
  CertificateError,
  createGate,
  DataPlane,
  drain,
  FolderInUseError,
  type Front,
  LoadGauge,
  lockFolder,
  Outflow,
  openFront,
  Relay,
  StreamKeeper,
  sendProblem,
  Visitors,
  WorkerPool,
} from '@sluice/delivery';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { createEdgeMetrics } from './edge-metrics.ts';
import { EdgeError } from './errors.ts';
import { PassUp } from './pass-up.ts';
import type { EdgePlatform } from './platform.ts';
import { createRelayFiles } from './relay-files.ts';
import type { EdgeSettings } from './settings.ts';

export interface RunningEdge {
  readonly url: string;
  readonly relay: Relay;
  /** Processes that serve SDKs beside this one. */
  readonly workerProcessIds: readonly number[];
  /** Resolves once SDKs are served; until then they are told to try again. */
  untilReady(): Promise<void>;
  /** Ends streams so that their clients come back elsewhere, and stores what is not stored yet. */
  close(): Promise<void>;
}

/**
 * Starts an edge. It answers 503 until it has something to serve: what it had when it ended, or what comes from above.
 */
export async function startEdge(settings: EdgeSettings, platform: EdgePlatform, log: Logger): Promise<RunningEdge> {
  const unlock = lockData(settings.data);
  try {
    return await openEdge(settings, platform, { log, unlock });
  } catch (error) {
    unlock();
    throw error;
  }
}

/** One edge at a time may keep what it has in a folder: another would take it away. */
function lockData(folder: string): () => void {
  try {
    return lockFolder(folder);
  } catch (cause) {
    if (cause instanceof FolderInUseError)
      throw new EdgeError(
        'invalid-settings',
        `another edge has the data folder ${folder} open; give each its own`,
        cause,
      );
    const found = cause instanceof Error ? cause.message : String(cause);
    const message = `the data folder ${folder} cannot be used: ${found}; whoever runs the edge must be able to write it`;
    throw new EdgeError('invalid-settings', message, cause);
  }
}

async function openEdge(
  settings: EdgeSettings,
  platform: EdgePlatform,
  { log, unlock }: { readonly log: Logger; readonly unlock: () => void },
): Promise<RunningEdge> {
  const gate = createGate(platform);
  const front = await openFront(settings, gate.listener, platform).catch((error: unknown) => {
    if (error instanceof CertificateError) throw new EdgeError('invalid-settings', error.message, error);
    throw error;
  });
  const workerKey = platform.createSecret();
  const relay = new Relay({
    url: settings.upstream,
    key: settings.credential,
    outflow: new Outflow(platform),
    platform,
    workerKey,
    store: createRelayFiles({
      folder: settings.data,
      after: platform.after,
      createId: platform.createId,
      logWarning: (fields, message) => log.warn(fields, message),
    }),
    log,
  });
  const keeper = new StreamKeeper(platform);
  const visitors = new Visitors(relay.fleet, platform);
  const load = new LoadGauge(platform);
  const dataPlane = new DataPlane(relay, { keeper, load, fleet: relay.fleet, visitors });
  const passUp = new PassUp({ upstream: settings.upstream, host: relay, after: platform.after });
  const pool = createPool(settings, front, workerKey, { platform, log });
  const metrics = createEdgeMetrics(relay, keeper, pool);
  await relay.start().catch(async (error: unknown) => {
    keeper.close();
    load.close();
    visitors.close();
    await front.close();
    throw error;
  });

  async function serve(): Promise<void> {
    await relay.untilReady();
    gate.open({
      request: (request, response) => {
        if (dataPlane.handle(request, response) || passUp.handle(request, response)) return;
        answerOther(request, response, { relay, metrics, settings, log });
      },
      upgrade: (request, socket, head) => {
        if (dataPlane.handleUpgrade(request, socket, head) || relay.links.handleUpgrade(request, socket, head)) return;
        answerUpgrade(socket, { status: 404, code: 'not-found', detail: 'there is no WebSocket here' });
      },
    });
    await pool?.start();
    log.info({ url: front.url, upstream: settings.upstream, workers: settings.workers }, 'the edge serves SDKs');
  }
  const ready = serve();
  // Whoever waits for it is told; whoever does not reads the log.
  ready.catch((error: unknown) => log.error({ err: error }, 'the edge could not start to serve'));

  return {
    url: front.url,
    relay,
    get workerProcessIds() {
      return pool?.processIds ?? [];
    },
    untilReady: () => ready,
    close: async () => {
      await pool?.close();
      gate.close();
      keeper.close();
      load.close();
      visitors.close();
      await drain([...relay.channels.values()], { every: platform.every, reason: 'the edge is stopping' });
      await relay.close();
      await front.close();
      unlock();
    },
  };
}

function createPool(
  settings: EdgeSettings,
  { behindWorkers }: Front,
  key: string,
  { platform, log }: { readonly platform: EdgePlatform; readonly log: Logger },
): WorkerPool | undefined {
  if (behindWorkers === undefined) return undefined;
  return new WorkerPool({
    ...settings,
    ...behindWorkers,
    key,
    after: platform.after,
    log: (level, fields, message) => log[level](fields, message),
  });
}

interface Surroundings {
  readonly relay: Relay;
  readonly metrics: Registry;
  readonly settings: EdgeSettings;
  readonly log: Logger;
}

function answerOther(request: IncomingMessage, response: ServerResponse, surroundings: Surroundings): void {
  const { relay, metrics, settings, log } = surroundings;
  request.resume();
  const path = request.url?.split('?')[0];
  if (path === '/status' || path === '/') {
    response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' });
    response.end(`${JSON.stringify(describeStatus(relay, settings), undefined, 2)}\n`);
  } else if (path === '/metrics') {
    metrics.metrics().then(
      (text) => response.writeHead(200, { 'content-type': metrics.contentType }).end(text),
      (error: unknown) => {
        log.error({ err: error }, 'metrics could not be collected');
        response.writeHead(500).end();
      },
    );
  } else sendProblem(response, 404, 'not-found', `an edge has no ${request.method} ${path}; the server above it may`);
}

function describeStatus(relay: Relay, { upstream }: EdgeSettings): unknown {
  const { isUp, problem, sinceMs } = relay.upstream;
  return {
    upstream: {
      url: upstream,
      isUp,
      ...(problem !== undefined && { problem }),
      forSeconds: Math.round(sinceMs / 1000),
    },
    instances: relay.fleet.size,
    environments: [...relay.channels].map(([id, channel]) => ({ id, version: channel.selector.version })),
  };
}
