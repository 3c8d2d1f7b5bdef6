import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { proveKills } from './kills.ts';

describe('a server on PostgreSQL that is killed while changes are made', () => {
  test('has every change that it acknowledged, without gaps, in an intact chain', async () => {
    const { acknowledged, violations } = await proveKills({ kills: 20, store: 'postgres' });
    expect(violations).toEqual([]);
    expect(acknowledged).toBeGreaterThan(50);
  }, 300_000);

  test('would be found out without transactions', async () => {
    const sabotage = join(import.meta.dirname, 'without-transactions-postgres.ts');
    const { violations } = await proveKills({ kills: 20, store: 'postgres', sabotage });
    expect(violations).not.toEqual([]);
  }, 300_000);
});
