import { randomUUID } from 'node:crypto';
import type { Server } from 'node:http';
import { DataPlane, sendProblem } from '../data-plane.ts';
import { drain } from '../drain.ts';
import { retryAfterSeconds } from '../gate.ts';
import { createListener, listen } from '../listener.ts';
import { LoadGauge } from '../load-gauge.ts';
import { Outflow } from '../outflow.ts';
import { passOn } from '../pass-on.ts';
import { Relay, type RelayLog } from '../relay.ts';
import { StreamKeeper } from '../stream-keeper.ts';
import { answerUpgrade } from '../upgrade.ts';
import { Visitors } from '../visitors.ts';
import type { FromWorker, ToWorker, WorkerSettings } from './worker-messages.ts';

/**
 * A process that serves SDKs beside a server or an edge: a relay whose upstream is the program that started it. What
 * is not for SDKs it passes on to that program.
 */
const countsPeriodMs = 1000;
const platform = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  random: () => Math.random(),
  createId: () => randomUUID(),
  every: (periodMs: number, callback: () => void) => {
    const timer = setInterval(callback, periodMs);
    return () => clearInterval(timer);
  },
  after: (delayMs: number, callback: () => void) => {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
  later: (callback: () => void) => void setImmediate(callback),
};

function tell(message: FromWorker): void {
  if (process.connected) process.send?.(message);
}

function logAs(level: 'info' | 'warn' | 'error'): RelayLog['info'] {
  return (fields, message) => tell({ kind: 'log', level, fields: describe(fields), message });
}

/** Errors do not survive the way to the other process as they are. */
function describe(fields: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, value instanceof Error ? value.stack : value]),
  );
}

async function serve({ socketPath, key, host, port, tlsCert, tlsKey }: WorkerSettings): Promise<void> {
  const outflow = new Outflow(platform);
  const log: RelayLog = { info: () => undefined, warn: logAs('warn'), error: logAs('error') };
  const relay = new Relay({
    url: `ws+unix:${socketPath}:`,
    key,
    outflow,
    platform,
    workerKey: undefined,
    store: undefined,
    log,
  });
  const keeper = new StreamKeeper(platform);
  const visitors = new Visitors(relay.fleet, platform);
  const dataPlane = new DataPlane(relay, { keeper, load: new LoadGauge(platform), fleet: relay.fleet, visitors });
  await relay.start();
  await relay.untilReady();

  const server = createListener(
    { tlsCert, tlsKey },
    {
      request: (request, response) => {
        if (dataPlane.handle(request, response)) return;
        passOn({ socketPath }, request, response, () => {
          response.setHeader('retry-after', String(retryAfterSeconds(platform)));
          sendProblem(response, 503, 'unavailable', 'the server behind this worker does not answer; try again');
        });
      },
      upgrade: (request, socket, head) => {
        if (dataPlane.handleUpgrade(request, socket, head)) return;
        if (relay.links.handleUpgrade(request, socket, head)) return;
        answerUpgrade(socket, { status: 404, code: 'not-found', detail: 'there is no WebSocket here' });
      },
    },
  );
  const address = await listen(server, { host, port, isShared: true });
  tell({ kind: 'ready', port: address.port });
  platform.every(countsPeriodMs, () => tell({ kind: 'counts', counts: countAll(relay, keeper) }));

  process.on('message', (message: ToWorker) => {
    if (message.kind === 'drain') void end(server, relay);
  });
}

function countAll(relay: Relay, keeper: StreamKeeper): Extract<FromWorker, { kind: 'counts' }>['counts'] {
  const streams = Object.fromEntries(
    [...relay.channels].map(([environmentId, channel]) => {
      const counts: Record<string, number> = {};
      for (const { protocol } of channel.subscribers) counts[protocol] = (counts[protocol] ?? 0) + 1;
      return [environmentId, counts];
    }),
  );
  return { streams, dropped: keeper.dropped, residentBytes: process.memoryUsage.rss() };
}

/** New connections find another worker; those that are here are ended over some seconds. */
async function end(server: Server, relay: Relay): Promise<void> {
  server.close();
  server.closeIdleConnections();
  await drain([...relay.channels.values()], { every: platform.every, reason: 'server is stopping' });
  await relay.close();
  // What was sent last is on its way.
  platform.after(200, () => process.exit(0));
}

process.once('message', (message: ToWorker) => {
  if (message.kind !== 'start') return;
  serve(message.settings).catch((error: unknown) => {
    tell({ kind: 'failed', reason: error instanceof Error ? error.message : String(error) });
    process.exitCode = 1;
    // The message is on its way.
    process.disconnect();
  });
});
// The program that started this is gone; whoever starts it again starts new workers.
process.on('disconnect', () => process.exit());
// A signal to the whole group is for the program that started this, which then ends its workers in good order.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
