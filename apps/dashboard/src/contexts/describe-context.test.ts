import { expect, test } from 'vitest';
import { describeAttributes, describeSample, listAttributes } from './describe-context.ts';

test('attributes are listed by path, and the key first', () => {
  const context = {
    kind: 'user',
    key: 'mara',
    attributes: { plan: 'pro', beta: true, address: { country: 'DE' }, tags: ['a'] },
  };
  expect(listAttributes(context)).toEqual([
    { path: 'key', value: 'mara' },
    { path: 'plan', value: 'pro' },
    { path: 'beta', value: 'true' },
    { path: 'address/country', value: 'DE' },
    { path: 'tags', value: '["a"]' },
  ]);
  expect(describeAttributes(context)).toBe('plan pro, beta true, address/country DE, tags ["a"]');
});

test('of several contexts at once each has its kind', () => {
  const attributes = { user: { key: 'mara', _meta: { redactedAttributes: ['email'] } }, account: { key: 'acme' } };
  expect(listAttributes({ kind: 'multi', key: 'account:acme:user:mara', attributes })).toEqual([
    { path: 'user/key', value: 'mara' },
    { path: 'account/key', value: 'acme' },
  ]);
});

test('says how far the sample stands for all', () => {
  expect(describeSample({ sampled: 20, seen: 20 })).toContain('All that were evaluated for');
  expect(describeSample({ sampled: 20_000, seen: 1_200_000 })).toContain('sample of about 1,200,000');
});
