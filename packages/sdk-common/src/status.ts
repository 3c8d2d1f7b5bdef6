import type { RefusedObject } from '@sluice/protocol';

/** Where evaluations get their flags from, and whether that is current. */
export interface Status {
  readonly state: ClientState;
  /** Where the flags in use came from. */
  readonly origin: Origin;
  /** Of the payload in use: what the server resumes from. Undefined before there is one, or when the source has none. */
  readonly selector: string | undefined;
  /** Since when the state is what it is, in milliseconds since the epoch. */
  readonly since: number;
  /**
   * Objects whose newest form could not be used, so that the form before stays in force; and flags in force that the
   * application does not follow.
   */
  readonly refused: readonly RefusedObject[];
  /** The last thing that went wrong, even if all is well again. */
  readonly lastError: StatusError | undefined;
}

/**
 * `starting`: nothing yet, default values are served. `live`: current. `interrupted`: contact is lost, or only old
 * data was found; the last known values are served. `stopped`: closed.
 */
export type ClientState = 'starting' | 'live' | 'interrupted' | 'stopped';

export type Origin = 'none' | 'disk' | 'file' | 'test' | 'socket' | 'stream' | 'poll';

export interface StatusError {
  /** `refused`: data came, could not be used, and what was there before stays in use. */
  readonly kind: 'network' | 'status' | 'silent' | 'refused' | 'rejected' | 'unfit' | 'disk';
  readonly message: string;
  readonly at: number;
}
