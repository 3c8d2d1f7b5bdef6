import { describe, expect, test } from 'vitest';
import { findRoutes, sayBuilds, sayCount, sayLack } from './reach-words.ts';
import { createPart } from './scope.ts';

const lack = { mode: 'cached', instances: 2, names: ['search-3', 'search-9'], builds: [] };

describe('of builds that lack a mode', () => {
  test('is said who runs them, and what they do in its place', () => {
    expect(sayLack({ ...lack, instead: 'off-404', builds: ['1.4.1', '1.4.0'] }, 31, 'normal')).toBe(
      '2 of 31 instances run a build without cached (1.4.1, 1.4.0): search-3, search-9. They do off-404 instead.',
    );
    expect(sayLack({ ...lack, instead: 'normal' }, 31, 'normal')).toBe(
      '2 of 31 instances run a build without cached: search-3, search-9. They go on with normal.',
    );
    expect(sayLack({ ...lack, instances: 1, names: ['search-3'] }, 31, 'normal')).toBe(
      '1 of 31 instances runs a build without cached: search-3. Its calls fail while it is served.',
    );
  });

  test('the first are named, and the others counted', () => {
    const names = Array.from({ length: 20 }, (_, at) => `web-${at}`);
    expect(sayLack({ ...lack, instances: 1200, names }, 1200, 'normal')).toContain(
      'All 1,200 instances run a build without cached: web-0, web-1, web-2, web-3, web-4 and 1,195 more.',
    );
    expect(sayLack({ ...lack, instances: 6, names: names.slice(0, 6) }, 7, 'normal')).toContain('web-4 and 1 more.');
  });
});

test('instances are counted as one would say it', () => {
  expect([sayCount(1, 1), sayCount(31, 31), sayCount(0, 31), sayCount(3, 1200)]).toEqual([
    'The only instance',
    'All 31 instances',
    '0 of 31 instances',
    '3 of 1,200 instances',
  ]);
});

test('builds are said where instances tell them', () => {
  const builds = [4, 3, 2, 1].map((instances) => ({ build: `1.${instances}`, instances }));
  expect(sayBuilds({ builds })).toBe('1.4 on 4, 1.3 on 3, 1.2 on 2 and 1 more');
  expect(sayBuilds({ builds: builds.slice(0, 1) })).toBe('1.4 on 4');
  expect(sayBuilds({ builds: [] })).toBeUndefined();
});

test('of routes it is known which are concerned only where the scope names them, or is everyone', () => {
  const counted = [{ route: '/search' }, { route: '/items/:id' }];
  expect(findRoutes([], counted)).toEqual({ title: '2 routes', routes: ['/search', '/items/:id'] });
  expect(findRoutes([createPart('account', ['acme'])], counted).title).toBe('At most 2 routes');
  expect(findRoutes([createPart('account', ['acme']), createPart('route', ['/feed'])], counted)).toEqual({
    title: '1 route',
    routes: ['/feed'],
  });
  expect(findRoutes(undefined, counted).title).toBe('At most 2 routes');
  expect(findRoutes([], []).title).toBe('No route told');
  expect(
    findRoutes(
      [],
      Array.from({ length: 50 }, (_, at) => ({ route: `/${at}` })),
    ).title,
  ).toBe('50 or more routes');
});
