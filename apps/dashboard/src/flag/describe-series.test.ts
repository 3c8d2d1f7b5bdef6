import { expect, test } from 'vitest';
import { describeSeries, listShares, nameOf } from './describe-series.ts';

const view = {
  flag: 'f',
  from: 0,
  to: 1,
  stepMs: 1,
  series: [
    { variation: 0, id: 'true', total: 300, counts: [300] },
    { variation: 1, id: 'false', name: 'No', total: 900, counts: [900] },
  ],
  changes: [],
};

test('a chart is one sentence', () => {
  expect(describeSeries(view, '24 hours')).toBe('1,200 evaluations in 24 hours: 25% true, 75% No');
  expect(describeSeries({ ...view, series: [] }, '7 days')).toBe('No evaluations in 7 days');
});

test('shares are of all evaluations', () => {
  expect(listShares(view).map(({ share }) => share)).toEqual([0.25, 0.75]);
});

test('what no variation of the flag is has a name too', () => {
  expect(nameOf({ total: 1, counts: [1] })).toBe('default in code');
  expect(nameOf({ variation: 9, total: 1, counts: [1] })).toBe('variation 9, gone since');
});
