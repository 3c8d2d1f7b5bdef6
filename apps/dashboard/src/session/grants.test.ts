import { expect, test } from 'vitest';
import { describeGrants } from './grants.ts';

test('grants are one sentence', () => {
  expect(describeGrants([{ role: 'admin' }])).toBe('administrator everywhere');
  expect(
    describeGrants([
      { role: 'editor', project: 'shop' },
      { role: 'viewer', project: 'shop', environment: 'production' },
    ]),
  ).toBe('editor in all of shop, viewer in shop / production');
  expect(describeGrants([])).toBe('nothing yet');
});
