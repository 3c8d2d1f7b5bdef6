import type { Notice, Transfer } from '@sluice/protocol';

/** What a data source tells of what it gets. */
export interface SourceSink {
  /** New data. Resolves once it is in force, or refused because it is older than what the client has. */
  commit(transfer: Transfer): Promise<void>;
  /** The source confirmed that what the client has is current. */
  confirm(): void;
  /** Something failed; the source goes on trying. */
  fail(failure: SourceFailure): void;
  /** Word about the connection came with the data. */
  notice(notice: Notice): void;
  /** The source can carry text to the server from now on; undefined: not any more. */
  line(send: Send | undefined): void;
  /** What the client has, to resume from. */
  readonly state: string | undefined;
}

/** Sends text to the server; what cannot be sent is lost, and the loss of the line is told. */
export type Send = (text: string) => void;

export interface SourceFailure {
  /**
   * `refused`: data came and could not be used. `rejected`: the server does not accept our key or path. `unfit`: what
   * is between us and the server does not let this kind of connection through.
   */
  readonly kind: 'network' | 'status' | 'silent' | 'refused' | 'rejected' | 'unfit';
  readonly message: string;
  readonly status?: number;
}

/** Gets data until it is closed. */
export interface Source {
  start(): void;
  close(): void;
}

/** How servers answer where trying again is right: the rest says that we are wrong. */
export function isRecoverable(status: number): boolean {
  return status < 400 || status >= 500 || status === 400 || status === 408 || status === 429;
}

/** The server's wish in seconds, in milliseconds; undefined when it has none that we understand. */
export function parseRetryAfter(header: string | undefined): number | undefined {
  return header !== undefined && /^\d{1,6}$/.test(header) ? Number(header) * 1000 : undefined;
}
