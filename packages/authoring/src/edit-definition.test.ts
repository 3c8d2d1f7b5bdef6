import { buildFlag, buildLookup, buildRule, buildVariations, changeCheckout, type LookupParts } from '@sluice/testkit';
import { describe, expect, test } from 'vitest';
import { type Applied, apply, type FlagState, type InstructionInput, isProblem, type Problem } from './index.ts';

/** Applies instructions to `checkout` as it is in `parts`. */
function change(parts: LookupParts, ...instructions: readonly InstructionInput[]): Applied | Problem {
  return apply(changeCheckout(...instructions), buildLookup(parts));
}

/** The flag after instructions that can be followed. */
function follow(parts: LookupParts, ...instructions: readonly InstructionInput[]): FlagState | undefined {
  const applied = change(parts, ...instructions);
  if (isProblem(applied)) throw new Error(`${applied.path}: ${applied.message}`);
  return applied.flags.get('checkout');
}

describe('a new flag', () => {
  test('is off, serves the first variation when on and the last when off, and is boolean unless told otherwise', () => {
    expect(follow({}, { kind: 'create-flag', definition: {} })).toEqual({
      definition: {
        key: 'checkout',
        kind: 'release',
        name: 'checkout',
        description: '',
        tags: [],
        owner: '',
        variations: [
          { id: 'on', value: true },
          { id: 'off', value: false },
        ],
        clientSide: { web: false, mobile: false },
        archived: false,
      },
      configuration: {
        on: false,
        offVariation: 'off',
        fallthrough: { variation: 'on' },
        targets: [],
        rules: [],
        prerequisites: [],
        salt: 'id-1',
      },
    });
  });

  test('takes the salt that it is given', () => {
    expect(follow({}, { kind: 'create-flag', definition: {}, salt: 'abc' })?.configuration.salt).toBe('abc');
  });

  test('has sorted tags, each once', () => {
    expect(follow({}, { kind: 'create-flag', definition: { tags: ['b', 'a', 'b'] } })?.definition.tags).toEqual([
      'a',
      'b',
    ]);
  });

  test.each<
    [string, readonly { id?: string; value: string | number | boolean | null | string[] }[], readonly string[]]
  >([
    ['true and false are called on and off', [{ value: false }, { value: true }], ['off', 'on']],
    ['texts that read as ids are their ids', [{ value: 'red' }, { value: 'dark-blue' }], ['red', 'dark-blue']],
    ['others are numbered', [{ value: 'a b' }, { value: '' }, { value: 'c' }], ['variation-1', 'variation-2', 'c']],
    ['numbers are numbered', [{ value: 10 }, { value: 20 }], ['variation-1', 'variation-2']],
    ['what is asked for comes first', [{ value: 'red' }, { id: 'red', value: 'blue' }], ['variation-1', 'red']],
    [
      'a number that is taken is passed over',
      [{ id: 'variation-2', value: 1 }, { value: 2 }, { value: 3 }],
      ['variation-2', 'variation-3', 'variation-4'],
    ],
    ['null and lists are json together', [{ value: null }, { value: ['a'] }], ['variation-1', 'variation-2']],
  ])('identifies its variations: %s', (_, variations, ids) => {
    const flag = follow({}, { kind: 'create-flag', definition: { variations: [...variations] } });
    expect(flag?.definition.variations.map(({ id }) => id)).toEqual(ids);
  });

  test.each<[string, readonly { id?: string; value: string | number | boolean | null }[], string, string]>([
    [
      'of several types',
      [{ value: 1 }, { value: 'a' }],
      '',
      'variations must all be of one type, got `number` and `string`',
    ],
    [
      'with the same value',
      [{ value: 1 }, { value: 2 }, { value: 1 }],
      '[2].value',
      'values must differ, got 1 as in variations[0]',
    ],
    [
      'with the same id',
      [
        { id: 'a', value: 1 },
        { id: 'a', value: 2 },
      ],
      '[1].id',
      'variation ids must differ, got `a` twice',
    ],
  ])('refuses variations %s', (_, variations, at, message) => {
    expect(change({}, { kind: 'create-flag', definition: { variations: [...variations] } })).toEqual({
      kind: 'problem',
      path: `instructions[0].definition.variations${at}`,
      message,
    });
  });
});

describe('update-definition', () => {
  test('changes what it names and leaves the rest', () => {
    const flag = buildFlag({ name: 'Checkout', owner: 'ann', tags: ['x'] });
    expect(
      follow(
        { flags: [flag] },
        { kind: 'update-definition', definition: { owner: '', clientSide: { web: true, mobile: false } } },
      ),
    ).toEqual({
      ...flag,
      definition: { ...flag.definition, owner: '', clientSide: { web: true, mobile: false } },
    });
  });

  test('keeps the type of the values', () => {
    expect(
      change(
        { flags: [buildFlag()] },
        {
          kind: 'update-definition',
          definition: {
            variations: [
              { id: 'on', value: 1 },
              { id: 'off', value: 2 },
            ],
          },
        },
      ),
    ).toMatchObject({
      path: 'instructions[0].definition.variations',
      message: 'the type of a flag cannot change: expected values of type boolean, got number',
    });
  });

  const variations = buildVariations('on', 'blue', 'off');
  const withoutBlue: InstructionInput = {
    kind: 'update-definition',
    definition: { variations: [{ value: 'on' }, { value: 'off' }] },
  };

  test('removes a variation that nothing uses', () => {
    expect(follow({ flags: [buildFlag({ variations })] }, withoutBlue)?.definition.variations).toEqual(
      buildVariations('on', 'off'),
    );
  });

  const rollout = {
    variations: [
      { variation: 'blue', weight: 1 },
      { variation: 'on', weight: 99_999 },
    ],
  };
  test.each<[string, LookupParts, string]>([
    ['off', { flags: [buildFlag({ variations, offVariation: 'blue' })] }, 'it is served when the flag is off'],
    [
      'by default',
      { flags: [buildFlag({ variations, fallthrough: { variation: 'blue' } })] },
      'the fallthrough serves it',
    ],
    ['to a share', { flags: [buildFlag({ variations, fallthrough: { rollout } })] }, 'the fallthrough serves it'],
    [
      'by a rule',
      { flags: [buildFlag({ variations, rules: [{ id: 'eu', clauses: [], variation: 'blue' }] })] },
      'rule `eu` serves it',
    ],
    [
      'by a rule to a share',
      { flags: [buildFlag({ variations, rules: [{ id: 'eu', clauses: [], rollout }] })] },
      'rule `eu` serves it',
    ],
    [
      'to targets',
      { flags: [buildFlag({ variations, targets: [{ variation: 'blue', contextKind: 'user', keys: ['ann'] }] })] },
      'it has targets',
    ],
    [
      'to flags that require it',
      {
        flags: [
          buildFlag({ variations }),
          buildFlag({ key: 'search', prerequisites: [{ flag: 'checkout', variation: 'blue' }] }),
        ],
      },
      'it is a prerequisite of flag `search`',
    ],
  ])('refuses to remove a variation that is served %s', (_, parts, use) => {
    expect(change(parts, withoutBlue)).toEqual({
      kind: 'problem',
      path: 'instructions[0].definition.variations',
      message: `variation \`blue\` is still in use: ${use}`,
    });
  });

  test('refuses to remove a variation that an earlier instruction of the change came to need', () => {
    const flags = [buildFlag({ variations }), buildFlag({ key: 'search' })];
    const need: InstructionInput = {
      kind: 'add-prerequisite',
      flag: 'search',
      prerequisite: { flag: 'checkout', variation: 'blue' },
    };
    expect(change({ flags }, need, withoutBlue)).toMatchObject({ path: 'instructions[1].definition.variations' });
  });

  test('removes a variation that the change itself stopped serving', () => {
    const parts = { flags: [buildFlag({ variations, rules: [{ id: 'eu', clauses: [], variation: 'blue' }] })] };
    expect(follow(parts, { kind: 'remove-rule', id: 'eu' }, withoutBlue)?.definition.variations).toHaveLength(2);
  });
});

describe('archiving and deleting', () => {
  const search = buildFlag({
    key: 'search',
    prerequisites: [{ flag: 'checkout', variation: 'on' }],
    rules: [buildRule('r')],
  });
  const letGo: InstructionInput = { kind: 'remove-prerequisite', flag: 'search', prerequisite: { flag: 'checkout' } };

  test('archive and unarchive say what the flag is from then on', () => {
    expect(follow({ flags: [buildFlag()] }, { kind: 'archive' })?.definition.archived).toBe(true);
    expect(follow({ flags: [buildFlag({ archived: true })] }, { kind: 'unarchive' })?.definition.archived).toBe(false);
  });

  test('delete leaves nothing', () => {
    const applied = change({ flags: [buildFlag()] }, { kind: 'delete' });
    expect(applied).toMatchObject({ flags: new Map([['checkout', undefined]]) });
  });

  test.each(['archive', 'delete'] as const)('%s is refused while another flag requires it', (kind) => {
    expect(change({ flags: [buildFlag(), search] }, { kind })).toEqual({
      kind: 'problem',
      path: 'instructions[0]',
      message: `flag \`checkout\` is a prerequisite of \`search\` and cannot be ${kind}d`,
    });
  });

  test.each(['archive', 'delete'] as const)('%s follows when the change itself ended the requirement', (kind) => {
    expect(isProblem(change({ flags: [buildFlag(), search] }, letGo, { kind }))).toBe(false);
  });

  test('delete is refused when an earlier instruction of the change came to need the flag', () => {
    const need: InstructionInput = {
      kind: 'add-prerequisite',
      flag: 'search',
      prerequisite: { flag: 'checkout', variation: 'on' },
    };
    expect(change({ flags: [buildFlag(), buildFlag({ key: 'search' })] }, need, { kind: 'delete' })).toMatchObject({
      path: 'instructions[1]',
    });
  });
});
