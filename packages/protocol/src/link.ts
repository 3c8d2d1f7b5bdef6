import { type Hello, type Running, runningShape, type WindowReport } from './reports.ts';
import {
  aBoolean,
  aNumber,
  anInteger,
  aString,
  listOf,
  type Malformation,
  objectOf,
  optional,
  type Shape,
} from './shape.ts';
import type { EvaluationCount } from './summaries.ts';

/**
 * What a relay (an edge, or a worker beside a server) and what is above it say to each other, over one WebSocket. Both
 * are ours and of nearly the same version; still, what is not known is skipped and what is malformed is refused.
 */

/** From above. */
export type LinkDown =
  /** All keys that the relay may let in, whenever they change; and the relays above it, the nearest first. */
  | { readonly kind: 'keys'; readonly keys: LinkKeys; readonly path?: readonly string[] }
  /** Answers a look-up: whose key that is; absent: nobody's. */
  | { readonly kind: 'found'; readonly id: number; readonly key?: SdkKeyEntry }
  /** Instances of an environment are to be probed. */
  | { readonly kind: 'probe'; readonly environmentId: string; readonly id: string; readonly share: number }
  /** Counts, or a window, arrived and are kept. */
  | { readonly kind: 'taken'; readonly id: string }
  /**
   * Answers `confirm`: the control plane knew of all who had been told of before it `agoMs` ago, or later, and had these
   * selectors afterwards, by environment.
   */
  | {
      readonly kind: 'confirmed';
      readonly id: number;
      readonly agoMs: number;
      readonly states: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'heartbeat' };

/** From below. Members are numbers that the relay gives to the instances behind it, for as long as the link lasts. */
export type LinkUp =
  /** First of all. `states`: the selector of each environment that the relay has. */
  | { readonly kind: 'hello'; readonly session: string; readonly states: Readonly<Record<string, string>> }
  | { readonly kind: 'joined'; readonly environmentId: string; readonly arrivals: readonly LinkArrival[] }
  /** All of them run this. */
  | { readonly kind: 'acknowledged'; readonly members: readonly number[]; readonly running: Running }
  | { readonly kind: 'delivered'; readonly members: readonly number[]; readonly version: number }
  | { readonly kind: 'inferred'; readonly environmentId: string; readonly session: string; readonly version: number }
  /** They said lately that nothing is new. */
  | { readonly kind: 'heard'; readonly members: readonly number[] }
  /** Contact to them was lost so long after they were heard of last. */
  | { readonly kind: 'lost'; readonly members: readonly number[]; readonly silentMs: number }
  | { readonly kind: 'left'; readonly members: readonly number[] }
  /** Probes were answered, each so many milliseconds ago. */
  | { readonly kind: 'answered'; readonly id: string; readonly agoMs: readonly number[] }
  /** Evaluations that were counted, so many milliseconds ago; `id` is the same when they are sent again. */
  | {
      readonly kind: 'counted';
      readonly id: string;
      readonly environmentId: string;
      readonly agoMs: number;
      readonly counts: readonly EvaluationCount[];
    }
  /** What an instance counted; `id` is of this link alone. */
  | ({ readonly kind: 'telemetry'; readonly id: string; readonly environmentId: string } & WindowReport)
  /** Contexts that SDKs told of, a sample. Those that get lost come again. */
  | { readonly kind: 'seen'; readonly environmentId: string; readonly contexts: readonly unknown[] }
  /** Credentials that are in use: SDK keys that were used since this was said last, and all edges that are connected. */
  | { readonly kind: 'used'; readonly sdkKeys: readonly string[]; readonly edges: readonly string[] }
  /** Whose key has this hash? */
  | { readonly kind: 'lookup'; readonly id: number; readonly hash: string }
  /** Does the control plane know of all who were told of? */
  | { readonly kind: 'confirm'; readonly id: number }
  /** An update of an environment could not be used. */
  | { readonly kind: 'refused'; readonly environmentId: string; readonly problem: string }
  | { readonly kind: 'heartbeat' };

export interface LinkArrival extends Hello {
  readonly member: number;
  readonly isForeign: boolean;
  /** Edges that the instance is behind, the nearest to it last. */
  readonly through?: string | undefined;
}

export interface LinkKeys {
  readonly environmentIds: readonly string[];
  readonly sdkKeys: readonly SdkKeyEntry[];
  readonly edgeKeys: readonly EdgeKeyEntry[];
}

/** By the SHA-256 of the key: relays never have keys themselves. */
export interface SdkKeyEntry {
  readonly hash: string;
  readonly credentialId: string;
  readonly environmentId: string;
}

export interface EdgeKeyEntry {
  readonly hash: string;
  readonly credentialId: string;
  readonly name: string;
  readonly environmentIds: readonly string[];
}

const sdkKeyShape = objectOf({ hash: aString, credentialId: aString, environmentId: aString });
const members = listOf(anInteger);

const downShapes: Readonly<Record<LinkDown['kind'], Shape>> = {
  keys: objectOf({
    path: optional(listOf(aString)),
    keys: objectOf({
      environmentIds: listOf(aString),
      sdkKeys: listOf(sdkKeyShape),
      edgeKeys: listOf(
        objectOf({ hash: aString, credentialId: aString, name: aString, environmentIds: listOf(aString) }),
      ),
    }),
  }),
  found: objectOf({ id: anInteger, key: optional(sdkKeyShape) }),
  probe: objectOf({ environmentId: aString, id: aString, share: aNumber }),
  taken: objectOf({ id: aString }),
  confirmed: objectOf({ id: anInteger, agoMs: aNumber, states: objectOf({}) }),
  heartbeat: objectOf({}),
};

const upShapes: Readonly<Record<LinkUp['kind'], Shape>> = {
  hello: objectOf({ session: aString, states: objectOf({}) }),
  joined: objectOf({
    environmentId: aString,
    arrivals: listOf(
      objectOf({
        member: anInteger,
        isForeign: aBoolean,
        key: aString,
        session: aString,
        connection: aNumber,
        sdk: aString,
        via: aString,
        through: optional(aString),
        about: objectOf({}),
        running: runningShape,
      }),
    ),
  }),
  acknowledged: objectOf({ members, running: runningShape }),
  delivered: objectOf({ members, version: anInteger }),
  inferred: objectOf({ environmentId: aString, session: aString, version: anInteger }),
  heard: objectOf({ members }),
  lost: objectOf({ members, silentMs: aNumber }),
  left: objectOf({ members }),
  answered: objectOf({ id: aString, agoMs: listOf(aNumber) }),
  counted: objectOf({
    id: aString,
    environmentId: aString,
    agoMs: aNumber,
    counts: listOf(
      objectOf({ flagKey: aString, variation: optional(anInteger), version: optional(anInteger), count: anInteger }),
    ),
  }),
  telemetry: objectOf({
    id: aString,
    environmentId: aString,
    session: aString,
    sequence: anInteger,
    agoMs: aNumber,
  }),
  seen: objectOf({ environmentId: aString, contexts: listOf(objectOf({})) }),
  used: objectOf({ sdkKeys: listOf(aString), edges: listOf(aString) }),
  lookup: objectOf({ id: anInteger, hash: aString }),
  confirm: objectOf({ id: anInteger }),
  refused: objectOf({ environmentId: aString, problem: aString }),
  heartbeat: objectOf({}),
};

/** Undefined for kinds that are not known. Throws on text that is no JSON. */
export function parseLinkDown(text: string): LinkDown | Malformation | undefined {
  return parseLink<LinkDown>(text, downShapes);
}

/** Undefined for kinds that are not known. Throws on text that is no JSON. */
export function parseLinkUp(text: string): LinkUp | Malformation | undefined {
  return parseLink<LinkUp>(text, upShapes);
}

function parseLink<T extends { readonly kind: string }>(
  text: string,
  shapes: Readonly<Record<string, Shape>>,
): T | Malformation | undefined {
  const value: unknown = JSON.parse(text);
  const wrong = objectOf({ kind: aString })(value, '');
  if (wrong !== undefined) return wrong;
  // The shape says so, here and below.
  const { kind } = value as T;
  const shape = Object.hasOwn(shapes, kind) ? shapes[kind] : undefined;
  return shape === undefined ? undefined : (shape(value, kind) ?? (value as T));
}

/**
 * Numbers in rising order as differences, which are short: acknowledgements come from thousands at once, and these
 * lists are nearly all that a relay sends.
 */
export function packMembers(given: readonly number[]): readonly number[] {
  let before = 0;
  return given
    .toSorted((a, b) => a - b)
    .map((member) => {
      const difference = member - before;
      before = member;
      return difference;
    });
}

export function unpackMembers(packed: readonly number[]): readonly number[] {
  let sum = 0;
  return packed.map((difference) => {
    sum += difference;
    return sum;
  });
}

/** An update of an environment on a link: a line that names the environment, then events of fdv2. */
export function encodeUpdateHead(environmentId: string): string {
  return `${JSON.stringify({ environmentId })}\n`;
}

/** The environment and the events of an update; undefined for other messages. */
export function splitUpdate(text: string): { readonly environmentId: string; readonly events: string } | undefined {
  const end = text.indexOf('\n');
  if (end < 0) return undefined;
  const head: unknown = JSON.parse(text.slice(0, end));
  if (objectOf({ environmentId: aString })(head, '') !== undefined) return undefined;
  // The shape says so.
  return { environmentId: (head as { environmentId: string }).environmentId, events: text.slice(end + 1) };
}
