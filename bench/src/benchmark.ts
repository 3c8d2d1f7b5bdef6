import type { Table } from './table.ts';

/** Something that is measured against targets. */
export interface Benchmark {
  run(options: BenchmarkOptions): Promise<BenchmarkResult>;
}

export interface BenchmarkOptions {
  /** Only to see that it runs: too short to be judged. */
  readonly quick: boolean;
  /** Told what is being done, in one line. */
  readonly onProgress: (line: string) => void;
}

export interface BenchmarkResult {
  /** What was measured, for the results file. */
  readonly rows: readonly Readonly<Record<string, string | number>>[];
  /** What targets can be set for, by name. */
  readonly measures: Readonly<Record<string, number>>;
  /** What people look at. */
  readonly tables: readonly Table[];
}
