import { isNoticeEvent, type Notice, parseNotice } from './notices.ts';
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
export interface Transfer {
  readonly kind: 'full' | 'changes';
  readonly objects: readonly ReceivedObject[];
  /** The client's state after it: sent back to resume from here. Undefined when the protocol has none. */
  readonly state: string | undefined;
  /** Whether an object is only taken when its version is higher than the one that is there (fdv1). */
  readonly byVersion: boolean;
  /** Objects that came and cannot be used: what there was of them before is to stay. Absent: there are none. */
  readonly refused?: readonly RefusedObject[];
}

/** What an event means for the client. */
export type ReceiverAction =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'commit'; readonly transfer: Transfer }
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
export interface Receiver {
  receive(event: WireEvent): ReceiverAction;
  /** The same for an event whose data is still text. */
  receiveText(event: SseEvent): ReceiverAction;
}

const nothing: ReceiverAction = { kind: 'nothing' };

const intentShape = objectOf({ payloads: listOf(objectOf({ intentCode: aString })) });
const objectShape = objectOf({ version: anInteger, kind: aString, key: aString });
const transferredShape = objectOf({ state: aString });
const goodbyeShape = objectOf({ reason: optional(aString) });

/**
 * The state machine of fdv2: an intent, objects, and a commit that makes them effective together. Unknown events and
 * kinds of objects are skipped; what is malformed is refused, with everything since the last commit. To a server that
 * wants to be told (it says so by the notice `fleet`) an object that is malformed is refused alone: somebody hears of
 * it, and nobody is kept from the changes of others.
 */
export function createFdv2Receiver(): Receiver {
  let isHeard = false;
  let intent: Transfer['kind'] | undefined;
  let objects: ReceivedObject[] = [];
  /** By kind and key: of an object that comes twice, the last counts. */
  const refused = new Map<string, RefusedObject>();

  function start(kind: Transfer['kind'] | undefined): ReceiverAction {
    intent = kind;
    objects = [];
    refused.clear();
    return nothing;
  }

  function refuse(problem: string): ReceiverAction {
    start(undefined);
    return { kind: 'refused', problem };
  }

  function readIntent({ payloads }: Fields): ReceiverAction {
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

  function readPut({ kind, key, version, object }: Fields): ReceiverAction {
    if (intent === undefined || (kind !== 'flag' && kind !== 'segment')) return nothing;
    const isObject = typeof object === 'object' && object !== null && !Array.isArray(object);
    const received = parseObject(kind, isObject ? { key, version, ...object } : object, '');
    if (isMalformation(received)) {
      const reason = describeMalformation(received);
      if (!isHeard) return refuse(`${kind} ${String(key)}: ${reason}`);
      refused.set(`${kind}/${String(key)}`, { kind, key: String(key), version: Number(version), reason });
    } else {
      objects.push(received);
      refused.delete(`${kind}/${String(key)}`);
    }
    return nothing;
  }

  function readDelete({ kind, key, version }: Fields): ReceiverAction {
    if (intent === undefined || (kind !== 'flag' && kind !== 'segment')) return nothing;
    objects.push(tombstone(kind, String(key), Number(version)));
    refused.delete(`${kind}/${String(key)}`);
    return nothing;
  }

  function readCommit({ state }: Fields): ReceiverAction {
    if (intent === undefined) return refuse('payload-transferred came before server-intent');
    // An empty state is none to resume from, nor is one that no URL can hold.
    const text = String(state);
    const transfer: Transfer = {
      kind: intent,
      objects,
      state: text !== '' && text.isWellFormed() ? text : undefined,
      byVersion: false,
      ...(refused.size > 0 && { refused: [...refused.values()] }),
    };
    start('changes');
    return { kind: 'commit', transfer };
  }

  function readGoodbye({ reason }: Fields): ReceiverAction {
    start(undefined);
    return { kind: 'goodbye', reason: typeof reason === 'string' ? reason : 'none given' };
  }

  const events = new Map<string, { readonly shape: Shape; readonly read: (data: Fields) => ReceiverAction }>([
    ['server-intent', { shape: intentShape, read: readIntent }],
    ['put-object', { shape: objectShape, read: readPut }],
    ['delete-object', { shape: objectShape, read: readDelete }],
    ['payload-transferred', { shape: transferredShape, read: readCommit }],
    // What was sent since the last commit is void; the stream goes on.
    ['error', { shape: objectOf({}), read: () => start(intent) }],
    ['goodbye', { shape: goodbyeShape, read: readGoodbye }],
  ]);

  function receive({ event, data }: WireEvent): ReceiverAction {
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
function readNotice(event: Notice['event'], data: unknown): ReceiverAction {
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
function receiveText(
  { event, data }: SseEvent,
  isKnown: boolean,
  receive: (event: WireEvent) => ReceiverAction,
  refuse: (problem: string) => ReceiverAction,
): ReceiverAction {
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
