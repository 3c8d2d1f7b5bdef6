export type EdgeErrorCode = 'invalid-settings';

/** The edge's one error class: it ends with these, and only when it starts. */
export class EdgeError extends Error {
  readonly code: EdgeErrorCode;

  constructor(code: EdgeErrorCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'EdgeError';
    this.code = code;
  }
}
