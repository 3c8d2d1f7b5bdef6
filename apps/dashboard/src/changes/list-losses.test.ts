import { ApiError } from '@sluice/api-client';
import { expect, test } from 'vitest';
import { listLosses } from './list-losses.ts';

const refused = (errors: { path: string; message: string }[]) =>
  new ApiError({ type: 'about:blank', status: 409, code: 'conflict', title: 'later changes would be lost', errors });

test('of a refused revert the later changes are listed', () => {
  const errors = [
    { path: 'discardLater', message: 'version 9 of production, by Lena: turned on' },
    { path: 'discardLater', message: 'and earlier ones of production' },
  ];
  expect(listLosses(refused(errors))).toEqual([
    'Version 9 of production, by Lena: turned on',
    'And earlier ones of production',
  ]);
});

test('another refusal loses nothing', () => {
  expect(listLosses(refused([]))).toEqual([]);
  expect(listLosses(refused([{ path: 'expectedVersion', message: 'expected at most 3, got 4' }]))).toEqual([]);
  expect([listLosses(new Error('later changes would be lost')), listLosses(null)]).toEqual([[], []]);
});
