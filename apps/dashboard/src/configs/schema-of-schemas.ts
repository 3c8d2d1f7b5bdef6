import type { JsonSchema } from '@sluice/authoring';

const schema = { $ref: '#/$defs/schema' };
const count = { type: 'integer', minimum: 0 };
const type = { enum: ['integer', 'number', 'string', 'boolean', 'object', 'array', 'null'] };

/** What a schema may be, as far as it is said at its place while it is typed: the plain keywords. The server knows all. */
export const schemaOfSchemas: JsonSchema = {
  $ref: '#/$defs/object',
  $defs: {
    // True and false are schemas too, but not for a whole value.
    schema: { anyOf: [{ $ref: '#/$defs/object' }, { type: 'boolean' }] },
    object: {
      type: 'object',
      properties: {
        type: { anyOf: [type, { type: 'array', minItems: 1, items: type }] },
        enum: { type: 'array' },
        minimum: { type: 'number' },
        maximum: { type: 'number' },
        exclusiveMinimum: { type: 'number' },
        exclusiveMaximum: { type: 'number' },
        multipleOf: { type: 'number', exclusiveMinimum: 0 },
        minLength: count,
        maxLength: count,
        pattern: { type: 'string' },
        format: { type: 'string' },
        items: schema,
        minItems: count,
        maxItems: count,
        uniqueItems: { type: 'boolean' },
        properties: { type: 'object', additionalProperties: schema },
        additionalProperties: schema,
        required: { type: 'array', items: { type: 'string' } },
        $defs: { type: 'object', additionalProperties: schema },
      },
    },
  },
};
