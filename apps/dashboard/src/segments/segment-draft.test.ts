import { apply, isProblem, type SegmentState } from '@sluice/authoring';
import { buildLookup, parseInstructions } from '@sluice/testkit';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  findSegmentFault,
  listSegmentInstructions,
  parseKeys,
  rebaseSegment,
  type SegmentDraft,
  withKeys,
  withoutKey,
} from './segment-draft.ts';

const plain: SegmentDraft = { name: 'Beta', description: '', included: [], excluded: [], rules: [] };
const ruleOf = (id: string, value = id, weight?: number) => ({
  id,
  clauses: [{ contextKind: 'user', attribute: 'plan', op: 'in', values: [value] }],
  ...(weight !== undefined && { weight }),
});

describe('keys that are pasted', () => {
  test.each([
    ['mara\nlena\nmara', ['mara', 'lena']],
    ['"mara", \'lena\';jonas\tx', ['mara', 'lena', 'jonas', 'x']],
    ['a b', ['a b']],
    ['"a\'', ['"a\'']],
    [' \r\n,,', []],
  ])('%j are %j', (text, keys) => {
    expect(parseKeys(text)).toEqual(keys);
  });

  test('join those of their kind, each once', () => {
    const members = withKeys(withKeys([], 'user', ['a', 'b']), 'account', ['x']);
    expect(withKeys(members, 'user', ['b', 'c'])).toEqual([
      { contextKind: 'user', keys: ['a', 'b', 'c'] },
      { contextKind: 'account', keys: ['x'] },
    ]);
    expect(withoutKey(members, 'user', 'a')).toEqual([
      { contextKind: 'user', keys: ['b'] },
      { contextKind: 'account', keys: ['x'] },
    ]);
  });
});

describe('what leads from one segment to another', () => {
  test('is nothing where they are the same', () => {
    expect(listSegmentInstructions(plain, { ...plain })).toEqual([]);
    const empty = { ...plain, included: [{ contextKind: 'user', keys: [] }] };
    expect(listSegmentInstructions(plain, empty)).toEqual([]);
  });

  test('says of very many keys so many at once as the server takes', () => {
    const keys = Array.from({ length: 120_000 }, (_, at) => `k${at}`);
    const to = { ...plain, included: [{ contextKind: 'user', keys }] };
    const lengths = listSegmentInstructions(plain, to).map((one) => ('keys' in one ? one.keys.length : 0));
    expect(lengths).toEqual([50_000, 50_000, 20_000]);
  });

  test('leads there, whatever they are', () => {
    const keys = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 1 });
    const members = fc
      .dictionary(fc.constantFrom('user', 'account'), keys, { noNullPrototype: true })
      .map((by) => Object.entries(by).map(([contextKind, own]) => ({ contextKind, keys: own })));
    const rules = fc.uniqueArray(
      fc
        .tuple(fc.constantFrom('r1', 'r2', 'r3'), fc.constantFrom('pro', 'free'), fc.constantFrom(undefined, 25_000))
        .map(([id, value, weight]) => ruleOf(id, value, weight)),
      { selector: ({ id }) => id },
    );
    const draft = fc.record({
      name: fc.constantFrom('Beta', 'Gold'),
      description: fc.constantFrom('', 'those who asked'),
      included: members,
      excluded: members,
      rules,
    });
    fc.assert(
      fc.property(draft, draft, (from, to) => {
        const instructions = listSegmentInstructions(from, to);
        if (instructions.length === 0) return;
        // A view of a segment is a state of it, less its salt.
        const segment = { key: 'beta', tags: [], salt: 's', ...from } as SegmentState;
        const request = { segment: 'beta', instructions: parseInstructions(...instructions) };
        const applied = apply(request, buildLookup({ segments: [segment] }));
        if (isProblem(applied)) throw new Error(JSON.stringify(applied));
        const reached = applied.segments.get('beta');
        expect(sorted(reached as SegmentDraft)).toEqual(sorted(to));
      }),
    );
  });
});

describe('edits on top of what somebody else left', () => {
  const users = (...keys: string[]) => [{ contextKind: 'user', keys }];
  const began = { ...plain, included: users('a', 'b', 'c'), rules: [ruleOf('r1'), ruleOf('r2'), ruleOf('r3')] };

  test('are theirs, with the keys that were added and without those that were taken out', () => {
    const theirs = { ...began, included: users('a', 'c', 'd'), excluded: users('z') };
    const mine = { ...began, included: [...users('a', 'b', 'e'), { contextKind: 'account', keys: ['x'] }] };
    expect(rebaseSegment(began, theirs, mine)).toEqual({
      ...theirs,
      included: [...users('a', 'd', 'e'), { contextKind: 'account', keys: ['x'] }],
    });
  });

  test('have the rules that were edited as they were edited, and all others as they are', () => {
    const theirs = { ...began, name: 'Gold', rules: [ruleOf('r1', 'pro'), ruleOf('r2', 'free'), ruleOf('r4')] };
    const mine = { ...began, description: 'asked', rules: [ruleOf('r1', 'new'), ruleOf('r2'), ruleOf('r5')] };
    const rebased = rebaseSegment(began, theirs, mine);
    expect(rebased).toMatchObject({ name: 'Gold', description: 'asked' });
    expect(rebased.rules).toEqual([ruleOf('r1', 'new'), ruleOf('r2', 'free'), ruleOf('r4'), ruleOf('r5')]);
    // What that undoes is reviewed.
    expect(listSegmentInstructions(theirs, rebased)).toMatchObject([
      { kind: 'update-segment' },
      { kind: 'replace-segment-rule', rule: ruleOf('r1', 'new') },
      { kind: 'add-segment-rule', rule: ruleOf('r5') },
    ]);
  });

  test('keep a rule that was edited and that somebody else took out, and need nothing where both did the same', () => {
    const mine = { ...began, included: users('a', 'b', 'c', 'd'), rules: [ruleOf('r1', 'new'), ruleOf('r2')] };
    const theirs = { ...began, rules: [ruleOf('r2'), ruleOf('r3')] };
    expect(rebaseSegment(began, theirs, mine).rules).toEqual([ruleOf('r2'), ruleOf('r1', 'new')]);
    expect(listSegmentInstructions(mine, rebaseSegment(began, mine, mine))).toEqual([]);
    expect(rebaseSegment(began, began, mine)).toEqual(mine);
  });
});

/** What is in it, whatever the order. */
function sorted({ name, description, included, excluded, rules }: SegmentDraft) {
  const keys = (members: SegmentDraft['included']) =>
    members.flatMap((each) => each.keys.map((key) => `${each.contextKind} ${key}`)).sort();
  return {
    name,
    description,
    included: keys(included),
    excluded: keys(excluded),
    rules: rules.map((rule) => JSON.stringify(Object.entries(rule).sort())).sort(),
  };
}

test('a rule that is not whole is said in words', () => {
  const [rule] = [ruleOf('r1')];
  expect(findSegmentFault({ ...plain, rules: [rule] })).toBeUndefined();
  expect(findSegmentFault({ ...plain, rules: [rule, { id: 'r2', clauses: [] }] })).toContain('Rule 2 has no condition');
  const open = { id: 'r2', clauses: [{ attribute: 'plan', op: 'in', values: [] }] };
  expect(findSegmentFault({ ...plain, rules: [rule, open] })).toContain('Rule 2 has a condition without a value');
  expect(findSegmentFault({ ...plain, name: ' ' })).toContain('no name');
});
