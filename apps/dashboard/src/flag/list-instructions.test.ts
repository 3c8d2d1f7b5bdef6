import { apply, isProblem } from '@sluice/authoring';
import { buildFlag, buildLookup, changeCheckout } from '@sluice/testkit';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Configuration } from './draft.ts';
import { listInstructions } from './list-instructions.ts';

const plain: Configuration = {
  on: false,
  offVariation: 'off',
  fallthrough: { variation: 'on' },
  targets: [],
  rules: [],
  prerequisites: [],
};

function ruleOf(id: string, variation = 'on') {
  return { id, clauses: [{ attribute: 'plan', op: 'in', values: [id] }], variation };
}

const rulesOf = (...ids: readonly string[]) => ({ ...plain, rules: ids.map((id) => ruleOf(id)) });

describe('what leads from one configuration to another', () => {
  test('is nothing where they are the same', () => {
    expect(listInstructions(rulesOf('a', 'b'), rulesOf('a', 'b'))).toEqual([]);
  });

  test('moves one rule where one was moved, wherever it goes', () => {
    expect(listInstructions(rulesOf('a', 'b', 'c'), rulesOf('c', 'a', 'b'))).toEqual([
      { kind: 'move-rule', id: 'c', before: 'a' },
    ]);
    expect(listInstructions(rulesOf('a', 'b', 'c'), rulesOf('b', 'c', 'a'))).toEqual([{ kind: 'move-rule', id: 'a' }]);
  });

  test('takes a key from one variation before it gives it to another', () => {
    const to = (variation: string): Configuration => ({ ...plain, targets: [{ variation, keys: ['mara'] }] });
    expect(listInstructions(to('on'), to('off')).map(({ kind }) => kind)).toEqual(['remove-targets', 'add-targets']);
  });

  test('turns the flag on after all else', () => {
    const to = { ...rulesOf('a'), on: true };
    expect(listInstructions(plain, to).map(({ kind }) => kind)).toEqual(['add-rule', 'turn-on']);
  });

  test('leads there, whatever they are', () => {
    const variation = fc.constantFrom('on', 'off');
    const rule = fc.tuple(fc.constantFrom('a', 'b', 'c', 'd', 'e'), variation).map(([id, each]) => ruleOf(id, each));
    const targets = fc.uniqueArray(fc.tuple(fc.constantFrom('k1', 'k2', 'k3'), variation), {
      selector: ([key]) => key,
    });
    const configuration: fc.Arbitrary<Configuration> = fc.record({
      on: fc.boolean(),
      offVariation: variation,
      fallthrough: fc.oneof(
        variation.map((each) => ({ variation: each })),
        fc.nat({ max: 100_000 }).map((weight) => ({
          rollout: {
            variations: [
              { variation: 'on', weight },
              { variation: 'off', weight: 100_000 - weight },
            ],
          },
        })),
      ),
      targets: targets.map((pairs) =>
        ['on', 'off'].flatMap((each) => {
          const keys = pairs.filter(([, to]) => to === each).map(([key]) => key);
          return keys.length === 0 ? [] : [{ variation: each, contextKind: 'user', keys }];
        }),
      ),
      rules: fc.uniqueArray(rule, { selector: ({ id }) => id }),
      prerequisites: fc.uniqueArray(fc.record({ flag: fc.constantFrom('p1', 'p2'), variation }), {
        selector: ({ flag }) => flag,
      }),
    });
    fc.assert(
      fc.property(configuration, configuration, (from, to) => {
        const lookup = buildLookup({
          // A view of a flag is a state of it, less its salt.
          flags: [
            buildFlag(from as Parameters<typeof buildFlag>[0]),
            buildFlag({ key: 'p1' }),
            buildFlag({ key: 'p2' }),
          ],
        });
        const instructions = listInstructions(from, to);
        if (instructions.length === 0) return;
        const applied = apply(changeCheckout(...instructions), lookup);
        if (isProblem(applied)) throw new Error(JSON.stringify(applied));
        const reached = applied.flags.get('checkout')?.configuration;
        expect(sorted(reached as Configuration)).toEqual(sorted(to));
      }),
    );
  });
});

/** Lists whose order means nothing, in one order. */
function sorted({ on, offVariation, fallthrough, targets, rules, prerequisites }: Configuration): object {
  const keys = targets.flatMap((target) => target.keys.map((key) => `${target.variation} ${key}`)).sort();
  const needed = prerequisites.map(({ flag, variation }) => `${flag} ${variation}`).sort();
  return { on, offVariation, fallthrough, keys, rules, needed };
}
