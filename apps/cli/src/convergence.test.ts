import type { ConvergenceView } from '@sluice/api-client';
import { describe, expect, test } from 'vitest';
import { exitCodeOf, printConvergence } from './convergence.ts';

const view: ConvergenceView = {
  change: 'c-1',
  environment: 'production',
  version: 7,
  outcome: 'converged',
  expected: 20_000,
  accepted: 20_000,
  partial: 0,
  refused: 0,
  pending: 0,
  stale: 0,
  polling: 0,
  offline: 0,
  gone: 0,
  late: { expected: 0, accepted: 0 },
  share: 1,
  elapsedMs: 60_000,
  reachedMs: { half: 100, most: 300, all: 412.4 },
  stragglers: [],
  refusals: [],
  foreign: { expected: 0, delivered: 0, inferred: 0 },
};

function print(shown: ConvergenceView): readonly string[] {
  const lines: string[] = [];
  printConvergence(shown, { print: (text) => void lines.push(...[text].flat()), width: 120 });
  return lines;
}

test.each([
  ['converged', 0],
  ['waiting', 3],
  ['refused', 4],
] as const)('%s ends with %i', (outcome, exitCode) => {
  expect(exitCodeOf({ ...view, outcome })).toBe(exitCode);
});

describe('how far a change has got', () => {
  test('is one line where all is well, with the time that it took', () => {
    expect(print(view)).toEqual(['20,000 of 20,000 instances run version 7 after 412 ms.']);
  });

  test('is told without times of a change that is too old', () => {
    const { elapsedMs: _, reachedMs: __, ...old } = view;
    expect(print(old)).toEqual(['20,000 of 20,000 instances run version 7.']);
  });

  test('is told with the time that has passed while some lack it', () => {
    expect(print({ ...view, accepted: 19_998, outcome: 'waiting' })).toEqual([
      '19,998 of 20,000 instances run version 7 after 60 s; 2 do not.',
    ]);
    expect(print({ ...view, accepted: 19_999, outcome: 'refused' })).toEqual([
      '19,999 of 20,000 instances run version 7 after 60 s; 1 does not, and will not: it was refused.',
    ]);
  });

  test('names refusals with some of those that refused', () => {
    const refusals = [
      { reason: 'no list', instances: 1234, examples: ['web-1', 'web-2', 'web-3'] },
      { reason: 'no JSON', instances: 1, examples: ['web-9'] },
    ];
    expect(print({ ...view, refusals }).slice(1)).toEqual([
      '  Refused by 1,234 (web-1, web-2, web-3, …): no list',
      '  Refused by 1 (web-9): no JSON',
    ]);
  });

  test('names twenty stragglers and counts the rest', () => {
    const stragglers = Array.from({ length: 100 }, (_, at) => ({
      instance: `web-${at}`,
      state: 'stale' as const,
      sdk: 'sluice-node/0.1.0',
      about: { region: 'eu-1', ...(at === 1 && { zone: 'eu-1a', service: 'shop' }) },
      heardMsAgo: 2600,
      ...(at === 0 && { version: 6, through: 'edge-1' }),
    }));
    const lines = print({ ...view, outcome: 'waiting', accepted: 15_000, stragglers });
    expect(lines).toHaveLength(1 + 1 + 20 + 1);
    expect(lines.slice(1, 4)).toEqual([
      'INSTANCE  STATE   RUNS  HEARD    WHERE',
      'web-0     behind  6     3 s ago  edge-1 eu-1',
      'web-1     behind  -     3 s ago  eu-1a shop',
    ]);
    expect(lines.at(-1)).toBe('… and 4,980 more; see: sluice fleet --state behind (or refused, partial, offline)');
  });
});
