import { breakSomewhere } from '@sluice/testkit';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { findProviderOrderProblem, parseProviderOrder } from './provider-order.ts';

const active = (name: string, more: object = {}) => ({ name, state: 'active', ...more });
const standby = (name: string, more: object = {}) => ({ name, state: 'standby', ...more });
const of = (...providers: readonly object[]) => ({ providers, ambiguous: 'never' });

describe("a provider set's value", () => {
  test('is read with what it leaves out', () => {
    expect(parseProviderOrder(of(active('a', { maxPerSecond: 0.5 }), standby('b', { share: null })))).toEqual({
      providers: [
        { name: 'a', state: 'active', maxPerSecond: 0.5 },
        { name: 'b', state: 'standby' },
      ],
      ambiguous: 'never',
      dwellMs: 300_000,
      warmShare: 5,
    });
    const told = { ...of(active('a', { colour: 'red' })), dwellMs: 0, warmShare: 0, ambiguous: 'allow-duplicate' };
    expect(parseProviderOrder(told)).toEqual({ ...told, providers: [active('a')] });
  });

  test.each([
    ['one active provider', of(active('a'))],
    ['all drained', of({ name: 'a', state: 'drained' })],
    ['shares that are all', of(active('a', { share: 33.333 }), active('b', { share: 66.667 }))],
    ['shares that leave something', of(active('a'), active('b', { share: 10 }))],
    ['a share of nothing', of(active('a', { share: 0 }), active('b', { share: 100 }))],
    ['a warm share that is half of all', { ...of(active('a'), standby('b')), warmShare: 50 }],
  ])('may have %s', (_, value) => {
    expect(findProviderOrderProblem(value)).toBeUndefined();
  });

  test.each([
    ['nothing', undefined, 'the whole must be an object, got nothing'],
    ['text', 'mailgun', 'the whole must be an object, got "mailgun"'],
    ['no list', { ambiguous: 'never' }, 'providers must be a list, got nothing'],
    ['nobody', of(), 'providers must be a list of at least one, got an empty list'],
    ['no name', of(active('')), 'providers[0].name must be a name that is not empty, got ""'],
    ['a name twice', of(active('a'), standby('a')), 'providers[1].name must be a name that no other has, got "a", as'],
    [
      'no such state',
      of({ name: 'a', state: 'on' }),
      'providers[0].state must be one of active, standby, drained, got',
    ],
    ['no such policy', { ...of(active('a')), ambiguous: 'retry' }, 'ambiguous must be one of never, idempotent-only, '],
    [
      'no policy',
      { providers: [active('a')] },
      'ambiguous must be one of never, idempotent-only, allow-duplicate, got n',
    ],
    [
      'a rate of 0',
      of(active('a', { maxPerSecond: 0 })),
      'providers[0].maxPerSecond must be a number above 0, at most',
    ],
    ['too much', of(active('a', { share: 101 })), 'providers[0].share must be a number from 0 to 100, got 101'],
    [
      'shares below 100',
      of(active('a', { share: 40 }), active('b', { share: 50 })),
      'that add up to 100, or one without',
    ],
    [
      'shares above 100',
      of(active('a', { share: 80 }), active('b', { share: 50 }), active('c')),
      '100 or less, got 130',
    ],
    ['a share on standby', of(active('a'), standby('b', { share: 5 })), 'providers[1].share must be left out unless'],
    ['no dwell', { ...of(active('a')), dwellMs: -1 }, 'dwellMs must be a number from 0 to 86400000, got -1'],
    [
      'too warm',
      { ...of(active('a'), standby('b'), standby('c')), warmShare: 26 },
      'warmShare must be at most 50 for all',
    ],
  ])('is refused in words: %s', (_, value, problem) => {
    expect(findProviderOrderProblem(value)).toContain(problem);
  });

  test('that is broken somewhere is refused, or whole', () => {
    const whole = { ...of(active('a', { share: 100, maxPerSecond: 5 }), standby('b')), dwellMs: 1000, warmShare: 2 };
    fc.assert(
      fc.property(breakSomewhere(fc.constant(whole)), (value) => {
        const parsed = parseProviderOrder(value);
        if ('expected' in parsed) return;
        expect(parseProviderOrder(parsed)).toEqual(parsed);
        expect(parsed.providers.every(({ name }) => typeof name === 'string')).toBe(true);
        expect(Number.isFinite(parsed.dwellMs) && Number.isFinite(parsed.warmShare)).toBe(true);
      }),
    );
  });
});
