import { expect, test } from 'vitest';
import {
  findRulesFaults,
  listRulesInstructions,
  type Rules,
  rulesDraftOf,
  toRules,
  withSchema,
} from './rules-draft.ts';

/** As a config has them that was made with nothing but a value. */
const bare: Rules = { schema: { type: 'number' }, dimensions: [] };
const bounded: Rules = {
  schema: { type: 'integer', minimum: 5, multipleOf: 5, maximum: 3600 },
  unit: 's',
  maxChangeFactor: 4,
  dimensions: ['account', 'route'],
};

test.each([bare, bounded, { schema: { type: 'object', minimum: 1 }, dimensions: [] }])(
  'nothing is edited where all is as it was: %j',
  (rules) => {
    expect(toRules(rulesDraftOf(rules))).toEqual(rules);
    expect(listRulesInstructions(rules, rulesDraftOf(rules))).toEqual([]);
  },
);

test('a config that was made without bounds gets them, a unit, a factor and dimensions', () => {
  const typed = { unit: 's', min: '5', max: '1h', factor: '4', dimensions: 'account, route account' } as const;
  expect(listRulesInstructions(bare, { ...rulesDraftOf(bare), ...typed })).toEqual([
    {
      kind: 'update-definition',
      definition: {
        config: {
          schema: { type: 'number', minimum: 5, maximum: 3600 },
          unit: 's',
          maxChangeFactor: 4,
          dimensions: ['account', 'route'],
        },
      },
    },
  ]);
});

test('bounds that are emptied go, and what else the schema says stays', () => {
  const draft = { ...rulesDraftOf(bounded), min: '', max: ' ', factor: '', unit: '' } as const;
  expect(toRules(draft)).toEqual({ schema: { type: 'integer', multipleOf: 5 }, dimensions: ['account', 'route'] });
});

test('a schema that is written as JSON brings its bounds, and of what is no number neither unit nor factor', () => {
  const draft = rulesDraftOf(bounded);
  expect({ ...draft, ...withSchema({ type: 'integer', maximum: 9 }) }).toMatchObject({ min: '', max: '9' });
  expect(toRules({ ...draft, ...withSchema({ type: 'string' }) })).toEqual({
    schema: { type: 'string' },
    dimensions: ['account', 'route'],
  });
});

test('what is wrong is said of its field', () => {
  const draft = rulesDraftOf(bounded);
  expect(findRulesFaults(draft)).toEqual({});
  expect(findRulesFaults({ ...draft, min: 'five', max: '1 MiB', factor: '1' })).toEqual({
    min: expect.stringContaining('expected a number'),
    max: expect.stringContaining('expected a number'),
    factor: 'expected more than 1, got 1',
  });
});

test.each([
  [{ type: 'integr' }, 'type: expected one of "integer", "number"'],
  [{ type: ['string', 'nul'] }, 'type[1]: expected one of'],
  [{ type: 'object', properties: { soft: { type: 'integer', minimum: '1' } } }, 'properties.soft.minimum: expected a'],
  [{ type: 'array', items: 7 }, 'items: expected an object, got 7'],
])('what is wrong in a schema is said where it is: %j', (schema, fault) => {
  expect(findRulesFaults({ ...rulesDraftOf(bare), ...withSchema(schema) }).schema).toContain(fault);
});

test.each([
  {},
  { type: ['integer', 'null'], minimum: 1 },
  { type: 'object', properties: { a: true, b: { $ref: '#/$defs/b' } }, $defs: { b: {} }, additionalProperties: false },
  { oneOf: [{ const: 1 }] },
])('nothing is wrong in %j', (schema) => {
  expect(findRulesFaults({ ...rulesDraftOf(bare), ...withSchema(schema) })).toEqual({});
});
