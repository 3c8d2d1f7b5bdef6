import { expect, test } from 'vitest';
import { estimateCopy } from './backfill-words.ts';

const states = { todo: 0, running: 0, done: 0, verified: 0, dirty: 0 };

test('how long copying takes is told by the rows of the ranges that are copied', () => {
  const some = { ...states, todo: 5, running: 2, done: 2, verified: 2 };
  expect(estimateCopy({ states: some, rows: 5000, rowsPerSecond: 100 })).toBe(60_000);
});

test.each([
  ['nobody copies', { ...states, todo: 5, verified: 5 }, 0],
  ['hardly anything is copied', { ...states, todo: 50, verified: 2 }, 100],
  ['all is copied', { ...states, done: 50 }, 100],
])('nobody can tell where %s', (_, some, rowsPerSecond) => {
  expect(estimateCopy({ states: some, rows: 5000, rowsPerSecond })).toBeUndefined();
});
