import type { JsonSchema, SchemaChecker } from '@sluice/authoring';
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import type { Fault } from './errors.ts';
import { regex } from './platform.ts';
import { findReferenceProblem } from './schema-references.ts';

/** So large may a schema be, as JSON. */
const mostBytes = 32 * 1024;
/** So many schemas are kept compiled. */
const mostKept = 200;

/**
 * Checks values by JSON Schema, draft 2020-12. Patterns run in linear time, like every regular expression that comes
 * from outside; schemas stand on their own and refer to nothing elsewhere.
 */
function createSchemaChecker(): SchemaChecker {
  const kept = new Map<string, ValidateFunction>();
  let ajv: Ajv2020 | undefined;
  return {
    findSchemaProblem(schema) {
      const compiled = compile(schema);
      return typeof compiled === 'function' ? undefined : compiled;
    },
    findValueProblem(schema, value) {
      const validate = compile(schema);
      if (typeof validate !== 'function') return { path: '', message: validate.message };
      if (validate(value)) return undefined;
      const [error] = validate.errors ?? [];
      return error === undefined ? { path: '', message: 'does not fit' } : describe(error, value);
    },
  };

  function compile(schema: JsonSchema): ValidateFunction | Fault {
    const text = JSON.stringify(schema);
    const known = kept.get(text);
    if (known !== undefined) return known;
    if (text.length > mostBytes)
      return { path: '', message: `expected a schema of at most ${mostBytes} bytes, got ${text.length}` };
    const wrong = findReferenceProblem(schema);
    if (wrong !== undefined) return wrong;
    // Names that a schema gives itself are its own.
    ajv ??= new Ajv2020({ strict: true, addUsedSchema: false, code: { regExp: createPatternCompiler() } });
    const validate = tryToCompile(ajv, schema);
    if (typeof validate !== 'function') return validate;
    const [oldest] = kept;
    if (kept.size >= mostKept && oldest !== undefined) {
      kept.delete(oldest[0]);
      ajv.removeSchema(oldest[1].schema);
    }
    kept.set(text, validate);
    return validate;
  }
}

function tryToCompile(ajv: Ajv2020, schema: JsonSchema): ValidateFunction | Fault {
  try {
    return ajv.compile(schema);
  } catch (error) {
    const found = error instanceof Error ? error.message : String(error);
    return { path: '', message: `expected a JSON Schema (draft 2020-12): ${found}` };
  }
}

function createPatternCompiler() {
  const compile = (pattern: string): { test(text: string): boolean; toString(): string } => {
    const test = regex(pattern);
    if (test === undefined) throw new SyntaxError(`the pattern ${JSON.stringify(pattern)} cannot be read (RE2 syntax)`);
    // The library keeps patterns by this text.
    return { test, toString: () => `/${pattern}/u` };
  };
  // What the library writes into code that stands alone, which nobody asks for here.
  return Object.assign(compile, { code: 'regex' });
}

/** What was expected and what was found. */
function describe({ instancePath, message = 'does not fit', params }: ErrorObject, value: unknown) {
  const found = instancePath
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  // Every step was there when the library took it.
  const at = found.reduce((inner: unknown, name) => (inner as Record<string, unknown>)[name], value);
  const path = found.map((part) => (/^\d+$/.test(part) ? `[${part}]` : `.${part}`)).join('');
  const allowed = 'allowedValues' in params ? `: ${JSON.stringify(params.allowedValues)}` : '';
  const expected = message.replace(/^must /, '').replace(/^NOT /, 'not ');
  return { path, message: `expected to ${expected}${allowed}, got ${shorten(JSON.stringify(at))}` };
}

function shorten(text: string): string {
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}

/** For all of this process: schemas are compiled once. */
export const schemas: SchemaChecker = createSchemaChecker();
