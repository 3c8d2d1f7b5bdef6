import type { Payload, WireObject } from '@sluice/protocol';

/**
 * The current objects of one environment in the order of their versions, so that what changed since any version is
 * found without looking at the rest. Tombstones stay.
 */
export class ObjectLog {
  readonly #objects = new Map<string, WireObject>();
  /** By rising version. An entry that is no longer the object's current one is skipped, and dropped now and then. */
  #order: WireObject[] = [];

  /** The current object, a tombstone included. */
  find(kind: WireObject['kind'], key: string): WireObject | undefined {
    return this.#objects.get(`${kind}/${key}`);
  }

  /** How many there are that are not deleted. */
  count(kind: WireObject['kind']): number {
    let count = 0;
    for (const object of this.#objects.values()) if (object.kind === kind && object.json !== undefined) count++;
    return count;
  }

  /** Takes in objects by rising version, none lower than what is there. */
  add(objects: readonly WireObject[]): void {
    for (const object of objects) {
      this.#objects.set(`${object.kind}/${object.key}`, object);
      this.#order.push(object);
    }
    if (this.#order.length > 2 * this.#objects.size + 100)
      this.#order = this.#order.filter((entry) => this.#isCurrent(entry));
  }

  /** Everything that is not deleted. */
  listAll(): Payload['objects'] {
    return this.#order.filter((entry) => entry.json !== undefined && this.#isCurrent(entry));
  }

  /** What changed after a version, deletions included. */
  listSince(version: number): Payload['objects'] {
    return this.#order.slice(this.#findFirstAfter(version)).filter((entry) => this.#isCurrent(entry));
  }

  #isCurrent(entry: WireObject): boolean {
    return this.#objects.get(`${entry.kind}/${entry.key}`) === entry;
  }

  #findFirstAfter(version: number): number {
    let low = 0;
    let high = this.#order.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#order[middle]?.version ?? 0) > version) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
