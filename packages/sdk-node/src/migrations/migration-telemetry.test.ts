import type { EncodedWindow } from '@sluice/protocol';
import { Telemetry } from '@sluice/sdk-common';
import { FakeClock } from '@sluice/testkit';
import { expect, test } from 'vitest';
import { countMigrations } from './migration-telemetry.ts';
import type { ObservedComparison, ObservedStoreCall } from './observed.ts';

async function count(observed: readonly (ObservedStoreCall | ObservedComparison)[]) {
  const windows: EncodedWindow[] = [];
  const send = async (_sequence: number, _agoMs: number, window: EncodedWindow): Promise<boolean> => {
    windows.push(window);
    return true;
  };
  const telemetry = new Telemetry(send, new FakeClock(), () => 5000);
  for (const each of observed) countMigrations(telemetry)(each);
  await telemetry.close();
  return windows.flatMap(({ subjects }) => subjects);
}

const of = { migration: 'orders', stage: 'live', cohort: 'gold' } as const;

test('calls that were late count as failed, stale ones as answered, and those that the caller gave up not at all', async () => {
  const call = { ...of, kind: 'call', operation: 'write', side: 'old', role: 'other', durationMs: 0 } as const;
  const outcomes = ['ok', 'stale', 'failed', 'late', 'aborted'] as const;
  expect(await count(outcomes.map((outcome) => ({ ...call, outcome })))).toEqual([
    {
      kind: 'migration',
      key: 'orders',
      cells: [
        ['gold', 'live', 'write old ok', [0, 2]],
        ['gold', 'live', 'write old failed', [0, 2]],
      ],
    },
  ]);
});

test('comparisons count by what became of them, and once more where something was ignored', async () => {
  const comparison = { ...of, kind: 'comparison', differences: [] } as const;
  expect(
    await count([
      { ...comparison, outcome: 'equal', ignored: 3 },
      {
        ...comparison,
        outcome: 'persistent',
        ignored: 0,
        differences: [{ path: 'total', old: '9', new: undefined }],
        record: 'a',
        versions: { old: '3', new: undefined },
      },
    ]),
  ).toMatchObject([
    {
      cells: [
        ['gold', 'live', 'equal', [0, 1]],
        ['gold', 'live', 'ignored', [0, 1]],
        ['gold', 'live', 'persistent', [0, 1]],
      ],
      mismatches: [
        {
          record: 'a',
          stage: 'live',
          cohort: 'gold',
          versions: { old: '3' },
          differences: [{ path: 'total', old: '9' }],
        },
      ],
    },
  ]);
});
