import { describe, expect, test } from 'vitest';
import { describeCount, describeLack } from './describe-lack.ts';

const lack = { mode: 'cached', instances: 2, names: ['search-3', 'search-9'], builds: [] };

describe('of builds that lack a mode', () => {
  test('is said who runs them, and what they do in its place', () => {
    expect(describeLack({ ...lack, instead: 'off-404', builds: ['1.4.1', '1.4.0'] }, 31, 'normal')).toBe(
      '2 of 31 instances run a build without cached (1.4.1, 1.4.0): search-3, search-9. They do off-404 instead.',
    );
    expect(describeLack({ ...lack, instead: 'normal' }, 31, 'normal')).toBe(
      '2 of 31 instances run a build without cached: search-3, search-9. They go on with normal.',
    );
    expect(describeLack({ ...lack, instances: 1, names: ['search-3'] }, 31, 'normal')).toBe(
      '1 of 31 instances runs a build without cached: search-3. Its calls fail while it is served.',
    );
  });

  test('the first are named, and the others counted', () => {
    const names = Array.from({ length: 20 }, (_, at) => `web-${at}`);
    expect(describeLack({ ...lack, instances: 1200, names }, 1200, 'normal')).toContain(
      'All 1,200 instances run a build without cached: web-0, web-1, web-2, web-3, web-4 and 1,195 more.',
    );
    expect(describeLack({ ...lack, instances: 6, names: names.slice(0, 6) }, 7, 'normal')).toContain(
      'web-4 and 1 more.',
    );
  });
});

test('instances are counted as one would say it', () => {
  expect([describeCount(1, 1), describeCount(31, 31), describeCount(0, 31), describeCount(3, 1200)]).toEqual([
    'The only instance',
    'All 31 instances',
    '0 of 31 instances',
    '3 of 1,200 instances',
  ]);
});
