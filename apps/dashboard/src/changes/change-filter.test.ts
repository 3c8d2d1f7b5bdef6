import { expect, test } from 'vitest';
import { readChangeFilter } from './change-filter.ts';

test.each([
  [{}, {}],
  [{ who: 'Jonas Weber' }, { actor: 'Jonas Weber' }],
  [{ what: 'valve' }, { kind: 'valve' }],
  [{ what: 'segment' }, { kind: 'segment' }],
  [{ what: 'flag:new-checkout' }, { flag: 'new-checkout' }],
  [{ what: 'segment:beta' }, { segment: 'beta' }],
  [{ what: 'nonsense', when: 'soon' }, {}],
  [
    { q: 'INC-4127', when: '1h' },
    { comment: 'INC-4127', since: 10_000_000 - 3_600_000 },
  ],
])('the address %o asks for %o', (search, query) => {
  expect(readChangeFilter(search, 10_000_000)).toEqual(query);
});
