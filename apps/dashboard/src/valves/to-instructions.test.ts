import { expect, test } from 'vitest';
import { createPart, toClauses } from './scope.ts';
import { toInstructions } from './to-instructions.ts';

const modes = ['normal', 'cached', 'off'].map((mode) => ({ mode }));
const when = toClauses([createPart('account', ['42'])]);
const wanted = { mode: 'cached', when, reason: 'slow', incident: '', expiresInMs: 60_000.4 };
const was = { rule: 'r-1', mode: 'cached', scope: '', when, since: 0, by: '', why: 'slow', until: 1, isOverdue: false };

test('a new trip says what there is to say, and no more', () => {
  expect(toInstructions(modes, wanted)).toEqual([
    { kind: 'trip', mode: 'cached', reason: 'slow', expiresInMs: 60_000, when },
  ]);
  expect(toInstructions(modes, { ...wanted, when: [], incident: 'INC-7' })).toEqual([
    { kind: 'trip', mode: 'cached', reason: 'slow', expiresInMs: 60_000, incident: 'INC-7' },
  ]);
});

test('a trip is renewed or made more severe in its place', () => {
  for (const mode of ['cached', 'off']) {
    expect(toInstructions(modes, { ...wanted, mode }, was).map(({ kind }) => kind)).toEqual(['trip']);
  }
});

test('a milder mode or another scope takes the old trip away', () => {
  const milder = toInstructions(modes, wanted, { ...was, mode: 'off' });
  expect(milder).toMatchObject([
    { kind: 'restore', id: 'r-1' },
    { kind: 'trip', mode: 'cached' },
  ]);
  expect(toInstructions(modes, { ...wanted, when: [] }, was).map(({ kind }) => kind)).toEqual(['restore', 'trip']);
});

test('a trip keeps its share and that it is exempt', () => {
  const share = { contextKind: 'account', weight: 10_000 };
  expect(toInstructions(modes, wanted, { ...was, share, exempt: true })).toMatchObject([{ share, exempt: true }]);
});
