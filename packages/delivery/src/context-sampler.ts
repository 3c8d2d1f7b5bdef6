import { hash } from 'node:crypto';
import { type Context, listKinds } from '@sluice/engine';
import { listSeenContexts, type SeenContext, toSeenContext, trimContext } from '@sluice/protocol';

/** A context of the sample. */
export interface SampledContext {
  /** Of its keys, 16 hexadecimal digits: the contexts with the lowest are the sample. */
  readonly hash: string;
  /** The keys in one text. */
  readonly key: string;
  readonly kinds: readonly string[];
  /** Without what is private or too large. */
  readonly context: Context;
}

/** Of each environment so many wait to be taken: those with the lowest hashes. */
const mostWaiting = 5000;
/** So many are not told again for an hour. */
const mostTold = 100_000;
const toldAgainMs = 3_600_000;

/**
 * Gathers the contexts that SDKs tell of, to sample them: those with the lowest hashes of their keys (bottom-k). Which
 * these are depends on the contexts alone, neither on who saw them nor how often, so that samples of many processes
 * merge, and are uniform. Bounded, whatever comes.
 */
export class ContextSampler {
  readonly #elapsed: () => number;
  readonly #waiting = new Map<string, Map<string, SampledContext>>();
  /** Hashes above are in no sample. */
  readonly #limits = new Map<string, string>();
  readonly #told = new Set<string>();
  #forgotAt: number;

  constructor(elapsed: () => number) {
    this.#elapsed = elapsed;
    this.#forgotAt = elapsed();
  }

  /** Takes in events of an SDK. */
  record(environmentId: string, events: unknown): void {
    this.#look();
    for (const seen of listSeenContexts(events)) this.#add(environmentId, seen);
  }

  /** Takes in what another sampler told. */
  recordContexts(environmentId: string, contexts: readonly unknown[]): void {
    this.#look();
    for (const context of contexts) {
      const seen = toSeenContext(context);
      if (seen !== undefined) this.#add(environmentId, seen);
    }
  }

  /** For an hour at most contexts with higher hashes are passed over; undefined: none are. */
  limit(environmentId: string, highest: string | undefined): void {
    if (highest === undefined) this.#limits.delete(environmentId);
    else this.#limits.set(environmentId, highest);
  }

  /** Gives up to `most` contexts of each environment, the lowest first, and forgets that it had them. */
  *take(most: number): Generator<readonly [environmentId: string, contexts: readonly SampledContext[]]> {
    for (const [environmentId, waiting] of this.#waiting) {
      const taken = sortByHash(waiting.values()).slice(0, most);
      for (const { hash: name } of taken) {
        waiting.delete(name);
        this.#told.add(`${environmentId}/${name}`);
      }
      if (this.#told.size > mostTold) this.#forgetTold();
      if (waiting.size === 0) this.#waiting.delete(environmentId);
      if (taken.length > 0) yield [environmentId, taken];
    }
  }

  forget(environmentId: string): void {
    this.#waiting.delete(environmentId);
    this.#limits.delete(environmentId);
  }

  #add(environmentId: string, { key, context }: SeenContext): void {
    const name = hash('sha256', key, 'hex').slice(0, 16);
    const limit = this.#limits.get(environmentId);
    if ((limit !== undefined && name > limit) || this.#told.has(`${environmentId}/${name}`)) return;
    let waiting = this.#waiting.get(environmentId);
    if (waiting === undefined) {
      waiting = new Map();
      this.#waiting.set(environmentId, waiting);
    }
    waiting.set(name, { hash: name, key, kinds: listKinds(context), context: trimContext(context) });
    if (waiting.size < 2 * mostWaiting) return;
    for (const { hash: highest } of sortByHash(waiting.values()).slice(mostWaiting)) waiting.delete(highest);
  }

  /** Also how high hashes may be is looked at anew: there may be fewer contexts than there were. */
  #look(): void {
    if (this.#elapsed() - this.#forgotAt <= toldAgainMs) return;
    this.#forgetTold();
    this.#limits.clear();
  }

  #forgetTold(): void {
    this.#told.clear();
    this.#forgotAt = this.#elapsed();
  }
}

function sortByHash(contexts: Iterable<SampledContext>): readonly SampledContext[] {
  return [...contexts].sort((a, b) => (a.hash < b.hash ? -1 : 1));
}
