import {
  aBoolean,
  aNumber,
  anything,
  aString,
  describeMalformation,
  listOf,
  objectOf,
  optional,
  type Shape,
} from '@sluice/protocol';
import type { EventSettings, Options } from '../src/index.ts';
import { type CallbackHookOptions, createCallbackHook } from './callback-hook.ts';
import { createCallbackSegmentStore } from './callback-segment-store.ts';
import type { Notifier } from './callbacks.ts';
import { RequestError } from './request-error.ts';

type Maybe<T> = T | null | undefined;

interface Streaming {
  readonly baseUri?: Maybe<string>;
  readonly initialRetryDelayMs?: Maybe<number>;
}

interface Polling {
  readonly baseUri?: Maybe<string>;
  readonly pollIntervalMs?: Maybe<number>;
}

interface Synchronizer {
  readonly streaming?: Maybe<Streaming>;
  readonly polling?: Maybe<Polling>;
}

/** What the harness asks for when it creates a client, as far as our SDK has it. Null means absent. */
export interface Configuration {
  readonly credential?: Maybe<string>;
  readonly startWaitTimeMs?: Maybe<number>;
  readonly initCanFail?: Maybe<boolean>;
  readonly serviceEndpoints?: Maybe<{
    readonly streaming?: Maybe<string>;
    readonly polling?: Maybe<string>;
    readonly events?: Maybe<string>;
  }>;
  /** With `polling`: the first protocol. */
  readonly streaming?: Maybe<Streaming>;
  readonly polling?: Maybe<Polling>;
  /** The second protocol. */
  readonly dataSystem?: Maybe<{
    readonly initializers?: Maybe<readonly Synchronizer[]>;
    readonly synchronizers?: Maybe<readonly Synchronizer[]>;
  }>;
  readonly events?: Maybe<{
    readonly baseUri?: Maybe<string>;
    readonly capacity?: Maybe<number>;
    readonly allAttributesPrivate?: Maybe<boolean>;
    readonly globalPrivateAttributes?: Maybe<readonly string[]>;
    readonly flushIntervalMs?: Maybe<number>;
    readonly omitAnonymousContexts?: Maybe<boolean>;
    readonly enableGzip?: Maybe<boolean>;
  }>;
  readonly bigSegments?: Maybe<{
    readonly callbackUri: string;
    readonly userCacheSize?: Maybe<number>;
    readonly userCacheTimeMs?: Maybe<number>;
    readonly statusPollIntervalMs?: Maybe<number>;
    readonly staleAfterMs?: Maybe<number>;
  }>;
  readonly tags?: Maybe<{ readonly applicationId?: Maybe<string>; readonly applicationVersion?: Maybe<string> }>;
  readonly hooks?: Maybe<{ readonly hooks: readonly CallbackHookOptions[] }>;
  readonly wrapper?: Maybe<{ readonly name?: Maybe<string>; readonly version?: Maybe<string> }>;
}

const streamingShape = objectOf({ baseUri: optional(aString), initialRetryDelayMs: optional(aNumber) });
const pollingShape = objectOf({ baseUri: optional(aString), pollIntervalMs: optional(aNumber) });
const synchronizerShape = objectOf({ streaming: optional(streamingShape), polling: optional(pollingShape) });
const hookShape = objectOf({
  name: aString,
  callbackUri: aString,
  data: optional(objectOf({})),
  errors: optional(
    objectOf({
      beforeEvaluation: optional(aString),
      afterEvaluation: optional(aString),
      afterTrack: optional(aString),
    }),
  ),
});

const configurationShape: Shape = objectOf({
  credential: optional(aString),
  startWaitTimeMs: optional(aNumber),
  initCanFail: optional(aBoolean),
  serviceEndpoints: optional(
    objectOf({ streaming: optional(aString), polling: optional(aString), events: optional(aString) }),
  ),
  streaming: optional(streamingShape),
  polling: optional(pollingShape),
  dataSystem: optional(
    objectOf({ initializers: optional(listOf(synchronizerShape)), synchronizers: optional(listOf(synchronizerShape)) }),
  ),
  events: optional(
    objectOf({
      baseUri: optional(aString),
      capacity: optional(aNumber),
      allAttributesPrivate: optional(aBoolean),
      globalPrivateAttributes: optional(listOf(aString)),
      flushIntervalMs: optional(aNumber),
      omitAnonymousContexts: optional(aBoolean),
      enableGzip: optional(aBoolean),
    }),
  ),
  bigSegments: optional(
    objectOf({
      callbackUri: aString,
      userCacheSize: optional(aNumber),
      userCacheTimeMs: optional(aNumber),
      statusPollIntervalMs: optional(aNumber),
      staleAfterMs: optional(aNumber),
    }),
  ),
  tags: optional(objectOf({ applicationId: optional(aString), applicationVersion: optional(aString) })),
  hooks: optional(objectOf({ hooks: listOf(hookShape) })),
  wrapper: optional(objectOf({ name: optional(aString), version: optional(aString) })),
});

/** Reads `{ tag, configuration }`. Throws a RequestError when it is malformed. */
export function parseConfiguration(body: unknown): { readonly tag: string; readonly configuration: Configuration } {
  const wrong = objectOf({ tag: optional(anything), configuration: configurationShape })(body, '');
  if (wrong !== undefined) throw new RequestError(400, describeMalformation(wrong));
  // The shape says so.
  const { tag, configuration } = body as { tag?: unknown; configuration: Configuration };
  return { tag: String(tag ?? ''), configuration };
}

/** The options of a client that is as the harness wants it. Nothing is kept on disk: each client begins empty. */
export function toOptions(configuration: Configuration, notifier: Notifier): Options {
  const { credential, events, bigSegments, tags, hooks, wrapper, serviceEndpoints } = configuration;
  const addresses = { ...findSources(configuration), eventsUrl: given(events?.baseUri) ?? serviceEndpoints?.events };
  return {
    ...present<Options>({
      ...addresses,
      // What has no address of its own is never used, but must have one.
      url: given(addresses.streamUrl) ?? given(addresses.pollUrl) ?? given(addresses.eventsUrl),
      sdkKey: credential,
    }),
    cacheFolder: false,
    events: events === undefined || events === null ? false : toEventSettings(events),
    application: present<NonNullable<Options['application']>>({
      id: tags?.applicationId,
      version: tags?.applicationVersion,
    }),
    ...(wrapper?.name && { wrapper: { name: wrapper.name, ...(wrapper.version && { version: wrapper.version }) } }),
    hooks: (hooks?.hooks ?? []).map((options) => createCallbackHook(options, notifier)),
    ...(bigSegments !== undefined &&
      bigSegments !== null && {
        bigSegments: {
          store: createCallbackSegmentStore(bigSegments.callbackUri),
          ...present<Omit<NonNullable<Options['bigSegments']>, 'store'>>({
            cacheSize: bigSegments.userCacheSize,
            cacheMs: bigSegments.userCacheTimeMs,
            statusPeriodMs: bigSegments.statusPollIntervalMs,
            staleAfterMs: bigSegments.staleAfterMs,
          }),
        },
      }),
  };
}

interface Sources {
  readonly protocol: 'fdv1' | 'fdv2';
  readonly mode: 'stream' | 'poll';
  readonly streamUrl: Maybe<string>;
  readonly pollUrl: Maybe<string>;
  readonly firstRetryMs: Maybe<number>;
  readonly pollPeriodMs: Maybe<number>;
}

/**
 * We have a stream with polls behind it, or only polls: the first synchronizer says which. A stream is asked for
 * everything at once, so what would poll before it only lends its address to the polls behind.
 */
function findSources({ streaming, polling, dataSystem, serviceEndpoints }: Configuration): Sources {
  const isSecond = dataSystem !== undefined && dataSystem !== null;
  const synchronizers = dataSystem?.synchronizers ?? [];
  const pollers = [...synchronizers, ...(dataSystem?.initializers ?? [])];
  const stream = isSecond ? synchronizers.find((each) => each.streaming)?.streaming : streaming;
  const poll = isSecond ? pollers.find((each) => each.polling)?.polling : polling;
  const pollsFirst = isSecond && Boolean(synchronizers[0]?.polling);
  return {
    protocol: isSecond ? 'fdv2' : 'fdv1',
    mode: pollsFirst || (poll && !stream) ? 'poll' : 'stream',
    streamUrl: given(stream?.baseUri) ?? serviceEndpoints?.streaming,
    pollUrl: given(poll?.baseUri) ?? serviceEndpoints?.polling,
    firstRetryMs: stream?.initialRetryDelayMs,
    pollPeriodMs: poll?.pollIntervalMs || undefined,
  };
}

function toEventSettings(events: NonNullable<Configuration['events']>): EventSettings {
  return present<EventSettings>({
    // Zero asks for the default.
    capacity: events.capacity || undefined,
    flushPeriodMs: events.flushIntervalMs || undefined,
    allAttributesPrivate: events.allAttributesPrivate,
    privateAttributes: events.globalPrivateAttributes,
    omitAnonymousContexts: events.omitAnonymousContexts,
    gzip: events.enableGzip,
  });
}

/** An empty text is no text. */
function given(text: Maybe<string>): string | undefined {
  return text || undefined;
}

/** The entries that there are. */
function present<T>(entries: { readonly [K in keyof T]: Maybe<T[K]> }): Partial<T> {
  const found = Object.entries(entries).filter(([, value]) => value !== undefined && value !== null && value !== '');
  // Only entries that T has none of are missing.
  return Object.fromEntries(found) as Partial<T>;
}
