import {
  attributesOf,
  type Context,
  canonicalKey,
  findContextProblem,
  fromLegacyUser,
  type LegacyUser,
  listKinds,
  parseAttributeReference,
  surroundingKinds,
} from '@sluice/engine';

/** Of a batch so many are looked at, which takes milliseconds; the others come again. */
const mostOfBatch = 2000;
const mostKinds = 8;
const longestKey = 256;
const mostAttributes = 64;
/** Characters of JSON, roughly: of one attribute, and of all together. */
const longestAttribute = 1024;
const longestContext = 3500;
const deepest = 8;
const mostRedacted = 32;
const longestReference = 64;

/** A context that an SDK has seen, as it came. */
export interface SeenContext {
  /** The same for the same keys: what it is told apart by. */
  readonly key: string;
  readonly context: Context;
}

/**
 * Finds the contexts that SDKs tell of in a batch of events (`index` and `identify`; old SDKs say `user`), whatever
 * else is in it. What is not as it should be is passed over.
 */
export function listSeenContexts(events: unknown): readonly SeenContext[] {
  if (!Array.isArray(events)) return [];
  const told = events.filter((event) => event?.kind === 'index' || event?.kind === 'identify');
  return told.slice(0, mostOfBatch).flatMap((event) => toSeenContext(event.context ?? event.user) ?? []);
}

/** Undefined where there is nobody in it, or more than a context has. */
export function toSeenContext(given: unknown): SeenContext | undefined {
  const context = parseContext(given);
  if (context === undefined) return undefined;
  const kinds = listKinds(context).filter((kind) => !surroundingKinds.has(kind));
  if (kinds.length === 0 || kinds.length > mostKinds) return undefined;
  const parts = kinds.map((kind) => [kind, attributesOf(context, kind)] as const);
  if (parts.some(([kind, attributes]) => kind.length > longestKey || !isKey(attributes?.key))) return undefined;
  const [first] = parts;
  const own: Context =
    parts.length === 1 && first !== undefined
      ? ({ ...first[1], kind: first[0] } as Context)
      : // Each further property of a multi-kind context is the attributes of a kind.
        ({ kind: 'multi', ...Object.fromEntries(parts) } as Context);
  return { key: canonicalKey(own), context: own };
}

/**
 * The context as it may be kept: without attributes that are private or too large, whose names stand in
 * `_meta.redactedAttributes`. Its JSON has less than 8 kB.
 */
export function trimContext(context: Context): Context {
  const budget = { left: longestContext };
  const kinds = listKinds(context);
  const parts = kinds.map((kind) => [kind, trimAttributes(attributesOf(context, kind) ?? {}, budget)] as const);
  const [first] = parts;
  // Attributes of a kind with its name are a context, and so are several under theirs.
  if (context.kind !== 'multi' && first !== undefined) return { kind: first[0], ...first[1] } as Context;
  return { kind: 'multi', ...Object.fromEntries(parts) } as Context;
}

function trimAttributes(attributes: Readonly<Record<string, unknown>>, budget: { left: number }) {
  const { key, _meta: meta } = attributes;
  const { privateAttributes, redactedAttributes } = (meta ?? {}) as Readonly<Record<string, unknown>>;
  const hidden = new Set(listStrings(privateAttributes).map((name) => parseAttributeReference(name)?.[0] ?? name));
  const redacted = new Set(listStrings(redactedAttributes));
  const kept: [name: string, value: unknown][] = [['key', key]];
  for (const name in attributes) {
    if (name === 'key' || name === 'kind' || name === '_meta') continue;
    const value = attributes[name];
    const most = Math.min(longestAttribute, budget.left);
    const size = measure(value, most, deepest) + name.length;
    if (!hidden.has(name) && kept.length <= mostAttributes && size <= most) {
      kept.push([name, value]);
      budget.left -= size;
    } else if (redacted.size < mostRedacted) redacted.add(name);
  }
  const told = [...redacted].filter((name) => name.length <= longestReference).slice(0, mostRedacted);
  if (told.length > 0) kept.push(['_meta', { redactedAttributes: told }]);
  // Made of entries, in which a name such as `__proto__` is one like any other.
  return Object.fromEntries(kept);
}

/** Characters of a value's JSON, roughly; as soon as it is more than `most`, any number above that. */
function measure(value: unknown, most: number, depth: number): number {
  if (typeof value === 'string') return value.length + 2;
  if (typeof value !== 'object' || value === null) return 8;
  if (depth === 0) return most + 1;
  let size = 2;
  for (const name in value) {
    size += name.length + 4;
    if (size > most) return size;
    // Plain JSON may be asked for any of its names.
    size += measure((value as Readonly<Record<string, unknown>>)[name], most - size, depth - 1);
    if (size > most) return size;
  }
  return size;
}

function parseContext(given: unknown): Context | undefined {
  if (typeof given !== 'object' || given === null) return undefined;
  const { kind, key } = given as Readonly<Record<string, unknown>>;
  // A user of the old model; what else is in it is looked at below.
  const isUser = kind === undefined && ['string', 'number', 'boolean'].includes(typeof key);
  const context: unknown = isUser ? fromLegacyUser(sound(given)) : given;
  return findContextProblem(context) === undefined ? (context as Context) : undefined;
}

/** Only the parts of an old user that are as they should be. */
function sound(given: object): LegacyUser {
  const { custom, privateAttributeNames, ...rest } = given as LegacyUser;
  const isObject = typeof custom === 'object' && custom !== null && !Array.isArray(custom);
  return { ...rest, ...(isObject && { custom }), privateAttributeNames: listStrings(privateAttributeNames) };
}

function listStrings(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.slice(0, 1000).filter((entry): entry is string => typeof entry === 'string') : [];
}

function isKey(key: unknown): boolean {
  return typeof key === 'string' && key.length > 0 && key.length <= longestKey;
}
