/** What a worker and the program that started it say to each other, over Node's own channel between processes. */

/** How a worker is to run. */
export interface WorkerSettings {
  readonly host: string;
  /** 0: any free one, which the worker then tells. */
  readonly port: number;
  readonly tlsCert: string | undefined;
  readonly tlsKey: string | undefined;
  /** Where the program above listens for its workers. */
  readonly socketPath: string;
  /** What lets the worker in there. */
  readonly key: string;
}

export type ToWorker =
  | { readonly kind: 'start'; readonly settings: WorkerSettings }
  /** End all streams and then yourself. */
  | { readonly kind: 'drain' };

export type FromWorker =
  /** It serves SDKs at this port. */
  | { readonly kind: 'ready'; readonly port: number }
  /** It cannot serve, and ends. */
  | { readonly kind: 'failed'; readonly reason: string }
  | {
      readonly kind: 'log';
      readonly level: 'info' | 'warn' | 'error';
      readonly fields: Readonly<Record<string, unknown>>;
      readonly message: string;
    }
  | { readonly kind: 'counts'; readonly counts: WorkerCounts };

/** What a worker has, for metrics. */
export interface WorkerCounts {
  /** Open streams, by environment and then by protocol. */
  readonly streams: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Streams dropped because nobody read them, since the start. */
  readonly dropped: number;
  readonly residentBytes: number;
}
