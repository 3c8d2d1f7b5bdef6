/** The kinds of objects that a payload consists of. */
export type ObjectKind = 'flag' | 'segment';

/** A flag or segment as it travels: its JSON is encoded once and never again. */
export interface WireObject {
  readonly kind: ObjectKind;
  readonly key: string;
  /** Rises with every change of this object. */
  readonly version: number;
  /** The object as JSON text; undefined for one that was deleted. */
  readonly json: string | undefined;
}

/** Objects of an environment at a version: all of them, or those that changed since an earlier one. */
export interface Payload {
  readonly epoch: string;
  readonly version: number;
  readonly objects: readonly WireObject[];
}
