import { expect, test } from 'vitest';
import { describeLines, toLines } from './to-lines.ts';

const latency = { failed: 0, p50Ms: 1, p95Ms: 12.4, p99Ms: 20 };
const modes = ['normal', 'cached'].map((mode) => ({ mode }));
const valve = {
  calls: [],
  accounts: [],
  routes: [],
  modes: [{ mode: 'cached', count: 1200, ...latency }],
  series: [
    { at: 60_000, mode: 'cached', count: 120, ...latency },
    { at: 120_000, mode: 'old-mode', count: 60, ...latency },
    { at: 180_000, mode: 'cached', count: 6, ...latency },
  ],
};

test('a line has every step but the one that is not over, in calls a second', () => {
  const { times, lines } = toLines({ from: 0, to: 190_000, stepMs: 60_000, valve }, modes);
  expect(times).toEqual([0, 60_000, 120_000]);
  expect(lines.map(({ name, values }) => [name, values])).toEqual([
    ['cached', [0, 2, 0]],
    ['old-mode', [0, 0, 1]],
  ]);
});

test('a chart has a sentence as its name', () => {
  expect(describeLines({ valve }, '3 hours')).toBe('Calls in 3 hours: 1,200 by cached, 95% within 13 ms');
  const fast = { ...valve, modes: [{ mode: 'cached', count: 2, ...latency, p95Ms: 0 }] };
  expect(describeLines({ valve: fast }, '3 hours')).toBe('Calls in 3 hours: 2 by cached, 95% within 1 ms');
  expect(describeLines({}, '3 hours')).toBe('No calls in 3 hours');
});
