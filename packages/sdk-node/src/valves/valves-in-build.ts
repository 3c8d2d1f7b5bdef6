import { type LackedMode, mostLacked, mostValves, type ValveInBuild } from '@sluice/protocol';
import type { Log, Reporter } from '@sluice/sdk-common';

/** Tells the server which valves the code has, and which of their modes it lacks, before anybody trips to one. */
export class ValvesInBuild {
  readonly #reporter: Pick<Reporter, 'valves'> | undefined;
  readonly #log: Log;
  readonly #valves = new Map<string, ValveInBuild>();
  #areTooMany = false;

  /** Without a reporter nobody is told. */
  constructor(reporter: Pick<Reporter, 'valves'> | undefined, log: Log) {
    this.#reporter = reporter;
    this.#log = log;
  }

  /** Of too many valves the first are told. */
  tell(key: string, lacks: readonly LackedMode[]): void {
    this.#valves.set(key, { key, ...(lacks.length > 0 && { lacks: lacks.slice(0, mostLacked) }) });
    const all = [...this.#valves.values()];
    if (all.length > mostValves && !this.#areTooMany && this.#reporter !== undefined) {
      this.#areTooMany = true;
      this.#log.warn(`the server is told of the first ${mostValves} valves of this build, and of no more`);
    }
    this.#reporter?.valves(all.slice(0, mostValves));
  }
}
