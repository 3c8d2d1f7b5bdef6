import {
  type Attributes,
  attributesOf,
  type Context,
  listKinds,
  parseAttributeReference,
  surroundingKinds,
} from '@sluice/engine';

export interface PrivacyOptions {
  readonly allAttributesPrivate: boolean;
  /** Attribute references. */
  readonly privateAttributes: readonly string[];
}

type Json = Record<string, unknown>;

/** Attributes that are always sent. */
const neverPrivate = new Set(['key', 'kind', 'anonymous', '_meta']);

/**
 * A context as events carry it: without its private attributes, whose references stand in `_meta.redactedAttributes`,
 * and without kinds that only describe the surroundings. Undefined when nothing is left.
 */
export function toEventContext(
  context: Context,
  { allAttributesPrivate, privateAttributes }: PrivacyOptions,
  redactAnonymous = false,
): Json | undefined {
  const kinds = listKinds(context).filter((kind) => !surroundingKinds.has(kind));
  const parts = kinds.flatMap((kind): [string, Json][] => {
    const attributes = attributesOf(context, kind);
    if (attributes === undefined) return [];
    const redactAll = allAttributesPrivate || (redactAnonymous && attributes.anonymous === true);
    return [[kind, redact(attributes, redactAll ? undefined : privateAttributes)]];
  });
  const [first] = parts;
  if (first === undefined) return undefined;
  return parts.length === 1 ? { kind: first[0], ...first[1] } : { kind: 'multi', ...Object.fromEntries(parts) };
}

/** `references` undefined: all attributes are private. */
function redact(attributes: Attributes, references: readonly string[] | undefined): Json {
  const { _meta: meta, kind: _, ...visible } = attributes as Json & Pick<Attributes, '_meta'>;
  const redacted: string[] = [];
  if (references === undefined) {
    for (const [name, value] of Object.entries(visible)) {
      if (neverPrivate.has(name)) continue;
      delete visible[name];
      if (value !== null && value !== undefined) redacted.push(toReference(name));
    }
  } else {
    for (const reference of new Set([...references, ...(meta?.privateAttributes ?? [])])) {
      if (remove(visible, parseAttributeReference(reference) ?? [])) redacted.push(reference);
    }
  }
  return redacted.length === 0 ? visible : { ...visible, _meta: { redactedAttributes: redacted.sort() } };
}

/** Removes what a path leads to, on copies; whether there was anything. */
function remove(object: Json, [name, ...rest]: readonly string[]): boolean {
  if (name === undefined || !Object.hasOwn(object, name) || object[name] === null) return false;
  if (neverPrivate.has(name)) return false;
  if (rest.length === 0) {
    delete object[name];
    return true;
  }
  const inner = object[name];
  if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return false;
  const copy = { ...inner } as Json;
  if (!removeBelow(copy, rest)) return false;
  object[name] = copy;
  return true;
}

/** Below the top no name is special. */
function removeBelow(object: Json, [name, ...rest]: readonly string[]): boolean {
  if (name === undefined || !Object.hasOwn(object, name)) return false;
  if (rest.length === 0) return delete object[name];
  const inner = object[name];
  if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return false;
  const copy = { ...inner } as Json;
  object[name] = copy;
  return removeBelow(copy, rest);
}

function toReference(name: string): string {
  return name.startsWith('/') ? `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}` : name;
}
