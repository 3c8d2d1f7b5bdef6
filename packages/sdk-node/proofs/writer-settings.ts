/** What the program that writes is told when it starts, as JSON in its only argument. */
export interface WriterSettings {
  /** Of the files of both stores. */
  readonly folder: string;
  readonly stage: 'dualwrite' | 'live';
  /** A folder; false: in memory. */
  readonly journal: string | false;
  readonly work: 'write' | 'repair';
  /** So many records. */
  readonly keys: number;
}

/** What it tells of a write that was acknowledged; without a value it was removed. */
export interface Acknowledged {
  readonly key: string;
  readonly version: string;
  readonly value?: string;
}
