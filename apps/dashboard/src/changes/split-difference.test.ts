import { expect, test } from 'vitest';
import { splitDifference } from './split-difference.ts';

test.each([
  ['value: 60 s → 120 s', { label: 'value', before: '60 s', after: '120 s' }],
  ['25% → 50% of users get `on`', { label: '', before: '25%', after: '50%', rest: 'of users get `on`' }],
  ['by default: `on` → `off`', { label: 'by default', before: '`on`', after: '`off`' }],
  [
    'rule `r` changed: always: `on` → always: `off`',
    { label: 'rule `r` changed', before: 'always: `on`', after: 'always: `off`' },
  ],
  ['turned on', { label: 'turned on' }],
  ['name: "a → b" → "c"', { label: 'name: "a → b" → "c"' }],
])('%s', (text, parts) => {
  expect(splitDifference(text)).toEqual(parts);
});
