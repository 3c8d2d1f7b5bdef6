import type { ProblemView } from './views.ts';

/** The server answered with an error, or not at all (codes `unreachable` and `timed-out`). */
export class ApiError extends Error {
  /** 0 when there was no answer. */
  readonly status: number;
  readonly code: string;
  readonly errors: NonNullable<ProblemView['errors']>;
  readonly requestId: string | undefined;

  constructor({ status, code, title, errors = [], requestId }: ProblemView, cause?: unknown) {
    super(title, { cause });
    this.name = 'ApiError';
    this.status = status;
    this.code = code;
    this.errors = errors;
    this.requestId = requestId;
  }
}
