import { createAttributeReader, parseAttributeReference } from './attribute-reference.ts';
import { createBucketer } from './bucket.ts';
import { findAttributes, type Scope } from './evaluation.ts';

/** Where the evaluation's context falls in [0, 1); undefined when it has no context of the kind. */
export type BucketOf = (scope: Scope) => number | undefined;

interface BucketOptions {
  /** `flagKey.salt`, `segmentKey.salt`, or a decimal seed. */
  readonly prefix: string;
  readonly contextKind: string | undefined | null;
  readonly bucketBy: string | undefined | null;
}

/**
 * Compiles how a share is cut. Strings and integers have a bucket; every other value, and a missing one, is in bucket
 * 0. Undefined when the attribute reference is malformed.
 */
export function compileBucket({ prefix, contextKind, bucketBy }: BucketOptions): BucketOf | undefined {
  const kind = contextKind || 'user';
  const attribute = bucketBy || 'key';
  // Without a context kind this is old data, in which the attribute is a plain name.
  const names = contextKind ? parseAttributeReference(attribute) : [attribute];
  if (names === undefined) return undefined;
  const read = createAttributeReader(names);
  const bucket = createBucketer(prefix);
  return (scope) => {
    const attributes = findAttributes(scope, kind);
    if (attributes === undefined) return undefined;
    const value = read(attributes);
    if (typeof value === 'string') return bucket(value);
    return typeof value === 'number' && Number.isInteger(value) ? bucket(String(value)) : 0;
  };
}
