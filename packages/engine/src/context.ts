/** The attributes of one context. Custom attributes stand beside the built-in ones; null counts as absent. */
export interface Attributes {
  readonly key: string;
  readonly name?: string | null;
  readonly anonymous?: boolean | null;
  readonly _meta?: { readonly privateAttributes?: readonly string[] | null } | null;
  readonly [attribute: string]: unknown;
}

export interface SingleContext extends Attributes {
  readonly kind: string;
}

/** Several contexts in one: each further property is a context kind with its attributes. */
export interface MultiContext {
  readonly kind: 'multi';
  readonly [contextKind: string]: unknown;
}

/** Who or what is evaluated. */
export type Context = SingleContext | MultiContext;

/** The form of LaunchDarkly's old user model: no `kind`, custom attributes under `custom`. */
export interface LegacyUser {
  readonly kind?: undefined;
  readonly key: string | number | boolean;
  readonly anonymous?: boolean | null;
  readonly custom?: Readonly<Record<string, unknown>> | null;
  readonly privateAttributeNames?: readonly string[] | null;
  readonly [attribute: string]: unknown;
}

const kindPattern = /^[\w.-]+$/;

/** Kinds that have been looked at, so that the pattern is matched once for each. Bounded, as kinds come from callers. */
const knownKinds = new Set<string>();

/** Whether a name may be the kind of a context; `kind` and `multi` may not. */
export function isContextKind(kind: string): boolean {
  if (kind === 'user' || knownKinds.has(kind)) return true;
  if (!kindPattern.test(kind) || kind === 'kind' || kind === 'multi') return false;
  if (knownKinds.size < 1000) knownKinds.add(kind);
  return true;
}

/**
 * Says what is wrong with a context, or undefined when it is valid. Allocates nothing for a valid context.
 * A legacy user is refused; convert it first with `fromLegacyUser`.
 */
export function findContextProblem(context: unknown): string | undefined {
  if (typeof context !== 'object' || context === null) return `a context must be an object, got ${nameOf(context)}`;
  // Any object may be asked for any property; what comes back is checked.
  const object = context as Record<string, unknown>;
  const kind = object.kind;
  if (typeof kind !== 'string') return `a context needs a kind (a string), got ${nameOf(kind)}`;
  if (kind !== 'multi') return isContextKind(kind) ? findAttributesProblem(object) : invalidKind(kind);
  let count = 0;
  for (const name in object) {
    if (name === 'kind') continue;
    const problem = isContextKind(name) ? findAttributesProblem(object[name]) : invalidKind(name);
    if (problem !== undefined) return problem;
    count++;
  }
  return count === 0 ? 'a multi-kind context must have at least one kind' : undefined;
}

function findAttributesProblem(attributes: unknown): string | undefined {
  if (typeof attributes !== 'object' || attributes === null || Array.isArray(attributes)) {
    return `the attributes of a context must be an object, got ${nameOf(attributes)}`;
  }
  const { key, name, anonymous, _meta } = attributes as Record<string, unknown>;
  if (typeof key !== 'string' || key === '') return `a context needs a key (a string, not empty), got ${nameOf(key)}`;
  if (name !== undefined && name !== null && typeof name !== 'string') {
    return `the name of a context must be a string, got ${nameOf(name)}`;
  }
  if (anonymous !== undefined && anonymous !== null && typeof anonymous !== 'boolean') {
    return `anonymous must be true or false, got ${nameOf(anonymous)}`;
  }
  return _meta === undefined || _meta === null ? undefined : findMetaProblem(_meta);
}

function findMetaProblem(meta: unknown): string | undefined {
  if (typeof meta !== 'object' || meta === null) return `_meta must be an object, got ${nameOf(meta)}`;
  const { privateAttributes } = meta as Record<string, unknown>;
  if (privateAttributes === undefined || privateAttributes === null) return undefined;
  const valid = Array.isArray(privateAttributes) && privateAttributes.every((entry) => typeof entry === 'string');
  return valid ? undefined : '_meta.privateAttributes must be a list of attribute references';
}

function invalidKind(kind: string): string {
  return `a context kind is made of letters, digits, dots, underscores and hyphens, and is not "kind" or "multi", got ${JSON.stringify(kind)}`;
}

function nameOf(value: unknown): string {
  if (value === '') return 'an empty string';
  if (Array.isArray(value)) return 'a list';
  return value === null || value === undefined ? String(value) : `a ${typeof value}`;
}

/** Properties of a user of the old model that became attributes; others were never sent. */
const legacyAttributes = ['name', 'ip', 'firstName', 'lastName', 'email', 'avatar', 'country'] as const;

/**
 * Turns a user of the old model into a context of kind `user`: `custom` entries become attributes unless a built-in
 * one has their name, `privateAttributeNames` become references. Only here may a key be empty. Undefined without key.
 */
export function fromLegacyUser(user: LegacyUser): SingleContext | undefined {
  const { key, custom, privateAttributeNames, anonymous } = user;
  if (key === undefined || key === null) return undefined;
  const builtIn = legacyAttributes.filter((name) => user[name] !== undefined && user[name] !== null);
  return {
    ...custom,
    ...Object.fromEntries(builtIn.map((name) => [name, user[name]])),
    ...(anonymous === undefined || anonymous === null ? {} : { anonymous }),
    ...(privateAttributeNames === undefined || privateAttributeNames === null
      ? {}
      : { _meta: { privateAttributes: privateAttributeNames.map(toLiteralReference) } }),
    kind: 'user',
    key: String(key),
  };
}

function toLiteralReference(name: string): string {
  return name.startsWith('/') ? `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}` : name;
}

/**
 * The fully qualified key: a lone user's key as it is, else `kind:key` for each kind in alphabetical order, joined by
 * colons, with `%` and `:` in keys escaped.
 */
export function canonicalKey(context: Context): string {
  const kinds = listKinds(context).toSorted();
  if (kinds.length === 1 && kinds[0] === 'user') return attributesOf(context, 'user')?.key ?? '';
  return kinds.map((kind) => `${kind}:${escapeKey(attributesOf(context, kind)?.key ?? '')}`).join(':');
}

function escapeKey(key: string): string {
  return key.replaceAll('%', '%25').replaceAll(':', '%3A');
}

/** Kinds that describe the surroundings of an evaluation, not whom it is about: SDKs do not report them. */
export const surroundingKinds: ReadonlySet<string> = new Set(['instance', 'request', 'record', 'sluice']);

/** The kinds of a context: one, or those of a multi-kind context in the order given. */
export function listKinds(context: Context): readonly string[] {
  return context.kind === 'multi' ? Object.keys(context).filter((name) => name !== 'kind') : [context.kind];
}

/** The attributes that a context has for a kind; undefined when it is not of that kind. */
export function attributesOf(context: Context, kind: string): Attributes | undefined {
  if (context.kind === kind) return context as SingleContext;
  // Names that every object inherits, such as `__proto__`, are no contexts.
  if (context.kind !== 'multi' || !Object.hasOwn(context, kind)) return undefined;
  const attributes = (context as MultiContext)[kind];
  // A validated multi-kind context holds attributes under every name but `kind`.
  return typeof attributes === 'object' && attributes !== null ? (attributes as Attributes) : undefined;
}
