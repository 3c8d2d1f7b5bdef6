import { ApiError } from '@sluice/api-client';

/**
 * What a failure says of what was asked: `refused`, it is not to be had as it is; `not-now`, nothing was done, and
 * another time it may be; `unknown`, the server's answer did not come back, and it may have been done or not.
 */
export type Verdict = 'refused' | 'not-now' | 'unknown';

export function findVerdict(error: unknown): Verdict {
  // What is no answer of ours came from something in between, which cannot know.
  if (!(error instanceof ApiError) || error.status === 0 || error.code === 'not-sluice') return 'unknown';
  return error.status >= 500 || error.status === 429 || error.status === 408 ? 'not-now' : 'refused';
}
