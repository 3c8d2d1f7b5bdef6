import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type ProvidersProofOptions, type ProvidersReport, policies, proveProviders } from './providers.ts';

describe('senders that are killed, with providers that fail in every way', () => {
  test.each(policies)(
    'lose no message, and double none unless they may: %s',
    async (policy) => {
      const { kills, sent, unknown, violations, duplicates } = await proveProviders({ policy, messages: 500 });
      expect(violations).toEqual([]);
      expect(kills).toBeGreaterThan(0);
      expect(sent).toBeGreaterThan(125);
      // The faults were met, and the policy decided about them.
      if (policy === 'never') expect(unknown).toBeGreaterThan(5);
      else expect(unknown).toBe(0);
      if (policy === 'allow-duplicate') expect(duplicates).toBeGreaterThan(2);
      else expect(duplicates).toBe(0);
    },
    240_000,
  );

  test('would be found out if messages left before the journal is on disk', async () => {
    const sabotage = join(import.meta.dirname, 'without-flush.ts');
    // Missing, sent twice, or not as the program was told: that depends on when it is killed.
    expect(await findBroken({ sabotage, messages: 250 }, ({ violations }) => violations.length)).toBeGreaterThan(0);
  }, 240_000);

  test('would be found out if two could begin the same message', async () => {
    const sabotage = join(import.meta.dirname, 'without-claims.ts');
    expect(await findBroken({ sabotage, messages: 100 }, ({ duplicates }) => duplicates)).toBeGreaterThan(0);
  }, 240_000);
});

const mostRounds = 20;

/** Whether two meet, or a kill hits, is chance: again until something is found, or often enough to believe there is nothing. */
async function findBroken(
  options: Pick<ProvidersProofOptions, 'sabotage' | 'messages'>,
  count: (report: ProvidersReport) => number,
): Promise<number> {
  for (let round = 1; round <= mostRounds; round++) {
    const found = count(await proveProviders({ policy: 'never', ...options, seed: round }));
    if (found > 0) return found;
  }
  return 0;
}
