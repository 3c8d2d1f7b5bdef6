import type { BarrierView } from '@sluice/api-client';
import { describe, expect, test } from 'vitest';
import { listObstacles, listTurned } from './obstacles.ts';

function barrier(into: BarrierView['into'], isPassed: boolean, instances: readonly string[] = []): BarrierView {
  return {
    ...{ flag: 'orders', into, isOpen: isPassed, version: 3, ready: 0, overruled: [] },
    waitsFor: instances.map((instance) => ({ instance, sdk: 'sluice', isForeign: false, reason: 'runs version 2' })),
    checks: [
      { name: 'backfill', before: ['live'], isPassed: true, text: '4 of 4' },
      { name: 'repairs', before: ['live'], isPassed, text: 'waits' },
    ],
  };
}

describe('what stands before a change', () => {
  test('is told once, what is open first', () => {
    const found = listObstacles([barrier('live', false, ['web-1']), barrier('rampdown', false, ['web-1'])]);
    expect(found.map(({ name, isMet }) => [name, isMet])).toEqual([
      ['web-1', false],
      ['repairs', false],
      ['backfill', true],
    ]);
  });

  test('is nothing where there is no barrier', () => {
    expect(listObstacles([])).toEqual([]);
  });

  test('is told to be met, or open again, while somebody looks at it', () => {
    const [closed, open] = [listObstacles([barrier('live', false)]), listObstacles([barrier('live', true, ['web-2'])])];
    expect(listTurned(closed, open)).toEqual({ opened: ['web-2'], met: ['repairs'] });
    expect(listTurned(closed, closed)).toEqual({ opened: [], met: [] });
  });
});
