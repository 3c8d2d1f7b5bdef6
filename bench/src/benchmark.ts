import type { Table } from './table.ts';

/** Something that is measured against targets. */
export interface Benchmark {
  run(options: BenchmarkOptions): Promise<BenchmarkResult>;
}

export interface BenchmarkOptions {
  /** Only to see that it runs: too short to be judged. */
  readonly quick: boolean;
  /** How many instances; as many as the benchmark is meant for unless given. */
  readonly clients: number | undefined;
  /** For how long; as long as the benchmark is meant to take unless given. */
  readonly minutes: number | undefined;
  /** Told what is being done, in one line. */
  readonly onProgress: (line: string) => void;
}

export interface BenchmarkResult {
  /** What was measured, for the results file. */
  readonly rows: readonly object[];
  /** What targets can be set for, by name. */
  readonly measures: Readonly<Record<string, number>>;
  /** What people look at. */
  readonly tables: readonly Table[];
}
