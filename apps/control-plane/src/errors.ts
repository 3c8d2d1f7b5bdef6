/** What can go wrong, and the HTTP status that says so. */
const statuses = {
  'invalid-request': 400,
  unauthorized: 401,
  'wrong-credentials': 401,
  forbidden: 403,
  'not-found': 404,
  'method-not-allowed': 405,
  'already-exists': 409,
  conflict: 409,
  'barrier-closed': 409,
  'too-large': 413,
  'unsupported-media-type': 415,
  'invalid-change': 422,
  'idempotency-key-reused': 422,
  'too-many-requests': 429,
  internal: 500,
  unavailable: 503,
  // Not answered to clients: the server logs these, or ends with them.
  'not-leader': 500,
  'data-in-use': 500,
  'data-damaged': 500,
  'invalid-settings': 500,
} as const;

export type ErrorCode = keyof typeof statuses;

/** One thing that is wrong with a request. */
export interface Fault {
  /** Where in the request: `instructions[0].rule.clauses[1].op`; empty for the whole. */
  readonly path: string;
  readonly message: string;
}

/** The control plane's one error class: a stable code, a sentence, and for requests what is wrong where. */
export class ServerError extends Error {
  readonly code: ErrorCode;
  readonly faults: readonly Fault[];
  /** When to come again, where that is known. */
  readonly retryAfterSeconds: number | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    options: {
      readonly cause?: unknown;
      readonly faults?: readonly Fault[];
      readonly retryAfterSeconds?: number;
    } = {},
  ) {
    super(message, { cause: options.cause });
    this.name = 'ServerError';
    this.code = code;
    this.faults = options.faults ?? [];
    this.retryAfterSeconds = options.retryAfterSeconds;
  }

  get status(): number {
    return statuses[this.code];
  }
}

/** What an error says; where several things failed, the first of them. */
export function describeError(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return describeError(error.errors[0]);
  return error instanceof Error ? error.message : String(error);
}

/** Somebody took the key before. */
export function alreadyExists(what: string, key: string): ServerError {
  const message = `there already is ${what} \`${key}\``;
  return new ServerError('already-exists', message, { faults: [{ path: 'key', message }] });
}

export function notFound(what: string, key: string): ServerError {
  return new ServerError('not-found', `there is no ${what} \`${key}\``);
}
