import { describe, expect, test } from 'vitest';
import { listGates, type Measured } from './gates.ts';

const now = 1_000_000;

function measure(more: Partial<Measured> = {}): Measured {
  const before = ['live'] as const;
  return {
    version: 12,
    ready: 3,
    waitsFor: [],
    checks: [
      { name: 'backfill', before: [...before], isPassed: true, text: '' },
      { name: 'repairs', before: ['live', 'rampdown', 'complete'], isPassed: true, text: '' },
      { name: 'comparisons', before: [...before], isPassed: true, text: '' },
    ],
    backfill: { ranges: 4, verified: 4 },
    repairs: { depth: 0, oldestMs: 0, instances: [], queues: [], dirty: [] },
    comparisons: { since: 0, compared: 3000, persistent: 0, atMost: 0, enough: 2995 },
    ...more,
  };
}

function open(measured: Measured, name: string): Measured {
  const checks = measured.checks.map((check) => ({ ...check, isPassed: check.isPassed && check.name !== name }));
  return { ...measured, checks };
}

const first = (measured: Measured) => listGates(measured, 'live', { now })[0];

describe('gates', () => {
  test('before each stage are those that are looked at there', () => {
    const names = (before: 'live' | 'rampdown' | 'complete') =>
      listGates(measure(), before, { now }).map(({ name }) => name);
    expect(names('live')).toEqual(['instances', 'backfill', 'repairs', 'comparisons']);
    expect(names('rampdown')).toEqual(['repairs']);
    expect(names('complete')).toEqual(['instances', 'repairs']);
  });

  test('say nothing is missing where they are met', () => {
    expect(listGates(measure(), 'live', { now }).map(({ missing }) => missing)).toEqual(Array(4).fill(undefined));
  });

  test('that are open come first, with what is missing at the present rate', () => {
    const measured = open(
      measure({ comparisons: { since: now - 10_000, compared: 995, persistent: 0, atMost: 0.1, enough: 2995 } }),
      'comparisons',
    );
    expect(first(measured)).toMatchObject({
      name: 'comparisons',
      isMet: false,
      value: '0 of 995',
      missing: '2,000 more clean compares, about 20 s at this rate',
    });
  });

  test('know no time where nothing was compared', () => {
    const comparisons = { since: 0, compared: 0, persistent: 0, atMost: 1, enough: 2995 };
    expect(first(open(measure({ comparisons }), 'comparisons'))?.missing).toBe('2,995 more clean compares');
  });

  test('name the first instances that are waited for', () => {
    const waitsFor = ['a', 'b', 'c', 'd', 'e'].map((instance) => ({ instance, reason: 'runs version 11' }));
    expect(first(measure({ waitsFor }))).toMatchObject({
      name: 'instances',
      value: '3 of 8',
      missing: 'a runs version 11; b runs version 11; c runs version 11; 2 more',
    });
  });

  test('tell a backfill that has not begun from one that runs', () => {
    const at = (backfill: Measured['backfill'], backfillEtaMs?: number) =>
      listGates(open(measure({ backfill }), 'backfill'), 'live', { now, backfillEtaMs })[0];
    expect(at({ ranges: 0, verified: 0 })?.value).toBe('not begun');
    expect(at({ ranges: 4, verified: 3 })?.missing).toBe('1 range to go');
    expect(at({ ranges: 2400, verified: 2183 }, 300_000)?.missing).toBe(
      '217 ranges to go, about 5 min until all is copied',
    );
  });
});
