import type { RefusedObject } from '@sluice/protocol';
import { expect, test } from 'vitest';
import { Refusals } from './refusals.ts';

function create(): { refusals: Refusals; told: (readonly RefusedObject[])[] } {
  const told: (readonly RefusedObject[])[] = [];
  const refusals: Refusals = new Refusals(() => void told.push(refusals.all));
  return { refusals, told };
}

test('what is refused is told with its version and reason until it is accepted', () => {
  const { refusals, told } = create();
  refusals.refuse('search', 4, 'mode "cached" is not in this build');
  refusals.refuse('cache.ttl', 5, '0 is below 1');
  refusals.accept('search');
  const search = { kind: 'flag', key: 'search', version: 4, reason: 'mode "cached" is not in this build' };
  const ttl = { kind: 'flag', key: 'cache.ttl', version: 5, reason: '0 is below 1' };
  expect(told).toEqual([[search], [search, ttl], [ttl]]);
});

test('a later form that is refused takes the place of the one before', () => {
  const { refusals } = create();
  refusals.refuse('search', 4, 'because');
  refusals.refuse('search', 5, 'because');
  expect(refusals.all).toMatchObject([{ version: 5 }]);
});

test('another reason is told, and what is known already is not told again', () => {
  const { refusals, told } = create();
  refusals.refuse('search', 4, 'because');
  refusals.refuse('search', 4, 'because');
  refusals.refuse('search', 4, 'for another reason');
  refusals.accept('other');
  expect(told.map(([object]) => object?.reason)).toEqual(['because', 'for another reason']);
});
