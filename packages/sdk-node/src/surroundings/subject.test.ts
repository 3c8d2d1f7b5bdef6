import type { GivenContext, Surroundings } from '@sluice/sdk-common';
import { expect, test } from 'vitest';
import { findSubject } from './subject.ts';

const acme = { kind: 'account', key: 'acme' };
const request = { kind: 'request', key: 'r-1', route: '/items/:id' };
const both = { kind: 'multi', account: { key: 'other' }, request: { key: 'r-2', route: '/other' } } as const;

test.each<[string, GivenContext, Surroundings, (string | undefined)[]]>([
  ['nobody', undefined, { context: undefined, ambient: [] }, [undefined, undefined]],
  ['whom the surroundings are about', undefined, { context: acme, ambient: [request] }, ['acme', '/items/:id']],
  ['whom was given', both, { context: acme, ambient: [request, acme] }, ['other', '/other']],
  // As evaluations do, kind by kind.
  [
    'whom was given and the rest',
    { kind: 'user', key: 'ann' },
    { context: acme, ambient: [request, acme] },
    ['acme', '/items/:id'],
  ],
  ['a user of the old model', { key: 'ann' }, { context: acme, ambient: [request] }, [undefined, '/items/:id']],
  ['a key that is none', { kind: 'account', key: 7 as never }, { context: acme, ambient: [] }, [undefined, undefined]],
  ['what is no context', null as never, { context: undefined, ambient: [request] }, [undefined, '/items/:id']],
])('a call is for what its evaluation sees: %s', (_, given, around, [account, route]) => {
  expect(findSubject(given, around)).toEqual({ account, route });
});
