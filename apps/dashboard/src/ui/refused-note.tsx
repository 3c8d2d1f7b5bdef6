import type { ReactNode } from 'react';
import { ApiError } from '../api.ts';
import { describeForbidden } from '../session/describe-refusal.ts';

/** Why something that was asked for was not done; nothing was. */
export function RefusedNote({ error }: { readonly error: unknown }): ReactNode {
  if (error === null || error === undefined) return null;
  return (
    <div role="alert" className="text-red-text">
      <b>Nothing was applied.</b> {describe(error)}
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

function describe(error: unknown): string {
  if (!(error instanceof ApiError)) return String(error);
  if (error.status === 403) return `${describeForbidden(error.message)}.`;
  const sentence = error.message.charAt(0).toUpperCase() + error.message.slice(1);
  if (error.status >= 500 && error.requestId !== undefined)
    return `${sentence}. The server's log has request ${error.requestId}.`;
  return `${sentence}.`;
}
