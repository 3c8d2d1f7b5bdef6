import {
  buildFlag,
  buildLookup,
  buildRule,
  buildSegment,
  inSegment,
  type LookupParts,
  parseInstructions,
} from '@sluice/testkit';
import { describe, expect, test } from 'vitest';
import { type Applied, apply, type InstructionInput, isProblem, type Problem, type SegmentState } from './index.ts';

/** Applies instructions to segment `beta` as it is in `parts`. */
function change(parts: LookupParts, ...instructions: readonly InstructionInput[]): Applied | Problem {
  return apply({ segment: 'beta', instructions: parseInstructions(...instructions) }, buildLookup(parts));
}

/** The segment after instructions that can be followed. */
function follow(segment: SegmentState, ...instructions: readonly InstructionInput[]): SegmentState {
  const applied = change({ segments: [segment] }, ...instructions);
  if (isProblem(applied)) throw new Error(`${applied.path}: ${applied.message}`);
  const after = applied.segments.get('beta');
  if (after === undefined) throw new Error('the segment is gone');
  return after;
}

describe('a new segment', () => {
  test('contains nobody', () => {
    expect(change({}, { kind: 'create-segment', tags: ['b', 'a'] })).toMatchObject({
      segments: new Map([
        [
          'beta',
          {
            key: 'beta',
            name: 'beta',
            description: '',
            tags: ['a', 'b'],
            included: [],
            excluded: [],
            rules: [],
            salt: 'id-1',
          },
        ],
      ]),
    });
  });
});

describe('members', () => {
  test('are included unless the instruction says excluded, by context kind, each key once', () => {
    const segment = follow(
      buildSegment(),
      { kind: 'add-members', keys: ['ann', 'ann'] },
      { kind: 'add-members', keys: ['bob', 'ann'] },
      { kind: 'add-members', contextKind: 'account', keys: ['ann'] },
      { kind: 'add-members', list: 'excluded', keys: ['cid'] },
    );
    expect(segment).toMatchObject({
      included: [
        { contextKind: 'user', keys: ['ann', 'bob'] },
        { contextKind: 'account', keys: ['ann'] },
      ],
      excluded: [{ contextKind: 'user', keys: ['cid'] }],
    });
  });

  test('are removed from the list and the kind that is named only', () => {
    const members = [{ contextKind: 'user', keys: ['ann', 'bob'] }];
    const segment = buildSegment({ included: members, excluded: members });
    expect(follow(segment, { kind: 'remove-members', keys: ['ann', 'zoe'] })).toMatchObject({
      included: [{ contextKind: 'user', keys: ['bob'] }],
      excluded: members,
    });
    expect(follow(segment, { kind: 'remove-members', keys: ['ann', 'bob'] }).included).toEqual([]);
    expect(follow(segment, { kind: 'remove-members', contextKind: 'account', keys: ['ann'] }).included).toEqual(
      members,
    );
  });
});

describe('rules of a segment', () => {
  const segment = buildSegment({ rules: ['a', 'b', 'c'].map((id) => ({ id, clauses: [] })) });
  const order = (...instructions: readonly InstructionInput[]): string =>
    follow(segment, ...instructions)
      .rules.map(({ id }) => id)
      .join(' ');

  test('are added, moved, replaced and removed as those of flags', () => {
    expect(order({ kind: 'add-segment-rule', rule: { id: 'd', clauses: [] }, before: 'b' })).toBe('a d b c');
    expect(order({ kind: 'add-segment-rule', rule: { clauses: [] } })).toBe('a b c id-1');
    expect(order({ kind: 'move-segment-rule', id: 'c', before: 'a' })).toBe('c a b');
    expect(order({ kind: 'remove-segment-rule', id: 'b' })).toBe('a c');
    const replaced = follow(segment, { kind: 'replace-segment-rule', rule: { id: 'b', clauses: [], weight: 1000 } });
    expect(replaced.rules).toEqual([
      { id: 'a', clauses: [] },
      { id: 'b', clauses: [], weight: 1000 },
      { id: 'c', clauses: [] },
    ]);
  });

  test.each<[string, InstructionInput, string, string]>([
    [
      'an id that is taken',
      { kind: 'add-segment-rule', rule: { id: 'a', clauses: [] } },
      'instructions[0].rule.id',
      'there already is a rule `a`',
    ],
    [
      'an id that is not there',
      { kind: 'remove-segment-rule', id: 'z' },
      'instructions[0].id',
      'there is no rule `z`; the rules are `a`, `b` and `c`',
    ],
    [
      'an operand that the operator cannot compare with',
      { kind: 'add-segment-rule', rule: { clauses: [{ attribute: 'age', op: 'lessThan', values: ['7'] }] } },
      'instructions[0].rule.clauses[0].values[0]',
      '`lessThan` compares with a number, got "7"',
    ],
    [
      'the segment itself',
      { kind: 'add-segment-rule', rule: { clauses: [{ op: 'segmentMatch', values: ['beta'] }] } },
      'instructions[0].rule.clauses',
      'segments may not contain themselves, got beta → beta',
    ],
    [
      'a rule that stands twice in a whole configuration',
      {
        kind: 'replace-segment',
        configuration: {
          name: '',
          description: '',
          tags: [],
          included: [],
          excluded: [],
          rules: [
            { id: 'a', clauses: [] },
            { id: 'a', clauses: [] },
          ],
        },
      },
      'instructions[0].configuration.rules[1].id',
      'there already is a rule `a`',
    ],
  ])('refuse %s', (_, instruction, path, message) => {
    expect(change({ segments: [segment] }, instruction)).toEqual({ kind: 'problem', path, message });
  });

  test('that close a cycle of segments are refused, with the way that the cycle takes', () => {
    const segments = [segment, buildSegment({ key: 'inner', rules: [{ id: 'r', clauses: [inSegment('beta')] }] })];
    expect(
      change(
        { segments },
        { kind: 'add-segment-rule', rule: { clauses: [{ op: 'segmentMatch', values: ['inner'] }] } },
      ),
    ).toMatchObject({ message: 'segments may not contain themselves, got beta → inner → beta' });
  });
});

describe('deleting a segment', () => {
  test('is refused while flags or segments ask it, by their names', () => {
    const parts: LookupParts = {
      flags: [buildFlag({ rules: [buildRule('r', inSegment('beta'))] })],
      segments: [buildSegment(), buildSegment({ key: 'outer', rules: [{ id: 'r', clauses: [inSegment('beta')] }] })],
    };
    expect(change(parts, { kind: 'delete-segment' })).toEqual({
      kind: 'problem',
      path: 'instructions[0]',
      message: 'segment `beta` is used by flag `checkout`, segment `outer` and cannot be deleted',
    });
  });

  test('follows when the change itself ended the last use', () => {
    const parts = { flags: [buildFlag({ rules: [buildRule('r', inSegment('beta'))] })], segments: [buildSegment()] };
    const applied = change(parts, { kind: 'remove-rule', flag: 'checkout', id: 'r' }, { kind: 'delete-segment' });
    expect(applied).toMatchObject({ segments: new Map([['beta', undefined]]) });
  });

  test('is refused when an earlier instruction of the change came to need it', () => {
    const use: InstructionInput = {
      kind: 'add-rule',
      flag: 'checkout',
      rule: { clauses: [{ op: 'segmentMatch', values: ['beta'] }], variation: 'on' },
    };
    expect(change({ flags: [buildFlag()], segments: [buildSegment()] }, use, { kind: 'delete-segment' })).toMatchObject(
      {
        path: 'instructions[1]',
      },
    );
  });
});
