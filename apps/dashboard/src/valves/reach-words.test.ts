import { expect, test } from 'vitest';
import { findRoutes, sayBuilds } from './reach-words.ts';
import { createPart } from './scope.ts';

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
