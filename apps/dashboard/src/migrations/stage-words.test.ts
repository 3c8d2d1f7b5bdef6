import { stages } from '@sluice/engine';
import { describe, expect, test } from 'vitest';
import { describeReturn, describeTruth, findCrossing, laneOf, listReturnTargets } from './stage-words.ts';

const clean = { depth: 0, dirty: [] };

describe('the way back', () => {
  test('is there in every stage but the first and the last', () => {
    expect(stages.map((stage) => listReturnTargets([stage])[0])).toEqual([
      undefined,
      'off',
      'dualwrite',
      'shadow',
      'shadow',
      undefined,
    ]);
    expect(listReturnTargets(['shadow', 'live'])).toEqual(['shadow', 'dualwrite']);
    expect(listReturnTargets(['rampdown', 'complete'])).toEqual([]);
  });

  test('loses nothing where the old store answers anyway', () => {
    expect(describeReturn('dualwrite', { inForce: ['shadow'], repairs: { depth: 12, dirty: ['web-1'] } })).toEqual([
      'Writes keep going to both, 0 records lost.',
      'The old store answers, as now. Comparing stops.',
    ]);
  });

  test('says what the old store does not have yet where it is to answer again', () => {
    const from = (repairs: { depth: number; dirty: string[] } | undefined) =>
      describeReturn('shadow', { inForce: ['shadow', 'live'], repairs })[0];
    expect(from(clean)).toBe('Writes keep going to both, 0 records lost.');
    expect(from({ depth: 1, dirty: [] })).toMatch('1 record is older in the old store until it is repaired');
    expect(from({ depth: 12, dirty: [] })).toMatch('12 records are older in the old store');
    expect(from({ depth: 0, dirty: ['web-1'] })).toMatch('may lack records that web-1 could not keep');
    expect(from(undefined)).toBe('Writes keep going to both.');
  });

  test('to off says what the new store will lack', () => {
    expect(describeReturn('off', { inForce: ['dualwrite'], repairs: clean })[1]).toMatch(
      'lacks what comes from now on',
    );
  });

  test('from rampdown to live compares again', () => {
    expect(describeReturn('live', { inForce: ['rampdown'], repairs: clean })[1]).toBe(
      'The new store answers, as now. Comparing begins.',
    );
  });
});

test('truth moves between shadow and live, and the old store is unused from complete on', () => {
  expect(stages.map((stage) => laneOf('old', stage))).toEqual([
    ...['true', 'true', 'true'],
    ...['in step', 'in step', 'unused'],
  ]);
  expect(stages.map((stage) => laneOf('new', stage))).toEqual([
    ...['unused', 'in step', 'in step'],
    ...['true', 'true', 'true'],
  ]);
  expect(describeTruth(['shadow'])).toBe('The old store is true');
  expect(describeTruth(['shadow', 'live'])).toBe('Either store is true, by record');
});

test('what is looked at next lies before the first stage that no record is in', () => {
  expect(
    [['off'], ['shadow'], ['shadow', 'live'], ['rampdown'], ['complete']].map((at) => findCrossing(at as [])),
  ).toEqual(['live', 'live', 'rampdown', 'complete', undefined]);
});
