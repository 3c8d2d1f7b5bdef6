/**
 * Thrown by a provider's `send` when it is certain that the message was not accepted: the provider answered so, or it
 * never left. Then the next provider is tried at once.
 */
export class NotAccepted extends Error {
  /** A message that nobody could take says nothing about how the provider is. */
  readonly blames: 'provider' | 'message';

  constructor(
    message: string,
    { blames = 'provider', cause }: { readonly blames?: 'provider' | 'message'; readonly cause?: unknown } = {},
  ) {
    super(message, { cause });
    this.name = 'NotAccepted';
    this.blames = blames;
  }
}

/** Calls of the system before there is a connection; later the same errors may come after the message has left. */
const connecting: readonly unknown[] = ['connect', 'getaddrinfo', 'queryA', 'queryAaaa'];

/** What ends a connection before anything is sent on it, and is told by the code alone. */
const definiteCodes: readonly unknown[] = [
  'UND_ERR_CONNECT_TIMEOUT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
];

/** Errors within errors are looked at so deep: fetch wraps what Node's sockets say, libraries wrap fetch. */
export const mostWraps = 5;

/** Whether an error says that the message cannot have been accepted. */
export function isDefinite(error: unknown, wraps = 0): boolean {
  if (error instanceof NotAccepted) return true;
  if (!(error instanceof Error) || wraps > mostWraps) return false;
  // All addresses of a name failed; if one may have accepted, the message may be accepted.
  if (error instanceof AggregateError && error.errors.length > 0) {
    return error.errors.every((each) => isDefinite(each, wraps + 1));
  }
  const { syscall, code } = error as { readonly syscall?: unknown; readonly code?: unknown };
  if (connecting.includes(syscall) || definiteCodes.includes(code)) return true;
  return error.cause !== undefined && isDefinite(error.cause, wraps + 1);
}

/**
 * What is wrong with an answer like that of fetch, which resolves also when the provider said no: 4xx and 503 are
 * definite. 409 is not, as APIs answer so while a message with the same key is on its way; nor are other 5xx and
 * redirects, which may come from behind whoever accepted it. Undefined: nothing, as with all other answers.
 */
export function findFailure(answer: unknown): Error | undefined {
  if (typeof answer !== 'object' || answer === null) return undefined;
  const { ok, status } = answer as { readonly ok?: unknown; readonly status?: unknown };
  if (ok !== false || typeof status !== 'number') return undefined;
  const isRefused = status === 503 || (status >= 400 && status < 500 && status !== 409);
  return isRefused ? new NotAccepted(`HTTP ${status}`) : new Error(`HTTP ${status}`);
}

/** Whether an error says that the provider is not well. */
export function blamesProvider(error: unknown): boolean {
  return !(error instanceof NotAccepted && error.blames === 'message');
}
