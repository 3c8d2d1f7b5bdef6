import { expect, test } from 'vitest';
import { describeSpared, listBulkInstructions, type SelectedFlag } from './bulk-instructions.ts';

function buildFlag(key: string, part: Partial<SelectedFlag> = {}): SelectedFlag {
  return { key, kind: 'release', tags: [], state: { word: 'on', parts: [] }, archived: false, ...part };
}

test('only what is on and has a switch is turned off', () => {
  const flags = [
    buildFlag('a'),
    buildFlag('b', { state: { word: 'off', parts: [] } }),
    buildFlag('search', { kind: 'valve' }),
  ];
  expect(listBulkInstructions(flags, { kind: 'turn-off' })).toEqual([{ kind: 'turn-off', flag: 'a' }]);
  expect(describeSpared(flags, { kind: 'turn-off' })).toMatch(/^2 of 3 selected stay/);
});

test('a tag joins those that a flag has', () => {
  const flags = [buildFlag('a', { tags: ['x'] }), buildFlag('b', { tags: ['cleanup'] })];
  expect(listBulkInstructions(flags, { kind: 'tag', tag: 'cleanup' })).toEqual([
    { kind: 'update-definition', flag: 'a', definition: { tags: ['cleanup', 'x'] } },
  ]);
  expect(describeSpared(flags, { kind: 'tag', tag: 'cleanup' })).toBe('1 of 2 selected have the tag already');
});

test('what is archived stays so, and nothing is said where all are concerned', () => {
  const flags = [buildFlag('a'), buildFlag('b', { archived: true })];
  expect(listBulkInstructions(flags, { kind: 'archive' })).toEqual([{ kind: 'archive', flag: 'a' }]);
  expect(describeSpared([buildFlag('a')], { kind: 'archive' })).toBeUndefined();
});
