export type SluiceErrorCode = 'invalid-options';

/** What the SDK throws, and only when a client is created: everything later is told by its status. */
export class SluiceError extends Error {
  readonly code: SluiceErrorCode;

  constructor(code: SluiceErrorCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'SluiceError';
    this.code = code;
  }
}
