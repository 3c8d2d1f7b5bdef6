import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { proveKills } from './kills.ts';

describe('a server that is killed while changes are made', () => {
  test('has every change that it acknowledged, without gaps, in an intact chain', async () => {
    const { acknowledged, violations } = await proveKills({ kills: 50 });
    expect(violations).toEqual([]);
    expect(acknowledged).toBeGreaterThan(100);
  }, 300_000);

  test('would be found out without transactions', async () => {
    const sabotage = join(import.meta.dirname, 'without-transactions.ts');
    const { violations } = await proveKills({ kills: 50, sabotage });
    expect(violations).not.toEqual([]);
    expect(violations.join()).not.toContain('synchronous');
  }, 300_000);

  test('would be found out if what it acknowledges were not on disk', async () => {
    const sabotage = join(import.meta.dirname, 'without-synchronous.ts');
    const { violations } = await proveKills({ kills: 50, sabotage });
    expect(violations).toEqual([expect.stringContaining('expected {"synchronous":2}, got {"synchronous":1}')]);
  }, 300_000);
});
