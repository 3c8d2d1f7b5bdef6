import { describe, expect, test } from 'vitest';
import { schemas } from './json-schema.ts';

describe('a pattern', () => {
  test('is its own, whatever others were compiled before', () => {
    const only = (pattern: string) => ({ type: 'string', pattern });
    expect(schemas.findValueProblem(only('^b$'), 'b')).toBeUndefined();
    expect(schemas.findValueProblem(only('^a$'), 'b')).toEqual({
      path: '',
      message: 'expected to match pattern "^a$", got "b"',
    });
    expect(schemas.findValueProblem(only('^a$'), 'a')).toBeUndefined();
  });

  test('of names concerns those names, and of two in one schema each its own', () => {
    const schema = {
      type: 'object',
      patternProperties: { '^q$': { type: 'string', pattern: '^a' }, '^b$': { type: 'string', pattern: 'z$' } },
    };
    expect(schemas.findValueProblem(schema, { q: 'a', b: 'z', other: 1 })).toBeUndefined();
    expect(schemas.findValueProblem(schema, { q: 'z' })?.path).toBe('.q');
    expect(schemas.findValueProblem(schema, { b: 'a' })?.path).toBe('.b');
  });
});

describe('a schema', () => {
  test.each<[string, object, string, string]>([
    ['itself', { type: 'object', properties: { next: { $ref: '#' } } }, '.properties.next.$ref', 'got "#"'],
    [
      'itself among others',
      { $defs: { a: { anyOf: [{ $ref: '#/$defs/a' }, { type: 'null' }] } }, $ref: '#/$defs/a' },
      '.$defs.a.anyOf[0].$ref',
      'expected to lead away from the schema that it stands in, got "#/$defs/a"',
    ],
    [
      'itself in a round',
      { $defs: { a: { not: { $ref: '#/$defs/b' } }, b: { not: { $ref: '#/$defs/a' } } } },
      '.$defs.a.not.$ref.not.$ref',
      'got "#/$defs/a"',
    ],
    ['another', { $ref: 'https://example.com/schema' }, '.$ref', 'a place in this schema, such as "#/$defs/name"'],
    ['what is not there', { $ref: '#/$defs/a' }, '.$ref', 'got "#/$defs/a"'],
    ['what is not a schema', { type: 'string', $ref: '#/type' }, '.$ref', 'got "#/type"'],
    ['an anchor', { $defs: { a: { $anchor: 'a' } }, $dynamicRef: '#a' }, '.$dynamicRef', 'got "#a"'],
    ['a part with a name of its own', { $defs: { a: { $id: 'a' } } }, '.$defs.a.$id', 'expected no name for a part'],
  ])('that refers to %s is refused by the place', (_, schema, path, message) => {
    expect(schemas.findSchemaProblem({ ...schema })).toEqual({ path, message: expect.stringContaining(message) });
  });

  test('may refer to what it defines, as often as it likes, but not grow without end', () => {
    const doubled = (times: number) => ({
      $defs: Object.fromEntries([
        ['d0', { type: 'integer' }],
        ...Array.from({ length: times }, (_, index) => {
          const below = { $ref: `#/$defs/d${index}` };
          return [`d${index + 1}`, { allOf: [below, below] }] as const;
        }),
      ]),
      $ref: `#/$defs/d${times}`,
    });
    expect(schemas.findSchemaProblem(doubled(7))).toBeUndefined();
    expect(schemas.findValueProblem(doubled(7), 'a')).toEqual({ path: '', message: 'expected to be integer, got "a"' });
    const refused = { path: expect.stringContaining('.$defs.d'), message: expect.stringContaining('at most 2000') };
    expect(schemas.findSchemaProblem(doubled(31))).toEqual(refused);
    // One that was stored before it would have been refused.
    expect(schemas.findValueProblem(doubled(31), 1)).toEqual({ path: '', message: refused.message });
  });

  test('is refused where it is no schema, or too large', () => {
    expect(schemas.findSchemaProblem({ type: 'numbr' })).toEqual({
      path: '',
      message: expect.stringContaining('expected a JSON Schema (draft 2020-12)'),
    });
    expect(schemas.findSchemaProblem({ enum: ['a'.repeat(32 * 1024)] })?.message).toContain('at most 32768 bytes');
  });
});
