import { ApiError } from '@sluice/api-client';

/** What a refused revert says would be lost, a sentence for each later change; empty: it was refused for something else. */
export function listLosses(error: unknown): readonly string[] {
  if (!(error instanceof ApiError)) return [];
  return error.errors
    .filter(({ path }) => path === 'discardLater')
    .map(({ message }) => `${message.charAt(0).toUpperCase()}${message.slice(1)}`);
}
