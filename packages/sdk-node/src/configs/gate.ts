/** Lets lines of a logger through or not. */
export interface Gate {
  /** What there is to choose from, with a number that rises with severity. */
  readonly levels: Readonly<Record<string, number>>;
  /**
   * Drops what is below `lowest` as cheaply as the logger can. Of the rest each line asks for the threshold that holds
   * where it is written; undefined: it is the same everywhere.
   */
  set(lowest: string, findThreshold: (() => number) | undefined): void;
  /** Nothing stands before the logger any more; if it has levels of its own, it has this one. */
  close(level: string): void;
}
