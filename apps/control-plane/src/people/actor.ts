import type { Grant } from '@sluice/authoring';

/** Who makes a request: a token, or a person who is logged in. */
export interface Actor {
  readonly id: string;
  readonly name: string;
  readonly grants: readonly Grant[];
  /** Absent: it is a token. */
  readonly person?: LoggedIn;
}

export interface LoggedIn {
  readonly email: string;
  readonly hasTotp: boolean;
  readonly sessionId: string;
  /** What pages send with every write. */
  readonly csrfToken: string;
}
