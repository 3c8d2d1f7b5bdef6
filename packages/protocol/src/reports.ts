import type { ObjectKind } from './objects.ts';
import { parseSelector } from './selector.ts';
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
  shape,
} from './shape.ts';

/**
 * What an instance with our SDK tells the server that it is connected to: over the socket one message each, or a list
 * of them in the body of a POST.
 */
export type Report =
  | ({ readonly kind: 'hello' } & Hello)
  | ({ readonly kind: 'acknowledgement' } & Running)
  /** The answer to a probe. */
  | { readonly kind: 'probe'; readonly id: string }
  /** Events as they would be posted to `/bulk`; `id` is the same for a batch and its repetition. */
  | { readonly kind: 'events'; readonly id: string; readonly events: unknown }
  | ({ readonly kind: 'telemetry' } & WindowReport)
  /**
   * Whether the server knows that this instance is here, and since when, is to be told by the notice `lease`. `mark`: when
   * that was asked, by a clock of the instance that never jumps; it comes back as it is.
   */
  | { readonly kind: 'renewal'; readonly mark: number }
  /** The instance ends in good order. */
  | { readonly kind: 'goodbye' };

/** What an instance counted in a stretch of time. A repetition has the same session and sequence, and counts once. */
export interface WindowReport {
  /** Of the process that counted. */
  readonly session: string;
  /** Rises from window to window: each is sent after the one before was taken. */
  readonly sequence: number;
  /** How long ago the stretch of time ended, by a clock of the instance that never jumps. */
  readonly agoMs: number;
  /** An `EncodedWindow`, not looked at yet. */
  readonly window: unknown;
}

/** What a notice that a window was taken calls it. */
export function nameWindow({ session, sequence }: Pick<WindowReport, 'session' | 'sequence'>): string {
  return `${session}/${sequence}`;
}

/** Who an instance is. */
export interface Hello {
  /** Stable across restarts: what people know the instance by. */
  readonly key: string;
  /** Of the running process. */
  readonly session: string;
  /** Rises with each connection of the session: of two, the one with the higher number is the current one. */
  readonly connection: number;
  /** Name and version of the SDK: `sluice-node/0.1.0`. */
  readonly sdk: string;
  /** How it gets flags: `socket`, `stream` or `poll`. */
  readonly via: string;
  /** Host, region, zone, service, version, and whatever else the application says of itself. */
  readonly about: InstanceAttributes;
  readonly running: Running;
}

export type InstanceAttributes = Readonly<Record<string, string | number | boolean>>;

/** What an instance runs. */
export interface Running {
  /** Selector of the payload in force; undefined: none yet, or one without a selector. */
  readonly state?: string | undefined;
  /**
   * Objects whose newest form could not be used: what the instance had of them before stays in force. And flags that
   * its application does not follow, such as a valve that serves a mode which this build lacks.
   */
  readonly refused?: readonly RefusedObject[] | undefined;
  /** Why the last transfer was refused whole; undefined: it was not. */
  readonly problem?: string | undefined;
  /** Values of configs in force for the process, at most 50; undefined: they are what was told last. */
  readonly configs?: readonly ConfigInForce[] | undefined;
  /** Valves that its code has, at most 200; undefined: they are what was told last. */
  readonly valves?: readonly ValveInBuild[] | undefined;
  /**
   * Environment version under which the oldest operation of a migration began that still runs; undefined: none runs, or
   * none of an earlier one than is in force. What such an operation does is of the version under which it began.
   */
  readonly oldestVersion?: number | undefined;
  /**
   * Migrations in which it has records to repair, at most 50; undefined: not known yet, as its journals have not been
   * read, or nothing of it is a migration; what was told last stays so.
   */
  readonly repairs?: readonly RepairBacklog[] | undefined;
  /** For how many milliseconds all that has been so, by a clock of the instance that never jumps. */
  readonly heldMs?: number | undefined;
}

export interface RefusedObject {
  readonly kind: ObjectKind;
  readonly key: string;
  /** Of the form that was refused. */
  readonly version: number;
  readonly reason: string;
}

/** A live value, as far as people can read it. */
export interface ConfigInForce {
  readonly key: string;
  /** As JSON of at most 200 characters, of longer ones the hash: `sha256:…`. */
  readonly value: string;
}

/** A valve as the code of an instance has it. */
export interface ValveInBuild {
  readonly key: string;
  /** Modes of the flag that the code does not have, at most 20; undefined: it has all of them. */
  readonly lacks?: readonly LackedMode[];
}

export interface LackedMode {
  readonly mode: string;
  /** What is done where it is served; undefined: calls fail. */
  readonly instead?: string;
}

/** Records of a migration that an instance has yet to make equal in both stores. */
export interface RepairBacklog {
  readonly migration: string;
  readonly depth: number;
  /** How long the first of them had been waiting when that was told, in milliseconds. */
  readonly oldestMs: number;
  /** The stores may differ in records that it keeps no more; only comparing all of them finds these. Undefined: no. */
  readonly isDirty?: boolean;
}

/** So many migrations with something to repair are reported. */
export const mostBacklogs = 50;

/** So many configs are reported, with so many characters each. */
export const mostConfigs = 50;
export const longestConfig = 200;

/** So many valves are reported, with so many modes that each lacks. */
export const mostValves = 200;
export const mostLacked = 20;

/** Longer reasons are cut: they are for people, and come from 20,000 instances at once. */
const longestReason = 200;
const longestText = 256;
const mostAttributes = 32;
const mostRefused = 50;

/** Longer ones are not cut: they would name nothing. */
const anId: Shape = shape(
  `a string of at most ${longestText} characters`,
  (value) => typeof value === 'string' && value.length <= longestText,
);

export const runningShape: Shape = objectOf({
  state: optional(aString),
  problem: optional(aString),
  oldestVersion: optional(anInteger),
  heldMs: optional(aNumber),
  refused: optional(listOf(objectOf({ kind: aString, key: aString, version: anInteger, reason: aString }))),
  configs: optional(listOf(objectOf({ key: aString, value: aString }))),
  valves: optional(
    listOf(
      objectOf({ key: aString, lacks: optional(listOf(objectOf({ mode: aString, instead: optional(aString) }))) }),
    ),
  ),
  repairs: optional(
    listOf(objectOf({ migration: aString, depth: anInteger, oldestMs: aNumber, isDirty: optional(aBoolean) })),
  ),
});

const shapes: Readonly<Record<Report['kind'], Shape>> = {
  hello: objectOf({
    key: aString,
    session: aString,
    connection: aNumber,
    sdk: optional(aString),
    via: optional(aString),
    about: optional(objectOf({})),
    running: optional(runningShape),
  }),
  acknowledgement: runningShape,
  probe: objectOf({ id: anId }),
  events: objectOf({ id: anId }),
  telemetry: objectOf({ session: anId, sequence: anInteger, agoMs: aNumber }),
  renewal: objectOf({ mark: aNumber }),
  goodbye: objectOf({}),
};

/**
 * Checks a report from outside and cuts what is too long; undefined for kinds that are not known. What is malformed is
 * found below `path`, or below the report's kind where there is nothing around it.
 */
export function parseReport(value: unknown, path = ''): Report | Malformation | undefined {
  const wrong = objectOf({ kind: aString })(value, path);
  if (wrong !== undefined) return wrong;
  // The shape says so, here and below.
  const { kind, ...fields } = value as { readonly kind: Report['kind'] };
  if (!Object.hasOwn(shapes, kind)) return undefined;
  const malformed = shapes[kind](fields, path === '' ? kind : path);
  if (malformed !== undefined) return malformed;
  const { id, events, mark } = fields as { readonly id: string; readonly events: unknown; readonly mark: number };
  switch (kind) {
    case 'hello':
      return { kind, ...readHello(fields as Partial<Hello>) };
    case 'acknowledgement':
      return { kind, ...readRunning(fields) };
    case 'probe':
      return { kind, id };
    case 'events':
      return { kind, id, events };
    case 'telemetry': {
      const { session, sequence, agoMs, window } = fields as WindowReport;
      // A clock that went wrong is no reason to lose a window.
      const ageMs = Math.min(Math.max(0, agoMs), Number.MAX_SAFE_INTEGER);
      return { kind, session, sequence, agoMs: ageMs, window };
    }
    case 'renewal':
      return { kind, mark };
    case 'goodbye':
      return { kind };
    default:
      return kind satisfies never;
  }
}

function readHello({ key = '', session = '', connection = 0, sdk, via, about, running }: Partial<Hello>): Hello {
  return {
    key: cut(key, longestText),
    session: cut(session, longestText),
    connection,
    sdk: cut(sdk ?? 'unknown', longestText),
    via: cut(via ?? 'unknown', longestText),
    about: readAttributes(about ?? {}),
    running: readRunning(running ?? {}),
  };
}

function readRunning({ state, refused, problem, heldMs, configs, valves, oldestVersion, repairs }: Running): Running {
  return {
    ...(typeof heldMs === 'number' && { heldMs: Math.max(0, heldMs) }),
    ...readOldest(oldestVersion, state),
    ...(typeof state === 'string' && { state: cut(state, longestText) }),
    ...(typeof problem === 'string' && { problem: cut(problem, longestReason) }),
    ...readRefused(refused ?? []),
    ...(Array.isArray(configs) && { configs: readConfigs(configs) }),
    ...(Array.isArray(valves) && { valves: readValves(valves) }),
    ...(Array.isArray(repairs) && { repairs: readRepairs(repairs) }),
  };
}

/** What began under the version in force is as the rest; a fleet that is busy would have news all the time. */
function readOldest(oldestVersion: number | undefined, state: string | undefined): Pick<Running, 'oldestVersion'> {
  if (typeof oldestVersion !== 'number') return {};
  return oldestVersion < (parseSelector(state)?.version ?? Number.POSITIVE_INFINITY) ? { oldestVersion } : {};
}

/** Whoever names objects of a kind that we do not know did not get them from us. */
function readRefused(objects: readonly RefusedObject[]): Pick<Running, 'refused'> {
  const refused = objects
    .filter(({ kind }) => kind === 'flag' || kind === 'segment')
    .slice(0, mostRefused)
    .map(({ kind, key, version, reason }) => ({
      kind,
      key: cut(key, longestText),
      version,
      reason: cut(reason, longestReason),
    }));
  return refused.length === 0 ? {} : { refused };
}

function readConfigs(configs: readonly ConfigInForce[]): readonly ConfigInForce[] {
  return configs
    .slice(0, mostConfigs)
    .map(({ key, value }) => ({ key: cut(key, longestText), value: cut(value, longestConfig) }));
}

function readValves(valves: readonly ValveInBuild[]): readonly ValveInBuild[] {
  return valves.slice(0, mostValves).map(({ key, lacks }) => ({
    key: cut(key, longestText),
    ...(Array.isArray(lacks) && lacks.length > 0 && { lacks: lacks.slice(0, mostLacked).map(readLacked) }),
  }));
}

function readLacked({ mode, instead }: LackedMode): LackedMode {
  return { mode: cut(mode, longestText), ...(typeof instead === 'string' && { instead: cut(instead, longestText) }) };
}

function readRepairs(backlogs: readonly RepairBacklog[]): readonly RepairBacklog[] {
  return backlogs
    .filter(({ depth, isDirty }) => depth > 0 || isDirty === true)
    .slice(0, mostBacklogs)
    .map(({ migration, depth, oldestMs, isDirty }) => {
      const waited = Math.min(Math.max(0, oldestMs), Number.MAX_SAFE_INTEGER);
      return {
        migration: cut(migration, longestText),
        depth,
        oldestMs: Math.round(waited),
        ...(isDirty === true && { isDirty }),
      };
    });
}

function readAttributes(about: Readonly<Record<string, unknown>>): InstanceAttributes {
  const entries = Object.entries(about).flatMap(([name, value]): [string, string | number | boolean][] => {
    if (typeof value === 'string') return [[cut(name, longestText), cut(value, longestText)]];
    return typeof value === 'number' || typeof value === 'boolean' ? [[cut(name, longestText), value]] : [];
  });
  return Object.fromEntries(entries.slice(0, mostAttributes));
}

function cut(text: string, length: number): string {
  return text.length > length ? text.slice(0, length) : text;
}
