import { expect, test } from 'vitest';
import { describeInstance } from './describe-instance.ts';

type Told = Parameters<typeof describeInstance>[0];
const repairs = [{ migration: 'orders', depth: 1200, oldestMs: 40_000 }];

test.each<[Partial<Told>, string]>([
  [{ matter: 'refused', state: 'partial', reason: 'flag ttl: 120 is above 90' }, 'refused flag ttl: 120 is above 90'],
  [{ matter: 'behind', state: 'behind', version: 7 }, 'connected by socket, has not taken v48,211'],
  [{ matter: 'behind', state: 'offline', version: 7 }, 'contact lost, has not taken v48,211'],
  [{ matter: 'behind', state: 'behind', via: 'stream' }, 'connected by stream, has not told what it runs'],
  [{ matter: 'offline', state: 'offline' }, 'contact lost; it counts as gone a minute after'],
  [{ matter: 'repairs', repairs }, '1,200 records of orders to repair, the first for 40 s'],
  [{ matter: 'repairs', state: 'gone', repairs }, 'left 1,200 records of orders to repair, the first for 40 s'],
  [
    { matter: 'repairs', repairs: [{ migration: 'orders', depth: 0, oldestMs: 0, isDirty: true }] },
    '0 records of orders to repair, and others that only comparing all finds',
  ],
  [{ state: 'behind', version: 7 }, 'on its way to v48,211'],
  [{ state: 'foreign' }, 'cannot acknowledge'],
  [{ state: 'gone' }, 'gone'],
  [{}, 'as it should be'],
])('of an instance is said what is the matter: %j', (parts, words) => {
  expect(describeInstance({ state: 'current', via: 'socket', ...parts }, 48_211)).toBe(words);
});
