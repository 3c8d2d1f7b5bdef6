export type SluiceErrorCode = 'invalid-options' | 'invalid-message' | 'unknown-message' | 'journal';

/**
 * What the SDK throws when it is told something that cannot be right, or cannot keep a promise, such as that of a
 * journal on a full disk. Evaluating never throws, and what goes wrong with the server is told by the client's status.
 */
export class SluiceError extends Error {
  readonly code: SluiceErrorCode;

  constructor(code: SluiceErrorCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'SluiceError';
    this.code = code;
  }
}
