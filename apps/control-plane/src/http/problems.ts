import type { ErrorLog } from '@sluice/delivery';
import { discardRest } from '@sluice/delivery';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { findDatabaseTrouble } from '../database/database-gone.ts';
import { type ErrorCode, ServerError } from '../errors.ts';
import { shorten } from './unfit-values.ts';
import type { App } from './zod-routes.ts';

/** Bodies of the management API. */
export const bodyLimitBytes: number = 5 * 1024 * 1024;

/** A part of a path, escaped; keys have at most 256 characters. */
export const longestParam: number = 3 * 256;

/** Faults of the HTTP framework that are the client's: what they are called here, where they are, what was expected. */
const frameworkFaults: Readonly<
  Record<string, { readonly code: ErrorCode; readonly path: string; readonly expected: string }>
> = {
  FST_ERR_CTP_BODY_TOO_LARGE: { code: 'too-large', path: '', expected: `a body of at most ${bodyLimitBytes} bytes` },
  FST_ERR_CTP_INVALID_MEDIA_TYPE: {
    code: 'unsupported-media-type',
    path: 'Content-Type',
    expected: 'application/json',
  },
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: {
    code: 'invalid-request',
    path: 'Content-Length',
    expected: "the body's length",
  },
  FST_ERR_CTP_EMPTY_JSON_BODY: { code: 'invalid-request', path: '', expected: 'JSON' },
  FST_ERR_CTP_INVALID_JSON_BODY: { code: 'invalid-request', path: '', expected: 'JSON' },
  FST_ERR_MAX_PARAM_LENGTH: {
    code: 'not-found',
    path: 'url',
    expected: `at most ${longestParam} characters between two slashes of a path`,
  },
  FST_ERR_BAD_URL: { code: 'invalid-request', path: 'url', expected: 'a path with complete %-escapes' },
};

/** Answers every error as `application/problem+json`; what is not the client's fault says nothing of its cause. */
export function answerProblems(app: App, answerError: AnswerError): void {
  app.setErrorHandler(answerError);
  app.setNotFoundHandler((request, reply) =>
    sendProblem(
      request,
      reply,
      new ServerError('not-found', `there is no ${request.method} ${request.url.split('?')[0]}`),
    ),
  );
}

export type AnswerError = (
  error: FastifyError | ServerError,
  request: FastifyRequest,
  reply: FastifyReply,
) => FastifyReply;

/** What is not known is logged each time, under the request's id; that the database is gone once a second. */
export function createErrorAnswer(errors: ErrorLog): AnswerError {
  return (error, request, reply) => {
    const problem = error instanceof ServerError ? error : fromForeign(error, request);
    const { method, url, id: reqId } = request;
    if (problem.code === 'unavailable') errors.write(error, 'request failed', { reqId, method, url });
    else if (problem.status >= 500) request.log.error({ err: error, method, url }, 'request failed');
    if (!request.raw.complete) {
      discardRest(request.raw);
      // Fastify would have the connection closed before the client has read the answer.
      reply.removeHeader('connection');
    }
    return sendProblem(request, reply, problem);
  };
}

function sendProblem(
  request: FastifyRequest,
  reply: FastifyReply,
  { status, code, message, faults, retryAfterSeconds = status === 503 ? 2 : undefined }: ServerError,
): FastifyReply {
  if (retryAfterSeconds !== undefined) reply.header('retry-after', String(retryAfterSeconds));
  if (status === 401) reply.header('www-authenticate', 'Bearer');
  return reply
    .code(status)
    .type('application/problem+json; charset=utf-8')
    .serializer((body: unknown) => JSON.stringify(body))
    .send({
      type: 'about:blank',
      status,
      code,
      title: message,
      requestId: request.id,
      ...(faults.length > 0 && { errors: faults }),
    });
}

function fromForeign(error: FastifyError, request: FastifyRequest): ServerError {
  const cause = error;
  const known = Object.hasOwn(frameworkFaults, error.code) ? frameworkFaults[error.code] : undefined;
  if (known !== undefined) {
    const { code, path, expected } = known;
    const message = `expected ${expected}, got ${describeFound(error, request)}`;
    return new ServerError(code, message, { cause, faults: [{ path, message }] });
  }
  const trouble = findDatabaseTrouble(error);
  if (trouble !== undefined) return new ServerError('unavailable', trouble, { cause });
  return new ServerError('internal', 'something went wrong here; the log has the details under this request id', {
    cause,
  });
}

function describeFound({ code, message }: FastifyError, { headers, url }: FastifyRequest): string {
  switch (code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return headers['content-length'] ?? 'more';
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return headers['content-type'] ?? 'none';
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
      return headers['content-length'] ?? 'none';
    case 'FST_ERR_CTP_EMPTY_JSON_BODY':
      return 'nothing';
    case 'FST_ERR_MAX_PARAM_LENGTH':
    case 'FST_ERR_BAD_URL':
      return shorten(url);
    default:
      return `something else: ${message}`;
  }
}
