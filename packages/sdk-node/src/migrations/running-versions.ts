/** Before there was any, whatever comes is later. */
const none = 0;

/** Versions of the environment under which operations that still run began. */
export class RunningVersions {
  readonly #counts = new Map<number, number>();
  readonly #onChange: () => void;

  /** `onChange` is called when nothing runs any more that began under one of them, be it the oldest or not. */
  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  /** Undefined: nothing runs. */
  get oldest(): number | undefined {
    let oldest: number | undefined;
    for (const version of this.#counts.keys()) if (oldest === undefined || version < oldest) oldest = version;
    return oldest;
  }

  /** `version` undefined: there is none yet, and it is counted as older than all. */
  begin(version: number = none): void {
    this.#counts.set(version, (this.#counts.get(version) ?? 0) + 1);
  }

  end(version: number = none): void {
    const count = (this.#counts.get(version) ?? 0) - 1;
    if (count > 0) this.#counts.set(version, count);
    else {
      this.#counts.delete(version);
      this.#onChange();
    }
  }
}
