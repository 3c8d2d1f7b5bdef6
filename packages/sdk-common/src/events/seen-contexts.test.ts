import { describe, expect, test } from 'vitest';
import { SeenContexts } from './seen-contexts.ts';

const user = (key: string) => ({ kind: 'user', key });

describe('seen contexts', () => {
  test('are new once', () => {
    const seen = new SeenContexts(100);
    expect(seen.add(user('ann'))).toBe(true);
    expect(seen.add(user('ann'))).toBe(false);
    expect(seen.add({ ...user('ann'), name: 'Ann' })).toBe(false);
  });

  test('are told apart by kind and key', () => {
    const seen = new SeenContexts(100);
    const multi = (userKey: string) => ({ kind: 'multi' as const, user: { key: userKey }, org: { key: 'o' } });
    for (const context of [user('ann'), user('bob'), { kind: 'org', key: 'ann' }, multi('ann'), multi('bob')]) {
      expect(seen.add(context)).toBe(true);
      expect(seen.add(context)).toBe(false);
    }
    expect(seen.add({ kind: 'multi', org: { key: 'o' }, user: { key: 'ann' } })).toBe(false);
  });

  test('with hostile keys are kept apart', () => {
    const seen = new SeenContexts(100);
    for (const key of ['__proto__', 'constructor', '', ':', '%3A']) {
      expect(seen.add({ kind: 'user', key })).toBe(true);
      expect(seen.add({ kind: 'user', key })).toBe(false);
    }
    expect(seen.add({ kind: 'constructor', key: 'a' })).toBe(true);
  });

  test('are remembered up to the capacity, the latest longest', () => {
    const seen = new SeenContexts(10);
    for (let index = 0; index < 10; index++) seen.add(user(String(index)));
    for (let index = 5; index < 10; index++) expect(seen.add(user(String(index)))).toBe(false);
    for (let index = 10; index < 20; index++) seen.add(user(String(index)));
    expect(seen.add(user('0'))).toBe(true);
  });

  test('that come back again and again are never forgotten', () => {
    const seen = new SeenContexts(10);
    seen.add(user('ann'));
    for (let index = 0; index < 1000; index++) {
      seen.add(user(String(index)));
      if (index % 4 === 0) expect(seen.add(user('ann'))).toBe(false);
    }
  });

  test('are all forgotten at the end of a period', () => {
    const seen = new SeenContexts(10);
    for (let index = 0; index < 8; index++) seen.add(user(String(index)));
    seen.clear();
    for (let index = 0; index < 8; index++) expect(seen.add(user(String(index)))).toBe(true);
  });

  test('are few when the capacity is', () => {
    const seen = new SeenContexts(0);
    expect([
      seen.add(user('a')),
      seen.add(user('a')),
      seen.add(user('b')),
      seen.add(user('c')),
      seen.add(user('a')),
    ]).toEqual([true, false, true, true, true]);
  });

  test('are whom it is about, whatever records they use; a record alone is nobody', () => {
    const seen = new SeenContexts(100);
    const using = (record: string) => seen.add({ kind: 'multi', user: { key: 'ann' }, record: { key: record } });
    expect([using('1'), using('2'), using('3')]).toEqual([true, false, false]);
    expect([seen.add({ kind: 'record', key: '1' }), seen.add(user('bob'))]).toEqual([false, true]);
  });
});
