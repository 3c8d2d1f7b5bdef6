import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Client, createClient, type Log, type Options, SluiceError, sdkVersion } from '../src/index.ts';
import { createNotifier } from './callbacks.ts';
import { runCommand, type Subject } from './commands.ts';
import { type Configuration, parseConfiguration, toOptions } from './configuration.ts';
import { RequestError } from './request-error.ts';

/** What our SDK can do, in the words of LaunchDarkly's harness; it skips the tests of what is not named. */
export const capabilities: readonly string[] = [
  'server-side',
  'server-side-polling',
  'strongly-typed',
  'user-type',
  'service-endpoints',
  'all-flags-with-reasons',
  'all-flags-client-side-only',
  'all-flags-details-only-for-tracked-flags',
  'big-segments',
  'secure-mode-hash',
  'tags',
  'wrapper',
  'instance-id',
  'event-sampling',
  'event-gzip',
  'optional-event-gzip',
  'polling-gzip',
  'inline-context-all',
  'anonymous-redaction',
  'omit-anonymous-contexts',
  'evaluation-hooks',
  'track-hooks',
  'flag-change-listeners',
  'migrations',
];

export interface ContractTestService {
  readonly url: string;
  /** Resolves when the harness asked the service to stop, and all clients are closed. */
  readonly stopped: Promise<void>;
  close(): Promise<void>;
}

export interface ServiceOptions {
  /** 0: any that is free. */
  readonly port: number;
  readonly log: Log;
}

const defaultWaitMs = 5000;

/** Our SDK behind the HTTP protocol of LaunchDarkly's sdk-test-harness (docs/service_spec.md there). */
export async function startContractTestService({ port, log }: ServiceOptions): Promise<ContractTestService> {
  const subjects = new Map<string, Subject>();
  const { promise: stopped, resolve: tellStopped } = Promise.withResolvers<void>();
  let created = 0;

  async function handle(request: IncomingMessage): Promise<Answer> {
    const path = new URL(request.url ?? '/', 'http://service').pathname;
    const id = /^\/clients\/(\d+)$/.exec(path)?.[1];
    switch (`${request.method} ${id === undefined ? path : '/clients/'}`) {
      case 'GET /':
        return { body: { name: 'sluice-sdk-node', clientVersion: sdkVersion, capabilities } };
      case 'POST /': {
        const { tag, configuration } = parseConfiguration(await readJson(request));
        const number = String(++created);
        subjects.set(number, await createSubject(configuration, withTag(log, tag)));
        return { status: 201, location: `http://${request.headers.host}/clients/${number}` };
      }
      case 'DELETE /':
        return { afterwards: () => void close() };
      case 'POST /clients/':
        return { body: await runCommand(findSubject(id), await readJson(request)) };
      case 'DELETE /clients/': {
        const { client } = findSubject(id);
        subjects.delete(id ?? '');
        await client.close();
        return {};
      }
      default:
        throw new RequestError(404, `there is nothing at ${request.method} ${path}`);
    }
  }

  function findSubject(id: string | undefined): Subject {
    const subject = subjects.get(id ?? '');
    if (subject === undefined) throw new RequestError(404, `there is no client ${id}`);
    return subject;
  }

  async function close(): Promise<void> {
    server.close();
    const open = [...subjects.values()];
    subjects.clear();
    await Promise.all(open.map(({ client }) => client.close()));
    server.closeAllConnections();
    tellStopped();
  }

  const server = createServer((request, response) => {
    handle(request).then(
      (answer) => send(response, answer),
      (error) => sendError(response, error, log),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  // A server that listens on a port has an address.
  const address = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${address.port}`, stopped, close };
}

/** Throws a RequestError when the client does not get its flags in time and the harness did not allow that. */
async function createSubject(configuration: Configuration, log: Log): Promise<Subject> {
  const notifier = createNotifier((message) => log.warn(message));
  const client = openClient({ ...toOptions(configuration, notifier), log });
  const isReady = await waitForFlags(client, configuration.startWaitTimeMs || defaultWaitMs);
  if (!isReady && configuration.initCanFail !== true) {
    const { lastError } = client.status;
    await client.close();
    throw new RequestError(500, `the client got no flags in time: ${lastError?.message ?? 'nothing happened'}`);
  }
  return { client, notifier, listeners: new Map() };
}

function openClient(options: Options): Client {
  try {
    return createClient(options);
  } catch (error) {
    if (error instanceof SluiceError) throw new RequestError(400, error.message);
    throw error;
  }
}

/** Waits no longer when the server does not accept us, as other SDKs do. */
async function waitForFlags(client: Client, timeoutMs: number): Promise<boolean> {
  const { promise: rejected, resolve } = Promise.withResolvers<boolean>();
  const stop = client.onStatus(({ lastError }) => {
    if (lastError?.kind === 'rejected') resolve(false);
  });
  const isReady = await Promise.race([client.ready({ timeoutMs }), rejected]);
  stop();
  return isReady;
}

interface Answer {
  readonly status?: number;
  readonly body?: unknown;
  readonly location?: string;
  /** To be done once this was sent. */
  readonly afterwards?: () => void;
}

function send(response: ServerResponse, { status = 200, body, location, afterwards }: Answer): void {
  response.writeHead(status, {
    ...(location !== undefined && { location }),
    ...(body !== undefined && { 'content-type': 'application/json' }),
  });
  response.end(body === undefined ? undefined : JSON.stringify(body), afterwards);
}

function sendError(response: ServerResponse, error: unknown, log: Log): void {
  const isExpected = error instanceof RequestError;
  if (!isExpected) log.error(`a request failed: ${error instanceof Error ? error.stack : String(error)}`);
  response.writeHead(isExpected ? error.status : 500, { 'content-type': 'text/plain; charset=utf-8' });
  response.end(error instanceof Error ? error.message : String(error));
}

/** Throws a RequestError when the body is not JSON. */
async function readJson(request: IncomingMessage): Promise<unknown> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) text += chunk;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new RequestError(400, `the body must be JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function withTag(log: Log, tag: string): Log {
  return {
    debug: (message) => log.debug(`${tag}: ${message}`),
    info: (message) => log.info(`${tag}: ${message}`),
    warn: (message) => log.warn(`${tag}: ${message}`),
    error: (message) => log.error(`${tag}: ${message}`),
  };
}
