/** Of so many of the last answers to probes it is told how long they took. */
const measurementsKept = 256;
/** What is older is not how things are now. */
const keptMs = 5 * 60_000;

interface Measurement {
  readonly at: number;
  readonly ms: number;
}

/** How long it takes to reach instances of an environment and to hear of it, by the last probes. Times are monotonic. */
export class Propagation {
  readonly #measurements: Measurement[] = [];

  note(measurement: Measurement): void {
    this.#measurements.push(measurement);
    if (this.#measurements.length > measurementsKept) this.#measurements.shift();
  }

  /** Null: nobody answered lately. */
  describe(now: number): { readonly p50Ms: number; readonly p99Ms: number } | null {
    const times = this.#measurements.flatMap(({ at, ms }) => (now - at <= keptMs ? [ms] : [])).sort((a, b) => a - b);
    const reach = (share: number): number => times[Math.ceil(share * times.length) - 1] ?? 0;
    return times.length === 0 ? null : { p50Ms: reach(0.5), p99Ms: reach(0.99) };
  }
}
