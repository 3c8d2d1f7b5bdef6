import type { RefusedObject } from '@sluice/protocol';

/**
 * Flags in force that the application does not follow: a valve that serves a mode which this build lacks, a config
 * whose value is outside the bounds that the code declares. What cannot be evaluated at all never gets here, the store
 * refuses it.
 */
export class Refusals {
  readonly #byFlag = new Map<string, RefusedObject>();
  readonly #onChange: () => void;

  /** `onChange` is called whenever `all` is different. */
  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  get all(): readonly RefusedObject[] {
    return [...this.#byFlag.values()];
  }

  /**
   * `version`: of the flag's form that is refused, which takes the place of any before; `reason`: for people.
   * Returns whether that is news.
   */
  refuse(flagKey: string, version: number, reason: string): boolean {
    const known = this.#byFlag.get(flagKey);
    if (known?.version === version && known.reason === reason) return false;
    this.#byFlag.set(flagKey, { kind: 'flag', key: flagKey, version, reason });
    this.#onChange();
    return true;
  }

  /** The flag's form in force is followed, or there is no such flag any more. */
  accept(flagKey: string): void {
    if (this.#byFlag.delete(flagKey)) this.#onChange();
  }
}
