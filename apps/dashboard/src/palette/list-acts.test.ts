import type { FlagRowView } from '@sluice/api-client';
import { describe, expect, test } from 'vitest';
import { listActs, listWaysBack } from './list-acts.ts';
import { readWords } from './read-words.ts';

function row(key: string, kind: FlagRowView['kind'], word: FlagRowView['state']['word']) {
  return { key, kind, archived: word === 'archived', state: { word, parts: [] } };
}

const rows = [
  row('recommendations', 'valve', 'tripped'),
  row('recent-orders', 'release', 'on'),
  row('rec-beta', 'release', 'off'),
  row('rec.limit', 'config', 'on'),
  row('rec-old', 'release', 'archived'),
];
const environments = [{ key: 'production' }, { key: 'staging' }];

const acts = (text: string) =>
  listActs({ words: readWords(text), rows, environments, here: 'production' }).map((act) =>
    'flag' in act ? `${act.kind} ${act.flag}` : 'environment' in act ? `${act.kind} ${act.environment}` : act.kind,
  );

describe('the acts of the palette', () => {
  test('are those of the verb', () => {
    expect(acts('kill rec')).toEqual(['restore recommendations', 'trip recommendations', 'turn-off recent-orders']);
    expect(acts('turn on rec')).toEqual(['restore recommendations', 'turn-on rec-beta']);
    expect(acts('restore')).toEqual(['restore recommendations']);
  });

  test('are those of the first flags where no verb is typed', () => {
    expect(acts('rec')).toEqual([
      'restore recommendations',
      'trip recommendations',
      'turn-off recent-orders',
      'turn-on rec-beta',
    ]);
  });

  test('of the last change, of a new flag and of another environment are found by their words', () => {
    expect(acts('rollback')).toContain('revert');
    expect(acts('undo last')).toContain('revert');
    expect(acts('new toggle')).toEqual(['new-flag']);
    expect(acts('switch to stag')).toEqual(['switch staging']);
    expect(acts('stag')).toContain('switch staging');
    expect(acts('production')).not.toContain('switch production');
    expect(acts('')).toEqual([]);
  });
});

test('what is off normal and has a way back is offered once each', () => {
  const valve = {
    kind: 'valve' as const,
    flag: 'search',
    rule: 'r',
    mode: 'cached',
    scope: 'everyone',
    since: 1,
    by: 'Mara',
    why: 'slow',
    until: 2,
    isOverdue: false,
    overdueMs: 0,
  };
  expect(listWaysBack([valve, { ...valve, rule: 's' }])).toEqual([{ kind: 'restore', flag: 'search' }]);
});
