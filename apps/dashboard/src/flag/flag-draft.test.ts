import type { EnvironmentFlagView } from '@sluice/api-client';
import { expect, test } from 'vitest';
import { findFault, flagDraftOf, listEdits, withDraft } from './flag-draft.ts';

const flag: EnvironmentFlagView = {
  key: 'f',
  kind: 'release',
  name: 'F',
  description: '',
  tags: ['b', 'a'],
  owner: 'Mara',
  variations: [
    { id: 'on', value: true },
    { id: 'off', value: false },
  ],
  clientSide: { web: false, mobile: false },
  archived: false,
  environment: 'production',
  on: true,
  offVariation: 'off',
  fallthrough: { variation: 'on' },
  targets: [],
  rules: [],
  prerequisites: [],
  version: 3,
};
const draft = flagDraftOf(flag);

test('what a flag is and what it does are one list of edits, new variations before what serves them', () => {
  const added = { id: 'half', value: '"half"', name: '', isNew: true };
  const edited = {
    definition: { ...draft.definition, variations: [...draft.definition.variations, added] },
    configuration: { ...draft.configuration, fallthrough: { variation: 'half' } },
  };
  expect(listEdits(flag, draft)).toEqual([]);
  expect(listEdits(flag, edited).map(({ kind }) => kind)).toEqual(['update-definition', 'set-fallthrough']);
  expect(withDraft(flag, edited)).toEqual({
    ...flag,
    variations: [...flag.variations, { id: 'half', value: 'half' }],
    fallthrough: { variation: 'half' },
  });
});

test('a fault in either stands in the way', () => {
  const [on, off] = draft.definition.variations;
  expect(findFault(draft)).toBeUndefined();
  expect(
    findFault({
      ...draft,
      configuration: { ...draft.configuration, targets: [{ variation: 'on', contextKind: 'user', keys: [] }] },
    }),
  ).toBe('The targets of on have no key yet');
  expect(
    on &&
      off &&
      findFault({ ...draft, definition: { ...draft.definition, variations: [{ ...on, value: 'yes' }, off] } }),
  ).toBe('The value of on is not JSON: texts stand in quotes');
});

test.each([
  [
    {
      rules: [{ id: 'r', clauses: [{ contextKind: 'user', attribute: 'key', op: 'in', values: [] }], variation: 'on' }],
    },
    'Rule 1 has a condition without a value',
  ],
  [{ prerequisites: [{ flag: '', variation: 'on' }] }, 'A prerequisite has no flag, or no variation'],
  [{ prerequisites: [{ flag: 'g', variation: '' }] }, 'A prerequisite has no flag, or no variation'],
  [{ prerequisites: [{ flag: 'g', variation: 'on' }] }, undefined],
] as const)('what is not whole yet is named: %j', (part, fault) => {
  expect(findFault({ ...draft, configuration: { ...draft.configuration, ...part } })).toBe(fault);
});
