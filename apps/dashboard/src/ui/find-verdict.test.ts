import { ApiError } from '@sluice/api-client';
import { expect, test } from 'vitest';
import { findVerdict, type Verdict } from './find-verdict.ts';

test.each<[number, string, Verdict]>([
  [400, 'invalid-change', 'refused'],
  [403, 'forbidden', 'refused'],
  [409, 'conflict', 'refused'],
  [429, 'too-many-requests', 'not-now'],
  [500, 'internal', 'not-now'],
  [503, 'unavailable', 'not-now'],
  [0, 'timed-out', 'unknown'],
  [0, 'unreachable', 'unknown'],
  // A proxy between, and a 200 that was cut off.
  [502, 'not-sluice', 'unknown'],
  [200, 'not-sluice', 'unknown'],
])('%i %s: what was asked for is %s', (status, code, verdict) => {
  expect(findVerdict(new ApiError({ type: 'about:blank', status, code, title: 'no' }))).toBe(verdict);
});
