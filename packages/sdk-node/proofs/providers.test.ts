import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { policies, proveProviders } from './providers.ts';

describe('senders that are killed, with providers that fail in every way', () => {
  test.each(policies)(
    'lose no message, and double none unless they may: %s',
    async (policy) => {
      const { kills, sent, unknown, violations, duplicates } = await proveProviders({ policy, messages: 1000 });
      expect(violations).toEqual([]);
      expect(kills).toBeGreaterThan(0);
      expect(sent).toBeGreaterThan(250);
      // The faults were met, and the policy decided about them.
      if (policy === 'never') expect(unknown).toBeGreaterThan(10);
      else expect(unknown).toBe(0);
      if (policy === 'allow-duplicate') expect(duplicates).toBeGreaterThan(5);
      else expect(duplicates).toBe(0);
    },
    240_000,
  );

  test('would be found out if messages left before the journal is on disk', async () => {
    const sabotage = join(import.meta.dirname, 'without-flush.ts');
    const { violations } = await proveProviders({ policy: 'never', messages: 1000, sabotage });
    // Missing, sent twice, or not as the program was told: that depends on when it is killed.
    expect(violations).not.toEqual([]);
  }, 240_000);

  test('would be found out if two could begin the same message', async () => {
    const sabotage = join(import.meta.dirname, 'without-claims.ts');
    const { duplicates } = await proveProviders({ policy: 'never', messages: 500, sabotage });
    expect(duplicates).toBeGreaterThan(0);
  }, 240_000);
});
