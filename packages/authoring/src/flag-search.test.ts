import { describe, expect, test } from 'vitest';
import { findNearestWord, parseFlagSearch } from './index.ts';

const dayMs = 24 * 3_600_000;

describe('a search for flags', () => {
  test.each<[string, readonly string[], readonly object[]]>([
    ['', [], []],
    ['  Checkout   pay ', ['checkout', 'pay'], []],
    ['"one page" "open', ['one page', 'open'], []],
    ['"kind:valve"', ['kind:valve'], []],
    ['50% a_b', ['50%', 'a_b'], []],
    ['v1:2', ['v1:2'], []],
    [
      'kind:valve pay tag:checkout STATE:Off owner:nobody',
      ['pay'],
      [
        { name: 'kind', value: 'valve' },
        { name: 'tag', value: 'checkout' },
        { name: 'state', value: 'off' },
        { name: 'owner', value: '' },
      ],
    ],
    [
      'owner:"Jonas Weber"tag:a',
      [],
      [
        { name: 'owner', value: 'Jonas Weber' },
        { name: 'tag', value: 'a' },
      ],
    ],
    ['evaluated:never', [], [{ name: 'evaluated', value: { isEvaluated: false } }]],
    ['evaluated:24h', [], [{ name: 'evaluated', value: { isEvaluated: true, withinMs: dayMs } }]],
    ['evaluated:not-7d', [], [{ name: 'evaluated', value: { isEvaluated: false, withinMs: 7 * dayMs } }]],
    ['kill switch pay', ['kill switch', 'pay'], []],
    ['Kill-Switches', ['kill switch'], []],
    ['switch kill', ['switch', 'kill'], []],
  ])('%j is understood', (text, words, filters) => {
    expect(parseFlagSearch(text)).toEqual({ words, filters });
  });

  test.each([
    [
      'stat:off',
      'expected one of the filters `kind:`, `tag:`, `owner:`, `state:` and `evaluated:`, got `stat:`; put it in quotes to look for it as it is',
    ],
    ['kind:toggle', 'expected `release`, `valve`, `config` and `migration` after `kind:`, got "toggle"'],
    ['state:', 'expected `on`, `off`, `tripped` and `archived` after `state:`, got ""'],
    ['tag:', 'expected a tag after `tag:`, got ""'],
    ['owner:', 'expected an owner, or `nobody` after `owner:`, got ""'],
    [
      'evaluated:91d',
      'expected `never`, a time such as `24h` or `7d`, at most `90d`, or one without evaluation such as `not-7d` after `evaluated:`, got "91d"',
    ],
  ])('%j is refused with what is known', (text, message) => {
    expect(parseFlagSearch(text)).toEqual({ kind: 'problem', path: 'search', message });
  });
});

describe('the nearest word', () => {
  test.each([
    ['chekout', 'checkout'],
    ['hceckout', 'checkout'],
    ['checkoutt', 'checkout'],
    ['paymnets', 'payments'],
    ['serach', 'Search'],
    ['zzz', undefined],
    ['pa', undefined],
  ])('of %j is %j', (word, nearest) => {
    expect(findNearestWord(word, ['checkout', 'payments', 'Search', 'pay', 'checkouts'])).toBe(nearest);
  });
});
