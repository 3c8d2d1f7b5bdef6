import { expect, test } from 'vitest';
import { describeCalls, describeLately, formatRate } from './rate.ts';

const trip = {
  rule: 'r',
  mode: 'cached',
  scope: 'everyone',
  when: [],
  since: 0,
  by: 'Mara',
  why: 'slow',
  until: 1,
  isOverdue: false,
};

test('a rate has the unit that reads best', () => {
  expect([0, 0.001, 0.2, 2.34, 64.2, 1840].map((rate) => formatRate(rate))).toEqual([
    'no calls',
    '1 a minute',
    '12 a minute',
    '2.3/s',
    '64/s',
    '1,840/s',
  ]);
  expect([3120, 0.2].map((rate) => formatRate(rate, true))).toEqual(['3.1k/s', '12/min']);
});

test('the share that trips serve is said, not that of other modes', () => {
  const modes = [
    { mode: 'cached', share: 0.97 },
    { mode: 'normal', share: 0.03 },
  ];
  expect(describeLately({ lately: { perSecond: 1840, modes, accounts: [] }, trips: [trip] })).toBe(
    '1,840/s, 97% cached',
  );
  expect(describeLately({ lately: { perSecond: 1840, modes, accounts: [] }, trips: [] })).toBe('1,840/s');
  expect(describeLately({ lately: { perSecond: 0, modes: [], accounts: [] }, trips: [trip] })).toBe(
    'no calls in 5 min',
  );
});

test('calls are told by cause, those that there were', () => {
  const calls = { from: 0, stepMs: 1, normal: [1000, 500], trip: [0, 2], breaker: [0, 0], error: [1, 0] };
  expect(describeCalls({ calls })).toBe('Calls in 3 hours by cause: 1,500 normal, 2 trip, 1 error');
  expect(describeCalls({ calls: { ...calls, normal: [], trip: [], error: [] } })).toBe('No calls in 3 hours');
});
