import { isNoticeEvent, type Notice, parseNotice } from './notices.ts';
import type { ObjectKind, WireObject } from './objects.ts';
import { isMalformation, parseObject, type ReceivedObject, tombstone } from './parse-object.ts';
import type { RefusedObject } from './reports.ts';
import {
  anInteger,
  aString,
  describeMalformation,
  listOf,
  type Malformation,
  objectOf,
  optional,
  type Shape,
} from './shape.ts';
import type { SseEvent } from './sse.ts';

/** What changes at once: everything that is replaced, or what is different from before. */
export interface Transfer<T = ReceivedObject> {
  readonly kind: 'full' | 'changes';
  readonly objects: readonly T[];
  /** The client's state after it: sent back to resume from here. Undefined when the protocol has none. */
  readonly state: string | undefined;
  /** Whether an object is only taken when its version is higher than the one that is there (fdv1). */
  readonly byVersion: boolean;
  /** Objects that came and cannot be used: what there was of them before is to stay. Absent: there are none. */
  readonly refused?: readonly RefusedObject[];
}

/** What an event means for the client. */
export type ReceiverAction<T = ReceivedObject> =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'commit'; readonly transfer: Transfer<T> }
  /** The client has everything. */
  | { readonly kind: 'up-to-date' }
  /** Word about the connection. */
  | { readonly kind: 'notice'; readonly notice: Notice }
  /** The server is about to close the stream. */
  | { readonly kind: 'goodbye'; readonly reason: string }
  /** What came is not acceptable; nothing of it may be used. */
  | { readonly kind: 'refused'; readonly problem: string };

/** An event whose data is parsed JSON, as polls carry them. */
export interface WireEvent {
  readonly event: string;
  readonly data: unknown;
}

/** Turns the events of one stream, or of one poll, into what is to be done. */
export interface Receiver<T = ReceivedObject> {
  receive(event: WireEvent): ReceiverAction<T>;
  /** The same for an event whose data is still text. */
  receiveText(event: SseEvent): ReceiverAction<T>;
}

const nothing = { kind: 'nothing' } as const;

const intentShape = objectOf({ payloads: listOf(objectOf({ intentCode: aString })) });
const objectShape = objectOf({ version: anInteger, kind: aString, key: aString });
const transferredShape = objectOf({ state: aString });
const goodbyeShape = objectOf({ reason: optional(aString) });

/** An object of a transfer as it came: its place, and what is said of it. */
interface Sent {
  readonly kind: ObjectKind;
  readonly key: string;
  /** Of the envelope; the object may say another. */
  readonly version: number;
  readonly object: unknown;
}

/** What becomes of the objects of transfers. */
interface ObjectReader<T> {
  put(sent: Sent): T | Malformation;
  delete(kind: ObjectKind, key: string, version: number): T;
}

/** Takes flags and segments in to evaluate them. */
export function createFdv2Receiver(): Receiver {
  return createReceiver<ReceivedObject>({
    put: ({ kind, key, version, object }) =>
      parseObject(kind, isFields(object) ? { key, version, ...object } : object, ''),
    delete: tombstone,
  });
}

/** Takes flags and segments in to pass them on: whoever uses them looks at what is in them. */
export function createRelayReceiver(): Receiver<WireObject> {
  return createReceiver<WireObject>({
    put: ({ kind, key, version, object }) => {
      if (!isFields(object)) return { path: `${kind} ${key}`, expected: 'an object', found: 'something else' };
      const own = Number.isSafeInteger(object.version) ? Number(object.version) : version;
      return { kind, key, version: own, json: JSON.stringify(object) };
    },
    delete: (kind, key, version) => ({ kind, key, version, json: undefined }),
  });
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * The state machine of fdv2: an intent, objects, and a commit that makes them effective together. Unknown events and
 * kinds of objects are skipped; what is malformed is refused, with everything since the last commit. To a server that
 * wants to be told (it says so by the notice `fleet`) an object that is malformed is refused alone: somebody hears of
 * it, and nobody is kept from the changes of others.
 */
function createReceiver<T extends object>(reader: ObjectReader<T>): Receiver<T> {
  let isHeard = false;
  let intent: Transfer['kind'] | undefined;
  let objects: T[] = [];
  /** By kind and key: of an object that comes twice, the last counts. */
  const refused = new Map<string, RefusedObject>();

  function start(kind: Transfer['kind'] | undefined): ReceiverAction<T> {
    intent = kind;
    objects = [];
    refused.clear();
    return nothing;
  }

  function refuse(problem: string): ReceiverAction<T> {
    start(undefined);
    return { kind: 'refused', problem };
  }

  function readIntent({ payloads }: Fields): ReceiverAction<T> {
    // Only the first payload counts; the shape is checked.
    const [payload] = payloads as { intentCode: string }[];
    if (payload === undefined) return refuse('server-intent must name a payload, got none');
    switch (payload.intentCode) {
      case 'none':
        start('changes');
        return { kind: 'up-to-date' };
      case 'xfer-full':
        return start('full');
      case 'xfer-changes':
        return start('changes');
      default:
        return nothing;
    }
  }

  function readPut({ kind, key, version, object }: Fields): ReceiverAction<T> {
    if (intent === undefined || (kind !== 'flag' && kind !== 'segment')) return nothing;
    const sent: Sent = { kind, key: String(key), version: Number(version), object };
    const place = `${kind}/${sent.key}`;
    const received = reader.put(sent);
    if (isMalformation(received)) {
      const reason = describeMalformation(received);
      if (!isHeard) return refuse(`${kind} ${sent.key}: ${reason}`);
      refused.set(place, { kind, key: sent.key, version: sent.version, reason });
    } else {
      objects.push(received);
      refused.delete(place);
    }
    return nothing;
  }

  function readDelete({ kind, key, version }: Fields): ReceiverAction<T> {
    if (intent === undefined || (kind !== 'flag' && kind !== 'segment')) return nothing;
    objects.push(reader.delete(kind, String(key), Number(version)));
    refused.delete(`${kind}/${String(key)}`);
    return nothing;
  }

  function readCommit({ state }: Fields): ReceiverAction<T> {
    if (intent === undefined) return refuse('payload-transferred came before server-intent');
    // An empty state is none to resume from, nor is one that no URL can hold.
    const text = String(state);
    const transfer: Transfer<T> = {
      kind: intent,
      objects,
      state: text !== '' && text.isWellFormed() ? text : undefined,
      byVersion: false,
      ...(refused.size > 0 && { refused: [...refused.values()] }),
    };
    start('changes');
    return { kind: 'commit', transfer };
  }

  function readGoodbye({ reason }: Fields): ReceiverAction<T> {
    start(undefined);
    return { kind: 'goodbye', reason: typeof reason === 'string' ? reason : 'none given' };
  }

  const events = new Map<string, { readonly shape: Shape; readonly read: (data: Fields) => ReceiverAction<T> }>([
    ['server-intent', { shape: intentShape, read: readIntent }],
    ['put-object', { shape: objectShape, read: readPut }],
    ['delete-object', { shape: objectShape, read: readDelete }],
    ['payload-transferred', { shape: transferredShape, read: readCommit }],
    // What was sent since the last commit is void; the stream goes on.
    ['error', { shape: objectOf({}), read: () => start(intent) }],
    ['goodbye', { shape: goodbyeShape, read: readGoodbye }],
  ]);

  function receive({ event, data }: WireEvent): ReceiverAction<T> {
    if (isNoticeEvent(event)) {
      const action = readNotice(event, data);
      isHeard ||= action.kind === 'notice' && action.notice.event === 'fleet';
      return action;
    }
    const known = events.get(event);
    if (known === undefined) return nothing;
    const wrong = known.shape(data, '');
    // Every shape is one of an object.
    return wrong === undefined ? known.read(data as Fields) : refuse(`${event}: ${describeMalformation(wrong)}`);
  }

  const isKnown = (event: string): boolean => events.has(event) || isNoticeEvent(event);
  return { receive, receiveText: (event) => receiveText(event, isKnown(event.event), receive, refuse) };
}

/** A notice that is not understood changes nothing about the flags, and is skipped. */
function readNotice(event: Notice['event'], data: unknown): Extract<ReceiverAction, { kind: 'nothing' | 'notice' }> {
  const notice = parseNotice(event, data);
  return 'expected' in notice ? nothing : { kind: 'notice', notice };
}

/** The events of fdv1: each is a transfer of its own. */
export function createFdv1Receiver(): Receiver {
  const fieldsShape = objectOf({ path: optional(aString) });

  function refuse(problem: string): ReceiverAction {
    return { kind: 'refused', problem };
  }

  function receive({ event, data }: WireEvent): ReceiverAction {
    if (!isFdv1Event(event)) return nothing;
    const wrong = fieldsShape(data, '');
    if (wrong !== undefined) return refuse(`${event}: ${describeMalformation(wrong)}`);
    // The shape is one of an object.
    const { path, data: body, version } = data as Fields;
    if (event === 'put') return commitOrRefuse(event, parseAll(body), 'full');
    const object = parsePath(path);
    if (object === undefined) return nothing;
    if (event === 'patch') return commitOrRefuse(event, parseOne(object.kind, body), 'changes');
    const wrongVersion = anInteger(version, 'version');
    return commitOrRefuse(event, wrongVersion ?? [tombstone(object.kind, object.key, Number(version))], 'changes');
  }

  return { receive, receiveText: (event) => receiveText(event, isFdv1Event(event.event), receive, refuse) };
}

function isFdv1Event(event: string): boolean {
  return event === 'put' || event === 'patch' || event === 'delete';
}

/** The data of unknown events is not even parsed. */
function receiveText<T>(
  { event, data }: SseEvent,
  isKnown: boolean,
  receive: (event: WireEvent) => ReceiverAction<T>,
  refuse: (problem: string) => ReceiverAction<T>,
): ReceiverAction<T> {
  if (!isKnown) return nothing;
  let parsed: unknown;
  try {
    parsed = JSON.parse(data);
  } catch (error) {
    return refuse(`${event}: data must be JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  return receive({ event, data: parsed });
}

/** The events in the body of an fdv2 poll. */
export function parsePollEvents(body: unknown): readonly WireEvent[] | Malformation {
  const wrong = objectOf({ events: listOf(objectOf({ event: aString })) })(body, '');
  // The shape says so.
  return wrong ?? (body as { events: WireEvent[] }).events;
}

/** The body of an fdv1 poll: everything by kind and key. */
export function parseFdv1All(body: unknown): ReceiverAction {
  return commitOrRefuse('poll', parseAll(body), 'full');
}

function commitOrRefuse(
  event: string,
  objects: readonly ReceivedObject[] | Malformation,
  kind: Transfer['kind'],
): ReceiverAction {
  if ('expected' in objects) return { kind: 'refused', problem: `${event}: ${describeMalformation(objects)}` };
  return { kind: 'commit', transfer: { kind, objects, state: undefined, byVersion: kind === 'changes' } };
}

function parseOne(kind: ReceivedObject['kind'], value: unknown): readonly ReceivedObject[] | Malformation {
  const received = parseObject(kind, value, 'data');
  return isMalformation(received) ? received : [received];
}

function parseAll(body: unknown): readonly ReceivedObject[] | Malformation {
  const wrong = objectOf({ flags: optional(objectOf({})), segments: optional(objectOf({})) })(body, 'data');
  if (wrong !== undefined) return wrong;
  // The shape says so.
  const { flags, segments } = body as { flags?: Fields | null; segments?: Fields | null };
  const objects: ReceivedObject[] = [];
  for (const [kind, collection] of [
    ['flag', flags],
    ['segment', segments],
  ] as const) {
    for (const [key, value] of Object.entries(collection ?? {})) {
      const received = parseObject(kind, value, `${kind} ${key}`);
      if (isMalformation(received)) return received;
      objects.push(received);
    }
  }
  return objects;
}

function parsePath(path: unknown): { kind: ReceivedObject['kind']; key: string } | undefined {
  const match = /^\/(flags|segments)\/(.+)$/.exec(String(path ?? ''));
  if (match === null) return undefined;
  const [, collection, key = ''] = match;
  return { kind: collection === 'flags' ? 'flag' : 'segment', key };
}

type Fields = Readonly<Record<string, unknown>>;
