import type { Flag, Segment } from '@sluice/engine';
import type { ReceivedObject, Transfer } from '@sluice/protocol';
import { flagOf, segmentOf } from '@sluice/testkit';
import { describe, expect, test } from 'vitest';
import { RulesetStore } from './ruleset-store.ts';

function createStore(): RulesetStore<undefined> {
  return new RulesetStore({ regex: () => () => false, createTally: () => undefined });
}

const ofFlag = (flag: Flag): ReceivedObject => ({ kind: 'flag', flag });
const ofSegment = (segment: Segment): ReceivedObject => ({ kind: 'segment', segment });

function transferOf(
  kind: Transfer['kind'],
  objects: readonly ReceivedObject[],
  rest: Partial<Transfer> = {},
): Transfer {
  return { kind, objects, state: undefined, byVersion: false, ...rest };
}

const usesSegment = (...values: readonly string[]) => ({
  rules: [{ clauses: [{ attribute: '', op: 'segmentMatch', values }], variation: 0 }],
});
const dependsOn = (key: string) => ({ prerequisites: [{ key, variation: 0 }] });

describe('a full transfer', () => {
  test('replaces everything', () => {
    const store = createStore();
    expect(store.hasData).toBe(false);
    store.apply(transferOf('full', [ofFlag(flagOf('a')), ofSegment(segmentOf('s'))]), false);
    store.apply(transferOf('full', [ofFlag(flagOf('b', { version: 0 }))]), false);
    expect(store.hasData).toBe(true);
    expect([...store.ruleset.flags()].map(({ key }) => key)).toEqual(['b']);
    expect([...store.ruleset.segments()]).toEqual([]);
  });

  test('may be empty', () => {
    const store = createStore();
    expect(store.apply(transferOf('full', []), true)).toEqual([]);
    expect(store.hasData).toBe(true);
  });

  test('without a state leaves none to resume from', () => {
    const store = createStore();
    store.apply(transferOf('full', [], { state: 'one' }), false);
    store.apply(transferOf('changes', []), false);
    expect(store.state).toBe('one');
    store.apply(transferOf('full', []), false);
    expect(store.state).toBeUndefined();
  });
});

describe('changes', () => {
  test('by version are taken only when they are newer, tombstones included', () => {
    const store = createStore();
    const change = (flag: Flag) => store.apply(transferOf('changes', [ofFlag(flag)], { byVersion: true }), true);
    store.apply(transferOf('full', [ofFlag(flagOf('flag', { version: 5 }))]), false);
    expect(change(flagOf('flag', { version: 5, on: false }))).toEqual([]);
    expect(change(flagOf('flag', { version: 4, on: false }))).toEqual([]);
    expect(store.ruleset.findFlag('flag')?.on).toBe(true);
    expect(change({ key: 'flag', version: 6, deleted: true })).toEqual(['flag']);
    expect(change(flagOf('flag', { version: 6 }))).toEqual([]);
    expect(store.ruleset.findCompiled('flag')).toBeUndefined();
    expect(change(flagOf('flag', { version: 7 }))).toEqual(['flag']);
    expect(store.ruleset.findCompiled('flag')).toBeDefined();
  });

  test('in order are taken whatever their versions', () => {
    const store = createStore();
    store.apply(transferOf('full', [ofFlag(flagOf('flag', { version: 5 }))]), false);
    store.apply(transferOf('changes', [ofFlag(flagOf('flag', { version: 1, on: false }))]), false);
    expect(store.ruleset.findFlag('flag')?.on).toBe(false);
  });
});

describe('the flags whose results may be different', () => {
  const objects = [
    ofFlag(flagOf('plain')),
    ofFlag(flagOf('base')),
    ofFlag(flagOf('middle', dependsOn('base'))),
    ofFlag(flagOf('top', dependsOn('middle'))),
    ofFlag(flagOf('member', usesSegment('inner', 'none'))),
    ofFlag(flagOf('nested', usesSegment('outer'))),
    ofFlag(flagOf('both', { ...usesSegment('outer'), ...dependsOn('member') })),
    ofSegment(segmentOf('inner')),
    ofSegment(segmentOf('outer', usesSegment('inner'))),
  ];

  function change(kind: Transfer['kind'], changed: readonly ReceivedObject[]): readonly string[] {
    const store = createStore();
    store.apply(transferOf('full', objects), false);
    const keys = store.apply(transferOf(kind, changed), true);
    return 'refused' in keys ? [keys.refused] : [...keys].sort();
  }

  test('are those that changed and those that depend on them', () => {
    expect(change('changes', [ofFlag(flagOf('plain', { version: 2 }))])).toEqual(['plain']);
    expect(change('changes', [ofFlag(flagOf('base', { version: 2 }))])).toEqual(['base', 'middle', 'top']);
    expect(change('changes', [ofFlag({ key: 'base', version: 2, deleted: true })])).toEqual(['base', 'middle', 'top']);
  });

  test('are those that reach a changed segment, directly or not', () => {
    expect(change('changes', [ofSegment(segmentOf('inner', { version: 2 }))])).toEqual(['both', 'member', 'nested']);
    expect(change('changes', [ofSegment(segmentOf('outer', { version: 2 }))])).toEqual(['both', 'nested']);
  });

  test('are those that depend on what was missing and came', () => {
    expect(change('changes', [ofSegment(segmentOf('none'))])).toEqual(['both', 'member']);
  });

  test('are none when a full transfer brings what is there', () => {
    expect(change('full', objects)).toEqual([]);
  });

  test('are those that a full transfer leaves out, and what depended on them', () => {
    const without = (...keys: readonly string[]) =>
      objects.filter((object) => !keys.includes(object.kind === 'flag' ? object.flag.key : object.segment.key));
    expect(change('full', without('base'))).toEqual(['base', 'middle', 'top']);
    expect(change('full', without('inner'))).toEqual(['both', 'member', 'nested']);
    expect(change('full', [])).toHaveLength(7);
  });

  test('are found in a circle too', () => {
    const store = createStore();
    store.apply(transferOf('full', [ofFlag(flagOf('a', dependsOn('b'))), ofFlag(flagOf('b', dependsOn('a')))]), false);
    const keys = store.apply(transferOf('changes', [ofFlag(flagOf('a', { version: 2 }))]), true);
    expect(keys).toEqual(expect.arrayContaining(['a', 'b']));
  });

  test('are not looked for when nobody asks', () => {
    const store = createStore();
    expect(store.apply(transferOf('full', objects), false)).toEqual([]);
  });
});

describe('an older state', () => {
  test.each([
    ['of the same epoch is refused', 'e:5', 'e:4', 'e:5'],
    ['of the same version is taken', 'e:5', 'e:5', 'e:5'],
    ['of another epoch is taken', 'e:5', 'f:1', 'f:1'],
    ['that is not of our making is taken', 'e:5', '(p:p1:1)', '(p:p1:1)'],
    ['after one that is not of our making is taken', '(p:p1:9)', 'e:1', 'e:1'],
  ])('%s', (_, before, state, after) => {
    const store = createStore();
    store.apply(transferOf('full', [ofFlag(flagOf('flag'))], { state: before }), false);
    const result = store.apply(transferOf('full', [], { state }), true);
    expect(store.state).toBe(after);
    if (before === after && before !== state) {
      expect(result).toEqual({ refused: 'version 4 is older than version 5, which is in use' });
      expect(store.ruleset.findFlag('flag')).toBeDefined();
    } else {
      expect(result).toEqual(['flag']);
    }
  });
});

describe('an object that cannot be used', () => {
  const refuse = (key: string, version = 9, kind: 'flag' | 'segment' = 'flag') => ({
    kind,
    key,
    version,
    reason: 'because',
  });

  function startWith(...objects: readonly ReceivedObject[]): RulesetStore<undefined> {
    const store = createStore();
    store.apply(transferOf('full', objects, { state: 'e:1' }), false);
    return store;
  }

  const names = (store: RulesetStore<undefined>): readonly string[] =>
    store.refused.map(({ kind, key, version }) => `${kind}/${key} ${version}`);

  test('among changes leaves what there was of it, and the rest is taken', () => {
    const store = startWith(ofFlag(flagOf('a')), ofFlag(flagOf('b')));
    const b = flagOf('b', { version: 9, on: false });
    const changed = store.apply(transferOf('changes', [ofFlag(b)], { state: 'e:9', refused: [refuse('a')] }), true);
    expect(changed).toEqual(['b']);
    expect(store.ruleset.findFlag('a')?.version).toBe(1);
    expect(store.ruleset.findFlag('b')).toBe(b);
    expect(store.state).toBe('e:9');
    expect(store.refused).toEqual([refuse('a')]);
  });

  test('in a full transfer leaves what there was of it, which is compiled again as it was', () => {
    const [a, s] = [flagOf('a', { version: 3 }), segmentOf('s', { version: 4 })];
    const store = startWith(ofFlag(a), ofFlag(flagOf('b')), ofSegment(s));
    const refused = [refuse('a'), refuse('s', 9, 'segment'), refuse('never-seen')];
    const changed = store.apply(transferOf('full', [ofFlag(flagOf('c'))], { state: 'e:9', refused }), true);
    expect([...(changed as readonly string[])].sort()).toEqual(['b', 'c']);
    expect(store.ruleset.findFlag('a')).toBe(a);
    expect(store.ruleset.findSegment('s')).toBe(s);
    expect(store.ruleset.findFlag('b')).toBeUndefined();
    expect(store.ruleset.findFlag('never-seen')).toBeUndefined();
    expect(store.ruleset.findCompiled('a')).toBeDefined();
    expect(names(store)).toEqual(['flag/a 9', 'segment/s 9', 'flag/never-seen 9']);
  });

  test('in a full transfer leaves of two objects with one key the one of its kind', () => {
    const store = startWith(ofFlag(flagOf('x')), ofSegment(segmentOf('x')));
    store.apply(transferOf('full', [], { refused: [refuse('x', 9, 'segment')] }), false);
    expect(store.ruleset.findFlag('x')).toBeUndefined();
    expect(store.ruleset.findSegment('x')).toBeDefined();
    const other = startWith(ofFlag(flagOf('x')), ofSegment(segmentOf('x')));
    other.apply(transferOf('full', [], { refused: [refuse('x', 9, 'flag')] }), false);
    expect(other.ruleset.findFlag('x')).toBeDefined();
    expect([...other.ruleset.segments()]).toEqual([]);
  });

  test('in the first transfer leaves nothing, and the rest is in use', () => {
    const store = createStore();
    store.apply(transferOf('full', [ofFlag(flagOf('a'))], { state: 'e:9', refused: [refuse('b')] }), true);
    expect(store.hasData).toBe(true);
    expect([...store.ruleset.flags()].map(({ key }) => key)).toEqual(['a']);
    expect(names(store)).toEqual(['flag/b 9']);
  });

  test('leaves a deletion in force', () => {
    const store = startWith(ofFlag({ key: 'a', version: 2, deleted: true }));
    store.apply(transferOf('full', [], { refused: [refuse('a')] }), false);
    expect(store.ruleset.findCompiled('a')).toBeUndefined();
    expect(store.ruleset.findFlag('a')?.deleted).toBe(true);
  });

  test('and came good in the same full transfer is in force as it came', () => {
    const store = startWith(ofFlag(flagOf('a')));
    const a = flagOf('a', { version: 8 });
    store.apply(transferOf('full', [ofFlag(a)], { refused: [refuse('a')] }), false);
    expect(store.ruleset.findFlag('a')).toBe(a);
  });

  test.each<[string, Transfer]>([
    ['a later form that can', transferOf('changes', [ofFlag(flagOf('a', { version: 10 }))])],
    ['its deletion', transferOf('changes', [ofFlag({ key: 'a', version: 10, deleted: true })])],
    ['a full transfer with it', transferOf('full', [ofFlag(flagOf('a', { version: 10 }))])],
    ['a full transfer without it', transferOf('full', [])],
  ])('is forgotten with %s', (_, transfer) => {
    const store = startWith(ofFlag(flagOf('a')));
    store.apply(transferOf('changes', [], { refused: [refuse('a')] }), false);
    expect(names(store)).toEqual(['flag/a 9']);
    store.apply(transfer, false);
    expect(names(store)).toEqual([]);
  });

  test('is not forgotten with changes of others, nor with another of its key', () => {
    const store = startWith(ofFlag(flagOf('a')));
    store.apply(transferOf('changes', [], { refused: [refuse('a')] }), false);
    store.apply(transferOf('changes', [ofFlag(flagOf('b')), ofSegment(segmentOf('a'))]), false);
    store.apply(transferOf('changes', []), false);
    expect(names(store)).toEqual(['flag/a 9']);
  });

  test('is told in its newest form', () => {
    const store = startWith(ofFlag(flagOf('a')));
    for (const version of [9, 10]) store.apply(transferOf('changes', [], { refused: [refuse('a', version)] }), false);
    expect(names(store)).toEqual(['flag/a 10']);
  });

  test('is forgotten by itself', () => {
    const store = startWith(ofFlag(flagOf('a')), ofFlag(flagOf('b')));
    store.apply(transferOf('changes', [], { refused: [refuse('a'), refuse('b')] }), false);
    store.apply(transferOf('changes', [ofFlag(flagOf('a', { version: 10 }))]), false);
    expect(names(store)).toEqual(['flag/b 9']);
  });

  test('keeps what depends on it as it was: nobody is told', () => {
    const store = startWith(
      ofFlag(flagOf('base')),
      ofFlag(flagOf('top', dependsOn('base'))),
      ofSegment(segmentOf('s')),
      ofFlag(flagOf('member', usesSegment('s'))),
    );
    const refused = [refuse('base'), refuse('s', 9, 'segment')];
    expect(store.apply(transferOf('changes', [], { refused }), true)).toEqual([]);
    const rest = [ofFlag(flagOf('top', dependsOn('base'))), ofFlag(flagOf('member', usesSegment('s')))];
    expect(store.apply(transferOf('full', rest, { refused }), true)).toEqual([]);
    // And told when it changes after all.
    const later = transferOf('changes', [ofFlag(flagOf('base', { version: 10 }))]);
    expect(store.apply(later, true)).toEqual(['base', 'top']);
  });

  test('of an older state is of no interest', () => {
    const store = startWith(ofFlag(flagOf('a')));
    store.apply(transferOf('changes', [], { state: 'e:5' }), false);
    expect(store.apply(transferOf('full', [], { state: 'e:4', refused: [refuse('a')] }), false)).toHaveProperty(
      'refused',
    );
    expect(names(store)).toEqual([]);
  });
});
