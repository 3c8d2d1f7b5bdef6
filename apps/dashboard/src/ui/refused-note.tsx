import type { ReactNode } from 'react';
import { ApiError } from '../api.ts';
import { describeForbidden } from '../session/describe-refusal.ts';
import { findVerdict } from './find-verdict.ts';

/** Why something that was asked for was not done; or that nobody knows whether it was. */
export function RefusedNote({ error }: { readonly error: unknown }): ReactNode {
  if (error === null || error === undefined) return null;
  const isUnknown = findVerdict(error) === 'unknown';
  return (
    <div role="alert" className="text-red-text">
      <b>{isUnknown ? 'It is not known whether this was applied.' : 'Nothing was applied.'}</b> {describeFailure(error)}
      {isUnknown && ' Look whether it was before you ask again.'}
      {error instanceof ApiError && error.errors.length > 1 && (
        <ul className="mt-1 list-disc pl-4">
          {error.errors.map(({ path, message }) => (
            <li key={`${path} ${message}`}>{message}</li>
          ))}
        </ul>
      )}
    </div>
  );
}

/** What went wrong, in a sentence. */
export function describeFailure(error: unknown): string {
  if (!(error instanceof ApiError)) return String(error);
  if (error.status === 403) return `${describeForbidden(error.message)}.`;
  const sentence = error.message.charAt(0).toUpperCase() + error.message.slice(1);
  if (error.status >= 500 && error.requestId !== undefined)
    return `${sentence}. The server's log has request ${error.requestId}.`;
  return `${sentence}.`;
}
