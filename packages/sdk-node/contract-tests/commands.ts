import {
  aBoolean,
  aNumber,
  anything,
  aString,
  describeMalformation,
  objectOf,
  optional,
  type Shape,
} from '@sluice/protocol';
import type { Client, FlagsStateOptions, GivenContext } from '../src/index.ts';
import type { Notifier } from './callbacks.ts';
import { findStage, migrationOperationShape, migrationVariationShape, operate } from './migration-commands.ts';
import { RequestError } from './request-error.ts';

/** A client and what the harness attached to it. */
export interface Subject {
  readonly client: Client;
  readonly notifier: Notifier;
  /** How to stop each listener, by the id that the harness gave it. */
  readonly listeners: Map<string, () => void>;
}

/** Undefined: nothing to say. */
type Answer = object | undefined;

interface Command {
  readonly shape: Shape;
  readonly run: (subject: Subject, parameters: never) => Answer | Promise<Answer>;
}

/** What `context` and `user` stand for; the client checks what is in them. */
interface ForContext {
  readonly context?: GivenContext | null;
  readonly user?: GivenContext | null;
}

const forContext = { context: optional(objectOf({})), user: optional(objectOf({})) };

function contextOf({ context, user }: ForContext): GivenContext {
  return context ?? user ?? undefined;
}

interface Evaluate extends ForContext {
  readonly flagKey: string;
  /** `any`, or a type that the default value has too: `bool`, `int`, `double`, `string`. */
  readonly valueType?: string | null;
  readonly defaultValue?: unknown;
  readonly detail?: boolean | null;
}

async function evaluate({ client }: Subject, parameters: Evaluate): Promise<Answer> {
  const { flagKey, valueType, defaultValue = null, detail } = parameters;
  const context = contextOf(parameters);
  await client.prepare(flagKey, context);
  const isAny = (valueType ?? 'any') === 'any';
  if (detail !== true) {
    const value = isAny
      ? client.anyValue(flagKey, context, defaultValue)
      : client.value(flagKey, context, defaultValue);
    return { value };
  }
  const { value, variation, reason } = isAny
    ? client.anyDetail(flagKey, context, defaultValue)
    : client.detail(flagKey, context, defaultValue);
  return { value, variationIndex: variation, reason };
}

interface EvaluateAll extends ForContext {
  readonly clientSideOnly?: boolean | null;
  readonly withReasons?: boolean | null;
  readonly detailsOnlyForTrackedFlags?: boolean | null;
}

function evaluateAll({ client }: Subject, parameters: EvaluateAll): Answer {
  const options: Required<FlagsStateOptions> = {
    clientSideOnly: parameters.clientSideOnly === true,
    withReasons: parameters.withReasons === true,
    detailsOnlyForTrackedFlags: parameters.detailsOnlyForTrackedFlags === true,
  };
  return { state: client.allFlags(contextOf(parameters), options) };
}

interface CustomEvent extends ForContext {
  readonly eventKey: string;
  readonly data?: unknown;
  readonly metricValue?: number | null;
}

function sendCustomEvent({ client }: Subject, parameters: CustomEvent): Answer {
  const { eventKey, data, metricValue } = parameters;
  client.track(eventKey, contextOf(parameters), data ?? undefined, metricValue ?? undefined);
  return undefined;
}

interface RegisterListener {
  readonly listenerId: string;
  /** Empty or absent: all flags. */
  readonly flagKey?: string | null;
  readonly callbackUri: string;
}

function registerFlagChangeListener(
  { client, notifier, listeners }: Subject,
  { listenerId, flagKey, callbackUri }: RegisterListener,
): Answer {
  listeners.get(listenerId)?.();
  const notify = (key: string): void => notifier.notify(callbackUri, { listenerId, flagKey: key });
  const stop = flagKey
    ? client.onChange(flagKey, () => notify(flagKey))
    : client.onChange((keys) => {
        for (const key of keys) notify(key);
      });
  listeners.set(listenerId, stop);
  return undefined;
}

function unregisterListener({ listeners }: Subject, { listenerId }: { readonly listenerId: string }): Answer {
  listeners.get(listenerId)?.();
  listeners.delete(listenerId);
  return undefined;
}

const noParameters = optional(anything);

const commands = new Map<string, Command>([
  [
    'evaluate',
    {
      shape: objectOf({ ...forContext, flagKey: aString, valueType: optional(aString), detail: optional(aBoolean) }),
      run: evaluate,
    },
  ],
  [
    'evaluateAll',
    {
      shape: objectOf({
        ...forContext,
        withReasons: optional(aBoolean),
        clientSideOnly: optional(aBoolean),
        detailsOnlyForTrackedFlags: optional(aBoolean),
      }),
      run: evaluateAll,
    },
  ],
  [
    'identifyEvent',
    {
      shape: objectOf(forContext),
      run: ({ client }, parameters: ForContext) => {
        client.identify(contextOf(parameters));
        return undefined;
      },
    },
  ],
  [
    'customEvent',
    { shape: objectOf({ ...forContext, eventKey: aString, metricValue: optional(aNumber) }), run: sendCustomEvent },
  ],
  [
    'flushEvents',
    {
      shape: noParameters,
      run: async ({ client }) => {
        await client.flush();
        return undefined;
      },
    },
  ],
  [
    'getBigSegmentStoreStatus',
    {
      shape: noParameters,
      run: async ({ client }) => (await client.bigSegmentStatus()) ?? { available: false, stale: false },
    },
  ],
  [
    'secureModeHash',
    {
      shape: objectOf(forContext),
      run: ({ client }, parameters: ForContext) => ({ result: client.secureModeHash(contextOf(parameters)) }),
    },
  ],
  [
    'registerFlagChangeListener',
    {
      shape: objectOf({ listenerId: aString, flagKey: optional(aString), callbackUri: aString }),
      run: registerFlagChangeListener,
    },
  ],
  [
    'migrationVariation',
    { shape: migrationVariationShape, run: ({ client }, parameters: never) => findStage(client, parameters) },
  ],
  [
    'migrationOperation',
    { shape: migrationOperationShape, run: ({ client }, parameters: never) => operate(client, parameters) },
  ],
  ['unregisterListener', { shape: objectOf({ listenerId: aString }), run: unregisterListener }],
]);

/** Runs `{ command, <command>: parameters }`. Throws a RequestError when that is malformed or unknown. */
export async function runCommand(subject: Subject, body: unknown): Promise<Answer> {
  const wrong = objectOf({ command: aString })(body, '');
  if (wrong !== undefined) throw new RequestError(400, describeMalformation(wrong));
  // The shape says so.
  const { command: name, ...rest } = body as { readonly command: string; readonly [name: string]: unknown };
  const command = commands.get(name);
  if (command === undefined) throw new RequestError(400, `unknown command "${name}"`);
  const parameters = rest[name];
  const malformed = command.shape(parameters, name);
  if (malformed !== undefined) throw new RequestError(400, describeMalformation(malformed));
  // Each command stands beside the shape of its parameters.
  return command.run(subject, parameters as never);
}
