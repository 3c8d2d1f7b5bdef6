import { expect, test } from 'vitest';
import { describeFleet, describeMatters } from './describe-fleet.ts';

const none = { refused: 0, behind: 0, offline: 0, repairs: 0 };

test.each([
  [10_000, 9998, '9,998 of 10,000 instances run the newest version'],
  [2, 0, '0 of 2 instances run the newest version'],
  [1, 1, 'The one instance runs the newest version'],
  [1, 0, 'The one instance is not on the newest version'],
  [0, 0, 'No instance is connected'],
])('of %d instances, %d of which have it, says so', (live, has, words) => {
  const versions = [{ version: 7, instances: has }, { version: 6, instances: live - has }, { instances: 0 }];
  expect(describeFleet({ live, version: 7, versions: has === 0 ? versions.slice(1) : versions })).toBe(words);
});

test('says what is the matter, and who came and went', () => {
  const recent = { joined: 0, left: 0 };
  expect(describeMatters({ live: 9, matters: none, recent })).toBe(
    'None needs a look. No instance left or joined in the last 10 min.',
  );
  expect(
    describeMatters({
      live: 9,
      matters: { refused: 3, behind: 1, offline: 2, repairs: 1 },
      recent: { joined: 4, left: 1 },
    }),
  ).toBe(
    '1 is behind, 3 refused a value or more, 2 lost contact, 1 has records to repair. 4 joined and 1 left in the last 10 min.',
  );
  expect(describeMatters({ live: 0, matters: none, recent: { joined: 0, left: 1 } })).toBe(
    '1 left in the last 10 min.',
  );
});
