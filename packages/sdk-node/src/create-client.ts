import { join } from 'node:path';
import { type Context, ownOperators, type SingleContext } from '@sluice/engine';
import {
  type BigSegmentStore,
  type ClientOptions,
  createPayloadCache,
  createPollSource,
  createPostReports,
  createStreamSource,
  dialSocket,
  dialStream,
  EventSender,
  type Hook,
  type Log,
  Reporter,
  type SourceChoice,
  Telemetry,
} from '@sluice/sdk-common';
import { SluiceError } from './errors.ts';
import { createFileSource } from './file-source.ts';
import { createFolderStorage } from './folder-storage.ts';
import { countMigrations } from './migrations/migration-telemetry.ts';
import type { ObserveMigration } from './migrations/observed.ts';
import { NodeClient } from './node-client.ts';
import { findDurationProblem, findObjectProblem } from './option-checks.ts';
import { consoleLog, describeHost, findCacheFolder, findInstanceKey, nodePlatform } from './platform.ts';
import type { ProviderSend } from './providers/sending.ts';
import { Scopes } from './surroundings/scopes.ts';
import type { TestData } from './test-data.ts';
import type { ObserveCall } from './valves/observed-call.ts';

/** The version of this package, as the server sees it. */
export const sdkVersion = '0.1.0';

/** How to create a client. Only `url` and `sdkKey` are needed, or else `testData` or `file`. */
export interface Options {
  /** The server: `http://127.0.0.1:7400`. */
  readonly url?: string;
  readonly sdkKey?: string;
  /**
   * What this process is: rules can ask for it as context kind `instance`, and the fleet lists it. The key defaults to
   * the name of the host or pod.
   */
  readonly instance?: Readonly<Record<string, unknown>> & { readonly key?: string };
  /** Flags for tests, instead of a server. */
  readonly testData?: TestData;
  /** Flags from a JSON file, instead of a server. */
  readonly file?: string;
  /** Where the last payload is kept for the next start; false: nowhere. Defaults to this user's cache folder. */
  readonly cacheFolder?: string | false;
  /**
   * `socket`, with a stream where sockets do not get through, and polling while neither does; `stream`, with polling
   * behind it; or only `poll`.
   */
  readonly mode?: 'socket' | 'stream' | 'poll';
  readonly pollPeriodMs?: number;
  /** LaunchDarkly's first protocol, for servers that have only that. */
  readonly protocol?: 'fdv1' | 'fdv2';
  readonly streamUrl?: string;
  readonly pollUrl?: string;
  readonly eventsUrl?: string;
  readonly firstRetryMs?: number;
  /** False: report nothing. */
  readonly events?: false | EventSettings;
  /** Named in what is reported: `{ id: 'shop', version: '1.4.1' }`. */
  readonly application?: { readonly id?: string; readonly version?: string };
  /** A library around this one. */
  readonly wrapper?: { readonly name: string; readonly version?: string };
  readonly hooks?: readonly Hook[];
  readonly bigSegments?: BigSegmentSettings;
  /** Is told of every call of a valve that came to an end: for metrics of your own. */
  readonly onValveCall?: ObserveCall;
  /** Is told of every try of a provider to send a message. */
  readonly onProviderSend?: (send: ProviderSend) => void;
  /** Is told of every call of a migration's store, and of every comparison. */
  readonly onMigration?: ObserveMigration;
  /** Defaults to warnings and errors on standard error. */
  readonly log?: Log;
}

export interface EventSettings {
  readonly capacity?: number;
  readonly flushPeriodMs?: number;
  readonly contextCapacity?: number;
  readonly contextPeriodMs?: number;
  readonly allAttributesPrivate?: boolean;
  /** Attribute references that are never sent. */
  readonly privateAttributes?: readonly string[];
  readonly omitAnonymousContexts?: boolean;
  readonly gzip?: boolean;
}

export interface BigSegmentSettings {
  readonly store: BigSegmentStore;
  readonly cacheSize?: number;
  readonly cacheMs?: number;
  readonly statusPeriodMs?: number;
  readonly staleAfterMs?: number;
}

/**
 * Creates a client, which connects by itself. Throws a SluiceError when the options cannot be right; nothing later
 * throws.
 */
export function createClient(options: Options): NodeClient {
  checkObject('options', options, 'an object with url and sdkKey, or with testData or file');
  if (options.instance !== undefined) checkObject('instance', options.instance, 'an object, such as { key: "web-1" }');
  const log = options.log ?? consoleLog;
  const session = nodePlatform.createUuid();
  const headers = createHeaders(options, session);
  const instance = createInstanceContext(options);
  const sources = createSources(options, headers);
  const reporter = createReporter(options, { instance, session, headers });
  const telemetry = createTelemetry(options, reporter);
  const scopes = new Scopes(
    { context: undefined, ambient: [instance, ownContext] },
    { session, log, telemetry, elapsed: nodePlatform.clock.elapsed },
  );
  return new NodeClient(
    {
      sdkKey: options.sdkKey ?? '',
      log,
      reporter,
      telemetry,
      hooks: options.hooks ?? [],
      onValveCall: tellBoth(options.onValveCall, telemetry?.valveCall.bind(telemetry)),
      sources,
      cache: createCache(options),
      events: createEvents(options, { headers, log, reporter, telemetry }),
      bigSegments: options.bigSegments && {
        store: options.bigSegments.store,
        cacheSize: options.bigSegments.cacheSize ?? 1000,
        cacheMs: options.bigSegments.cacheMs ?? 5000,
        statusPeriodMs: options.bigSegments.statusPeriodMs ?? 5000,
        staleAfterMs: options.bigSegments.staleAfterMs ?? 120_000,
      },
      onProviderSend: tellBoth(options.onProviderSend, telemetry?.providerSend.bind(telemetry)),
      journalFolder: findJournalFolder(options),
      onMigration: tellBoth(options.onMigration, telemetry && countMigrations(telemetry)),
      repairFolder: findRepairFolder(options),
      server: reporter && { baseUrl: findUrl(options, 'pollUrl'), headers, instance: instance.key },
    },
    nodePlatform,
    scopes,
  );
}

function checkObject(name: string, given: unknown, expected: string): void {
  const problem = findObjectProblem(given, expected);
  if (problem !== undefined) throw new SluiceError('invalid-options', `${name} ${problem}`);
}

/** Who is told of what was done: whoever asked for it, and the server. */
function tellBoth<T>(
  ask: ((done: T) => void) | undefined,
  telemetry: ((done: T) => void) | undefined,
): ((done: T) => void) | undefined {
  if (telemetry === undefined || ask === undefined) return ask ?? telemetry;
  return (done) => {
    telemetry(done);
    ask(done);
  };
}

/** Only our SDKs supply this context: rules with operators that others lack ask for it first. */
const ownContext: Context = { kind: 'sluice', key: 'sdk-node', operators: [...ownOperators] };

function createInstanceContext({ instance = {} }: Options): SingleContext {
  return { ...describeHost(), ...instance, kind: 'instance', key: instance.key || findInstanceKey() };
}

/** Tells a Sluice server what is in force here; others do not ask. */
function createReporter(
  options: Options,
  {
    instance,
    session,
    headers,
  }: { instance: SingleContext; session: string; headers: Readonly<Record<string, string>> },
): Reporter | undefined {
  if (options.testData !== undefined || options.file !== undefined || options.protocol === 'fdv1') return undefined;
  const { kind: _, key, ...about } = instance;
  return new Reporter(
    {
      identity: { key, session, sdk: `sluice-node/${sdkVersion}`, about: pickPlain(about) },
      post: createPostReports({ baseUrl: findUrl(options, 'pollUrl'), headers }, nodePlatform),
    },
    nodePlatform,
  );
}

/** Counts what this instance does, where a server of ours is told what is in force here. */
function createTelemetry({ events }: Options, reporter: Reporter | undefined): Telemetry | undefined {
  if (events === false || reporter === undefined) return undefined;
  return new Telemetry(
    (...told) => reporter.sendWindow(...told),
    nodePlatform.clock,
    () => reporter.windowMs,
  );
}

/** What fits into a table: the rest is for rules. */
function pickPlain(attributes: Readonly<Record<string, unknown>>): Readonly<Record<string, string | number | boolean>> {
  const plain = Object.entries(attributes).filter(([, value]) => /^(?:string|number|boolean)$/.test(typeof value));
  // They were just looked at.
  return Object.fromEntries(plain) as Record<string, string | number | boolean>;
}

function createSources(options: Options, headers: Readonly<Record<string, string>>): readonly SourceChoice[] {
  const { testData, file } = options;
  if (testData !== undefined) return [{ origin: 'test', create: testData.createSource }];
  if (file !== undefined) return [{ origin: 'file', create: createFileSource(file, nodePlatform) }];
  const { protocol = 'fdv2', firstRetryMs = 1000, pollPeriodMs = 30_000 } = options;
  const problem = findDurationProblem(pollPeriodMs);
  if (problem !== undefined) throw new SluiceError('invalid-options', `pollPeriodMs ${problem}`);
  if (options.sdkKey === undefined || options.sdkKey === '') {
    throw new SluiceError('invalid-options', 'sdkKey is missing: the environment\'s SDK key, which starts with "sdk-"');
  }
  const streaming = { protocol, headers, baseUrl: findUrl(options, 'streamUrl') };
  const polling = { protocol, headers, baseUrl: findUrl(options, 'pollUrl'), periodMs: pollPeriodMs };
  const socket: SourceChoice = {
    origin: 'socket',
    create: (sink) =>
      createStreamSource(
        { protocol, firstRetryMs, dial: dialSocket(streaming, nodePlatform), firstByteMs: socketFirstByteMs },
        sink,
        nodePlatform,
      ),
  };
  const stream: SourceChoice = {
    origin: 'stream',
    create: (sink) =>
      createStreamSource({ protocol, firstRetryMs, dial: dialStream(streaming, nodePlatform) }, sink, nodePlatform),
  };
  const poll: SourceChoice = { origin: 'poll', create: (sink) => createPollSource(polling, sink, nodePlatform) };
  // LaunchDarkly's first protocol has no socket.
  const { mode = protocol === 'fdv1' ? 'stream' : 'socket' } = options;
  switch (mode) {
    case 'socket':
      return [socket, stream, poll];
    case 'stream':
      return [stream, poll];
    case 'poll':
      return [poll];
    default:
      throw new SluiceError(
        'invalid-options',
        `mode must be socket, stream or poll, got ${String(mode satisfies never)}`,
      );
  }
}

/** Servers send something as soon as a socket is open. */
const socketFirstByteMs = 10_000;

function findUrl(options: Options, name: 'streamUrl' | 'pollUrl' | 'eventsUrl'): string {
  const url = options[name] ?? options.url;
  if (url === undefined)
    throw new SluiceError('invalid-options', 'url is missing: the server, such as "http://127.0.0.1:7400"');
  if (!URL.canParse(url) || !/^https?:[^?#]*$/.test(url)) {
    throw new SluiceError(
      'invalid-options',
      `${options[name] === undefined ? 'url' : name} must be an http or https address without ? and #, got "${url}"`,
    );
  }
  return url.replace(/\/+$/, '');
}

function createCache(options: Options): ClientOptions['cache'] {
  const { testData, file, cacheFolder } = options;
  if (testData !== undefined || file !== undefined || cacheFolder === false) return undefined;
  const folder = join(cacheFolder ?? findCacheFolder(), nameEnvironment(options));
  return createPayloadCache(createFolderStorage(folder, nodePlatform.createUuid), nodePlatform);
}

/** Tests leave nothing behind. */
function findJournalFolder({ testData, cacheFolder }: Options): string | false | undefined {
  if (testData !== undefined) return false;
  return cacheFolder === false ? undefined : join(cacheFolder ?? findCacheFolder(), 'sends');
}

/** Each environment has its own: whoever starts next takes over what it finds, and has to have the same stores. */
function findRepairFolder(options: Options): string | false | undefined {
  if (options.testData !== undefined) return false;
  const { cacheFolder = findCacheFolder() } = options;
  return cacheFolder === false ? undefined : join(cacheFolder, 'repairs', nameEnvironment(options));
}

function nameEnvironment({ url, streamUrl, sdkKey, file }: Options): string {
  return nodePlatform.hash
    .sha256Base64(file ?? `${streamUrl ?? url} ${sdkKey}`)
    .replaceAll(/[^A-Za-z0-9]/g, '')
    .slice(0, 20);
}

function createEvents(
  options: Options,
  {
    headers,
    log,
    reporter,
    telemetry,
  }: {
    headers: Readonly<Record<string, string>>;
    log: Log;
    reporter: Reporter | undefined;
    telemetry: Telemetry | undefined;
  },
): ClientOptions['events'] {
  const { events = {}, testData, file } = options;
  if (events === false || testData !== undefined || file !== undefined) return undefined;
  return {
    capacity: events.capacity ?? 10_000,
    flushPeriodMs: events.flushPeriodMs ?? 5000,
    contextCapacity: events.contextCapacity ?? 50_000,
    contextPeriodMs: events.contextPeriodMs ?? 300_000,
    allAttributesPrivate: events.allAttributesPrivate ?? false,
    privateAttributes: events.privateAttributes ?? [],
    omitAnonymousContexts: events.omitAnonymousContexts ?? false,
    // A server of ours is told of all of them in windows, not one by one.
    migrationOperations: telemetry === undefined || options.eventsUrl !== undefined,
    sender: new EventSender(
      {
        baseUrl: findUrl(options, 'eventsUrl'),
        headers,
        gzip: events.gzip ?? true,
        // An address of their own is where they are wanted.
        reporter: options.eventsUrl === undefined ? reporter : undefined,
        log,
      },
      nodePlatform,
    ),
  };
}

function createHeaders(
  { sdkKey = '', application = {}, wrapper }: Options,
  session: string,
): Readonly<Record<string, string>> {
  const tags = [
    ['application-id', application.id],
    ['application-version', application.version],
  ]
    .filter(([, value]) => value !== undefined && /^[\w.-]{1,64}$/.test(value))
    .map(([name, value]) => `${name}/${value}`);
  checkHeaderValue('sdkKey', sdkKey);
  checkHeaderValue('wrapper', `${wrapper?.name}/${wrapper?.version}`);
  return {
    authorization: sdkKey,
    'user-agent': `SluiceNode/${sdkVersion}`,
    'x-launchdarkly-instance-id': session,
    ...(tags.length > 0 && { 'x-launchdarkly-tags': tags.join(' ') }),
    ...(wrapper !== undefined && {
      'x-launchdarkly-wrapper': wrapper.version === undefined ? wrapper.name : `${wrapper.name}/${wrapper.version}`,
    }),
  };
}

/** Told now, because later it would break every request. The value may be secret. */
function checkHeaderValue(option: string, value: string): void {
  if (/^[\t\x20-\x7e]*$/.test(value)) return;
  throw new SluiceError(
    'invalid-options',
    `${option} must be made of characters that an HTTP header may have, got others, such as a line break at the end`,
  );
}
