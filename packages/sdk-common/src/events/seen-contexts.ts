import { type Context, canonicalKey, surroundingKinds } from '@sluice/engine';

/**
 * Remembers which contexts were reported lately. Two generations stand in for exact ages: a key is forgotten between
 * one and two halves of the capacity after it was last seen, and all are when a period ends.
 */
export class SeenContexts {
  readonly #half: number;
  #current = new Map<string, Set<string>>();
  #previous = new Map<string, Set<string>>();
  #size = 0;
  /** Of `#current`, the kind that was asked for last and its keys: nearly always the next one is of that kind too. */
  #lastKind = '';
  #lastKeys: ReadonlySet<string> = new Set();

  /** `capacity`: how many keys are remembered at most. */
  constructor(capacity: number) {
    this.#half = Math.max(1, Math.ceil(capacity / 2));
  }

  /** Whether the context is new; from then on it is not. Allocates nothing for a known one of a single kind. */
  add(context: Context): boolean {
    const { kind } = context;
    const key = kind === 'multi' ? canonicalKey(withoutSurroundings(context)) : (context.key as string);
    if (kind === this.#lastKind && this.#lastKeys.has(key)) return false;
    return this.#look(kind, key);
  }

  clear(): void {
    this.#startGeneration(new Map());
  }

  #look(kind: string, key: string): boolean {
    if (surroundingKinds.has(kind)) return false;
    const keys = this.#current.get(kind);
    this.#lastKind = kind;
    this.#lastKeys = keys ?? new Set();
    if (keys?.has(key) === true) return false;
    const isNew = this.#previous.get(kind)?.has(key) !== true;
    this.#remember(kind, key);
    return isNew;
  }

  #remember(kind: string, key: string): void {
    if (this.#size >= this.#half) this.#startGeneration(this.#current);
    const keys = this.#current.get(kind) ?? new Set();
    this.#current.set(kind, keys.add(key));
    this.#lastKind = kind;
    this.#lastKeys = keys;
    this.#size++;
  }

  #startGeneration(previous: Map<string, Set<string>>): void {
    this.#previous = previous;
    this.#current = new Map();
    this.#size = 0;
    this.#lastKind = '';
  }
}

/** Of whom alone something is told: whoever uses many records is known once. */
function withoutSurroundings(context: Context): Context {
  if (!('record' in context)) return context;
  // Every entry but `kind` is the attributes of one context.
  return Object.fromEntries(Object.entries(context).filter(([kind]) => !surroundingKinds.has(kind))) as Context;
}
