import type { BackfillSum } from '@sluice/protocol';
import type { Hashes } from '@sluice/sdk-common';
import type { Stored } from '../store.ts';

export type Keyed<T> = Stored<T> & { readonly key: string };

/** In [0, 2^64): of key, version and what counts of the value. */
export type HashRow<T> = (row: Keyed<T>) => bigint;

export function createHashRow<T>(hash: Hashes, textOf: (value: T) => string): HashRow<T> {
  return ({ key, version, value }) => {
    const sha256 = hash.createSha256();
    // The lists of JSON keep key and version apart, whatever is in them.
    sha256.update(JSON.stringify([key, version]));
    sha256.update(value === undefined ? 'removed' : textOf(value));
    return BigInt(`0x${sha256.hex().slice(0, 16)}`);
  };
}

/** The sum of rows, whatever their order: of two sides it is equal when they have the same, but for a chance of 2^-64. */
export class Sum {
  #count = 0;
  #sum = 0n;
  #maxVersion: string | undefined;

  get count(): number {
    return this.#count;
  }

  add(hash: bigint, version: string): void {
    this.#count++;
    this.#sum = BigInt.asUintN(64, this.#sum + hash);
    this.#see(version);
  }

  addAll(other: Sum): void {
    this.#count += other.#count;
    this.#sum = BigInt.asUintN(64, this.#sum + other.#sum);
    if (other.#maxVersion !== undefined) this.#see(other.#maxVersion);
  }

  equals(other: Sum): boolean {
    return this.#count === other.#count && this.#sum === other.#sum && this.#maxVersion === other.#maxVersion;
  }

  toJson(): BackfillSum {
    const sum = this.#sum.toString(16).padStart(16, '0');
    return { count: this.#count, sum, ...(this.#maxVersion !== undefined && { maxVersion: this.#maxVersion }) };
  }

  #see(version: string): void {
    if (this.#maxVersion === undefined || version > this.#maxVersion) this.#maxVersion = version;
  }
}
