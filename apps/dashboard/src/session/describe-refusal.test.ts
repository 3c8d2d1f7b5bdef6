import { expect, test } from 'vitest';
import { describeForbidden, describeRefusal } from './describe-refusal.ts';

test.each([
  ['viewer', 'operator', ['Mara', 'Jonas'], 'You can look, not change. Operators can: Mara, Jonas'],
  [
    'operator',
    'editor',
    ['A', 'B', 'C', 'D', 'E'],
    'As an operator you can trip, restore and turn off. Editors can: A, B, C and 2 more',
  ],
  ['viewer', 'admin', undefined, 'You can look, not change. Administrators can'],
  ['viewer', 'admin', [], 'You can look, not change. Administrators could, and there are none here'],
  [undefined, 'viewer', ['Mara'], 'You have no role here. Viewers can: Mara'],
] as const)('what a %s cannot do that needs %s says who could', (role, needed, holders, sentence) => {
  const told = holders && { names: holders.slice(0, 4), count: holders.length };
  expect(describeRefusal({ role, needed, holders: told })).toBe(sentence);
});

test.each([
  [
    'this needs the role operator in `shop/production`; the role here is viewer; these have it: Mara, Jonas',
    'You can look, not change. Operators can: Mara, Jonas',
  ],
  [
    'this needs the role editor everywhere; there is no role here; nobody here has it',
    'You have no role here. Editors could, and there are none here',
  ],
  [
    'this needs the role editor in `a/b`; the role here is viewer; these have it: A, B, C, D, E and 2 more',
    'You can look, not change. Editors can: A, B, C and 4 more',
  ],
  ['this is for people who are logged in', 'This is for people who are logged in'],
])('the server refusing with %s reads as the pages do', (message, sentence) => {
  expect(describeForbidden(message)).toBe(sentence);
});
