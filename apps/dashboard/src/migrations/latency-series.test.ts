import { expect, test } from 'vitest';
import { listP99 } from './latency-series.ts';

test('both sides are at the same times, with a gap where there was no call', () => {
  const point = (at: number, side: 'old' | 'new', p99Ms: number, operation: 'read' | 'write' = 'read') => {
    return { at, side, operation, p99Ms, p50Ms: 1, p95Ms: 2, count: 1, failed: 0 };
  };
  const series = [point(20, 'old', 4), point(10, 'old', 3), point(20, 'new', 5), point(30, 'new', 9, 'write')];
  expect(listP99(series, 'read')).toEqual({ times: [10, 20], old: [3, 4], new: [null, 5] });
  expect(listP99(series, 'remove')).toEqual({ times: [], old: [], new: [] });
});
