import { describe, expect, test } from 'vitest';
import type { BackfillProgress } from './progress.ts';
import { progressBar } from './progress-bar.ts';

const progress: BackfillProgress = {
  ...{ rows: 12_000, inserted: 12_000, equal: 0, skippedNewer: 0, failed: 0, repaired: 0 },
  ...{ ranges: 10, copied: 4, verified: 3, share: 0.4, workers: 2, rowsPerSecond: 812.3, etaMs: 37_000 },
  reason: undefined,
};

function watch(terminal: { readonly isTTY?: boolean; readonly columns?: number }) {
  const written: string[] = [];
  const show = progressBar({ ...terminal, write: (text) => written.push(text) });
  return { show, written };
}

describe('a backfill', () => {
  test('is one line of a terminal, which is written anew and never longer than that', () => {
    const { show, written } = watch({ isTTY: true, columns: 200 });
    show(progress);
    show({ ...progress, reason: 'the rate is 0', etaMs: undefined });
    const start = '\r\u001B[2K[########------------] 40% copied, 3 of 10 ranges verified, 12,000 rows here, 812 rows/s';
    expect(written).toEqual([`${start}, 37 s left`, `${start}, slowed down: the rate is 0`]);
    const narrow = watch({ isTTY: true, columns: 40 });
    narrow.show(progress);
    expect(narrow.written.join().replace('\r\u001B[2K', '')).toHaveLength(39);
  });

  test('is a plain line now and then where there is no terminal, and one at the end', () => {
    const { show, written } = watch({});
    for (let second = 0; second < 15; second++) show(progress);
    show({ ...progress, copied: 10, verified: 10, share: 1, etaMs: 7_300_000 });
    expect(written).toEqual([
      ...Array(2).fill('40% copied, 3 of 10 ranges verified, 12,000 rows here, 812 rows/s, 37 s left\n'),
      '100% copied, 10 of 10 ranges verified, 12,000 rows here, 812 rows/s\n',
    ]);
  });

  test('has its time told in units that people use', () => {
    const { show, written } = watch({ isTTY: true, columns: 200 });
    for (const etaMs of [119_000, 600_001, 7_300_000]) show({ ...progress, etaMs });
    expect(written.map((line) => line.split(', ').at(-1))).toEqual(['119 s left', '11 min left', '2.0 h left']);
  });
});
