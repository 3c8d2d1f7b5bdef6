import type { FlagView } from '@sluice/api-client';
import { expect, test } from 'vitest';
import { draftOf, findDraftFault, listDefinitionInstructions, withTag } from './definition-draft.ts';

const flag: FlagView = {
  key: 'f',
  kind: 'release',
  name: 'F',
  description: '',
  tags: ['a', 'b'],
  owner: 'Mara',
  variations: [
    { id: 'on', value: true, description: 'All of it' },
    { id: 'off', value: false },
  ],
  clientSide: { web: false, mobile: false },
  archived: false,
};
const draft = draftOf(flag);

test('what stays the same is not sent', () => {
  expect(listDefinitionInstructions(flag, draft)).toEqual([]);
  expect(listDefinitionInstructions(flag, { ...draft, tags: 'b, a,' })).toEqual([]);
});

test('what differs is sent, in one instruction', () => {
  expect(listDefinitionInstructions(flag, { ...draft, owner: '', tags: 'c, a' })).toEqual([
    { kind: 'update-definition', definition: { owner: '', tags: ['a', 'c'] } },
  ]);
});

test('a variation keeps what the form does not show', () => {
  const [, off] = draft.variations;
  const variations = [{ id: 'on', value: 'true', name: 'Everything', isNew: false }, ...(off ? [off] : [])];
  expect(listDefinitionInstructions(flag, { ...draft, variations })).toEqual([
    {
      kind: 'update-definition',
      definition: {
        variations: [
          { id: 'on', value: true, name: 'Everything', description: 'All of it' },
          { id: 'off', value: false },
        ],
      },
    },
  ]);
});

test('a variation needs an id and JSON', () => {
  const [on] = draft.variations;
  if (on === undefined) throw new Error('the flag has variations');
  expect(findDraftFault(draft)).toBeUndefined();
  expect(findDraftFault({ ...draft, variations: [on, { ...on, id: ' ' }] })).toBe('Variation 2 has no id yet');
  expect(findDraftFault({ ...draft, variations: [{ ...on, value: 'red' }] })).toMatch(/value of on is not JSON/);
  expect(findDraftFault({ ...draft, variations: [{ ...on, value: '{"a": 1, "a": 2}' }] })).toBe(
    'The value of on: a: expected each name once, got it twice',
  );
});

test('a tag is added once', () => {
  expect(withTag(['b'], 'a')).toEqual(['a', 'b']);
  expect(withTag(['a', 'b'], 'a')).toEqual(['a', 'b']);
});
