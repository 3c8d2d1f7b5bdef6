import { join } from 'node:path';
import type { Context } from '@sluice/engine';
import { ownOperators } from '@sluice/engine';
import {
  type BigSegmentStore,
  Client,
  type ClientOptions,
  createPayloadCache,
  createPollSource,
  createStreamSource,
  EventSender,
  type Hook,
  type Log,
} from '@sluice/sdk-common';
import { SluiceError } from './errors.ts';
import { createFileSource } from './file-source.ts';
import { createFolderStorage } from './folder-storage.ts';
import { consoleLog, findCacheFolder, findInstanceKey, nodePlatform } from './platform.ts';
import type { TestData } from './test-data.ts';

/** The version of this package, as the server sees it. */
export const sdkVersion = '0.1.0';

/** How to create a client. Only `url` and `sdkKey` are needed, or else `testData` or `file`. */
export interface Options {
  /** The server: `http://127.0.0.1:7400`. */
  readonly url?: string;
  readonly sdkKey?: string;
  /** What this process is: rules can ask for it as context kind `instance`. The key defaults to the host's name. */
  readonly instance?: Readonly<Record<string, unknown>> & { readonly key?: string };
  /** Flags for tests, instead of a server. */
  readonly testData?: TestData;
  /** Flags from a JSON file, instead of a server. */
  readonly file?: string;
  /** Where the last payload is kept for the next start; false: nowhere. Defaults to this user's cache folder. */
  readonly cacheFolder?: string | false;
  /** `stream`, with polling while the stream does not work, or only `poll`. */
  readonly mode?: 'stream' | 'poll';
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
export function createClient(options: Options): Client {
  const log = options.log ?? consoleLog;
  const headers = createHeaders(options);
  const sdkKey = options.sdkKey ?? '';
  return new Client(
    {
      sdkKey,
      log,
      ambient: [createInstanceContext(options), ownContext],
      hooks: options.hooks ?? [],
      ...createSources(options, headers),
      cache: createCache(options),
      events: createEvents(options, headers, log),
      bigSegments: options.bigSegments && {
        store: options.bigSegments.store,
        cacheSize: options.bigSegments.cacheSize ?? 1000,
        cacheMs: options.bigSegments.cacheMs ?? 5000,
        statusPeriodMs: options.bigSegments.statusPeriodMs ?? 5000,
        staleAfterMs: options.bigSegments.staleAfterMs ?? 120_000,
      },
    },
    nodePlatform,
  );
}

/** Only our SDKs supply this context: rules with operators that others lack ask for it first. */
const ownContext: Context = { kind: 'sluice', key: 'sdk-node', operators: [...ownOperators] };

function createInstanceContext({ instance = {} }: Options): Context {
  return { ...instance, kind: 'instance', key: instance.key ?? findInstanceKey() };
}

function createSources(
  options: Options,
  headers: Readonly<Record<string, string>>,
): Pick<ClientOptions, 'primary' | 'fallback'> {
  const { testData, file } = options;
  if (testData !== undefined)
    return { primary: { origin: 'test', create: testData.createSource }, fallback: undefined };
  if (file !== undefined) {
    return { primary: { origin: 'file', create: createFileSource(file, nodePlatform) }, fallback: undefined };
  }
  const { protocol = 'fdv2', firstRetryMs = 1000, pollPeriodMs = 30_000 } = options;
  if (!(pollPeriodMs > 0))
    throw new SluiceError('invalid-options', `pollPeriodMs must be above 0, got ${pollPeriodMs}`);
  if (options.sdkKey === undefined || options.sdkKey === '') {
    throw new SluiceError('invalid-options', 'sdkKey is missing: the environment\'s SDK key, which starts with "sdk-"');
  }
  const stream = {
    origin: 'stream' as const,
    create: (sink: Parameters<typeof createStreamSource>[1]) =>
      createStreamSource(
        { protocol, headers, firstRetryMs, baseUrl: findUrl(options, 'streamUrl') },
        sink,
        nodePlatform,
      ),
  };
  const poll = {
    origin: 'poll' as const,
    create: (sink: Parameters<typeof createPollSource>[1]) =>
      createPollSource(
        { protocol, headers, periodMs: pollPeriodMs, baseUrl: findUrl(options, 'pollUrl') },
        sink,
        nodePlatform,
      ),
  };
  // Wrong addresses are told now, not when they are first used.
  findUrl(options, 'streamUrl');
  findUrl(options, 'pollUrl');
  return options.mode === 'poll' ? { primary: poll, fallback: undefined } : { primary: stream, fallback: poll };
}

function findUrl(options: Options, name: 'streamUrl' | 'pollUrl' | 'eventsUrl'): string {
  const url = options[name] ?? options.url;
  if (url === undefined)
    throw new SluiceError('invalid-options', 'url is missing: the server, such as "http://127.0.0.1:7400"');
  if (!URL.canParse(url) || !/^https?:/.test(url)) {
    throw new SluiceError(
      'invalid-options',
      `${options[name] === undefined ? 'url' : name} must be an http or https address, got "${url}"`,
    );
  }
  return url.replace(/\/+$/, '');
}

function createCache({ testData, file, cacheFolder, url, streamUrl, sdkKey }: Options): ClientOptions['cache'] {
  if (testData !== undefined || file !== undefined || cacheFolder === false) return undefined;
  const server = nodePlatform.hash
    .sha256Base64(`${streamUrl ?? url} ${sdkKey}`)
    .replaceAll(/[^A-Za-z0-9]/g, '')
    .slice(0, 20);
  const folder = join(cacheFolder ?? findCacheFolder(), server);
  return createPayloadCache(createFolderStorage(folder, nodePlatform.createUuid), nodePlatform);
}

function createEvents(options: Options, headers: Readonly<Record<string, string>>, log: Log): ClientOptions['events'] {
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
    sender: new EventSender(
      { baseUrl: findUrl(options, 'eventsUrl'), headers, gzip: events.gzip ?? true, log },
      nodePlatform,
    ),
  };
}

function createHeaders({ sdkKey = '', application = {}, wrapper }: Options): Readonly<Record<string, string>> {
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
    'x-launchdarkly-instance-id': nodePlatform.createUuid(),
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
