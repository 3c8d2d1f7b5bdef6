import { expect, test } from 'vitest';
import { readFilter, withFilter } from './filter-text.ts';

test('a filter is read from among words', () => {
  expect(readFilter('cart kind:valve owner:"Jonas Weber"', 'kind')).toBe('valve');
  expect(readFilter('cart kind:valve owner:"Jonas Weber"', 'owner')).toBe('Jonas Weber');
  expect(readFilter('mankind:valve', 'kind')).toBeUndefined();
});

test('a filter is put in the place of another of its name, or taken out', () => {
  expect(withFilter('cart kind:valve', 'kind', 'config')).toBe('cart kind:config');
  expect(withFilter('', 'owner', 'Jonas Weber')).toBe('owner:"Jonas Weber"');
  expect(withFilter('kind:valve cart', 'kind', undefined)).toBe('cart');
});
