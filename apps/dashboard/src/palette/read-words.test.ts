import { expect, test } from 'vitest';
import { readWords, searchFor } from './read-words.ts';

test.each([
  ['kill rec', ['trip', 'turn-off', 'restore'], 'rec'],
  ['kill switch', undefined, 'kind:valve'],
  ['killer-feature', undefined, 'killer-feature'],
  ['rollback', ['revert', 'restore'], ''],
  ['roll back the last change', ['revert', 'restore'], ''],
  ['Turn off Checkout', ['turn-off', 'trip'], 'Checkout'],
  ['turn off', ['turn-off', 'trip'], ''],
  ['toggle banner', ['turn-off', 'turn-on', 'trip', 'restore'], 'banner'],
  ['new toggle', ['new-flag'], ''],
  ['new-checkout', undefined, 'new-checkout'],
  ['switch to staging', ['switch'], 'staging'],
  ['only-here', undefined, 'only-here'],
  ['offers', undefined, 'offers'],
  ['  ', undefined, ''],
])('%s', (text, acts, rest) => {
  expect(readWords(text)).toEqual({ acts, rest });
});

test('a verb alone looks for what it can be done to', () => {
  expect(searchFor(readWords('restore'))).toBe('state:tripped');
  expect(searchFor(readWords('kill'))).toBe('kind:valve');
  expect(searchFor(readWords('turn off banner'))).toBe('banner');
  expect(searchFor(readWords('revert'))).toBe('');
});
