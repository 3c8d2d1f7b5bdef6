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
