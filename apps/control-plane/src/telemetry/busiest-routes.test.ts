import { SubjectTally } from '@sluice/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BusiestRoutes } from './busiest-routes.ts';

function countOf(tally: SubjectTally): number {
  return [...tally.list()].reduce((sum, [, , , durations]) => sum + durations.count, 0);
}

test('tells the 500 routes with the most requests, and loses no request of others', () => {
  const counts = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 1600 });
  fc.assert(
    fc.property(counts, (given) => {
      const routes = new BusiestRoutes();
      for (const [at, count] of given.entries()) {
        // What comes in several parts counts as a whole.
        for (let part = 0; part < count; part++) {
          const tally = new SubjectTally('route', at === 3 ? 'other' : `/${at}`);
          tally.count('GET', 'ok', '', 1);
          routes.add(tally);
        }
      }
      const told = routes.list().map((tally) => [tally.key, countOf(tally)] as const);
      const busiest = given.filter((_, at) => at !== 3).sort((one, other) => other - one);
      const named = told.filter(([key]) => key !== 'other');
      expect(named.map(([, count]) => count)).toEqual(busiest.slice(0, 500));
      expect(named.every(([key, count]) => given[Number(key.slice(1))] === count)).toBe(true);
      const sum = (all: readonly number[]): number => all.reduce((one, other) => one + other, 0);
      expect(sum(told.map(([, count]) => count))).toBe(sum(given));
    }),
    { numRuns: 30 },
  );
});
