import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { RE2JS } from 're2js';
import { describe, expect, test } from 'vitest';
import {
  attributesOf,
  type BigSegmentsAnswer,
  type Context,
  canonicalKey,
  createAttributeReader,
  createBucketer,
  createEvaluation,
  type Evaluation,
  evaluate,
  type Flag,
  findContextProblem,
  flagNotFound,
  fromLegacyUser,
  type LegacyUser,
  parseAttributeReference,
  type RegexCompiler,
  Ruleset,
  type Segment,
  type SingleContext,
} from './index.ts';

const folder = join(import.meta.dirname, '../../../conformance');
const counts = new Map<string, number>();

/** Serves false, and true where a rule says so. */
const twoWays = { on: true, variations: [false, true], fallthrough: { variation: 0 } };

// As the server has it: linear time, RE2 syntax.
const regex: RegexCompiler = (pattern) => {
  try {
    const compiled = RE2JS.compile(pattern);
    return (text) => compiled.matcher(text).find();
  } catch {
    return undefined;
  }
};

interface BucketVectors {
  readonly vectors: readonly { readonly prefix: string; readonly value: string; readonly bucket: number }[];
}

describe('buckets.json', () => {
  const { vectors } = read<BucketVectors>('buckets.json');
  count('buckets.json', vectors);
  test.each(titled(vectors, ({ prefix, value }) => `${quote(prefix)} and ${quote(value)}`))('%s', (_, vector) => {
    expect(createBucketer(vector.prefix)(vector.value)).toBe(vector.bucket);
  });
});

interface OperatorVectors {
  readonly vectors: readonly {
    readonly op: string;
    readonly actual: unknown;
    readonly value?: unknown;
    readonly values?: readonly unknown[];
    readonly match: boolean;
  }[];
}

describe('operators.json', () => {
  const { vectors } = read<OperatorVectors>('operators.json');
  count('operators.json', vectors);
  const title = ({ op, actual, value, values, match }: OperatorVectors['vectors'][number]) =>
    `${quote(actual)} ${op} ${quote(values ?? value)} is ${match}`;
  test.each(titled(vectors, title))('%s', (_, { op, actual, value, values, match }) => {
    const clause = { attribute: 'actual', op, values: values ?? [value] };
    const context = { kind: 'user', key: 'u', actual };
    const answer = (negate: boolean) => {
      const flag = { ...twoWays, rules: [{ clauses: [{ ...clause, negate }], variation: 1 }] };
      return evaluateIn(createRuleset({ f: flag }, {}), 'f', createEvaluation({ context })).value;
    };
    expect(answer(false)).toBe(match);
    expect(answer(true)).toBe(actual !== null && !match);
  });
});

interface ReferenceVectors {
  readonly parse: readonly { readonly reference: string; readonly names: readonly string[] | null }[];
  readonly lookUps: readonly {
    readonly context: SingleContext;
    readonly vectors: readonly { readonly reference: string; readonly literal?: boolean; readonly value?: unknown }[];
  }[];
}

describe('attribute-references.json', () => {
  const { parse, lookUps } = read<ReferenceVectors>('attribute-references.json');
  const lists = lookUps.flatMap(({ context, vectors }) => vectors.map((vector) => ({ ...vector, context })));
  count('attribute-references.json', parse);
  count('attribute-references.json', lists);
  test.each(titled(parse, ({ reference }) => `parse ${quote(reference)}`))('%s', (_, { reference, names }) => {
    expect(parseAttributeReference(reference)).toEqual(names ?? undefined);
  });
  const title = ({ reference, literal, context }: (typeof lists)[number]) =>
    `find ${literal === true ? 'the name ' : ''}${quote(reference)} in ${context.key}`;
  test.each(titled(lists, title))('%s', (_, { reference, literal, context, value }) => {
    const names = literal === true ? [reference] : parseAttributeReference(reference);
    const attributes = attributesOf(context, context.kind);
    expect(names).toBeDefined();
    expect(attributes).toBeDefined();
    expect(names && attributes && createAttributeReader(names)(attributes)).toEqual(value);
  });
});

interface ContextVectors {
  readonly validity: readonly { readonly context: unknown; readonly valid: boolean }[];
  readonly canonicalKeys: readonly { readonly context: Context; readonly key: string }[];
  readonly legacyUsers: readonly { readonly user: LegacyUser; readonly context: Context | null }[];
}

describe('contexts.json', () => {
  const { validity, canonicalKeys, legacyUsers } = read<ContextVectors>('contexts.json');
  count('contexts.json', validity);
  count('contexts.json', canonicalKeys);
  count('contexts.json', legacyUsers);
  test.each(titled(validity, ({ context }) => `validity of ${quote(context)}`))('%s', (_, { context, valid }) => {
    expect(findContextProblem(context) === undefined).toBe(valid);
  });
  test.each(titled(canonicalKeys, ({ context }) => `key of ${quote(context)}`))('%s', (_, { context, key }) => {
    expect(findContextProblem(context)).toBeUndefined();
    expect(canonicalKey(context)).toBe(key);
  });
  test.each(titled(legacyUsers, ({ user }) => `legacy user ${quote(user)}`))('%s', (_, { user, context }) => {
    expect(fromLegacyUser(user)).toEqual(context ?? undefined);
  });
});

interface EvaluationVectors {
  readonly flags: Readonly<Record<string, Partial<Flag>>>;
  readonly segments?: Readonly<Record<string, Partial<Segment>>>;
  readonly bigSegments?: Readonly<Record<string, BigSegmentsAnswer>>;
  readonly cases: readonly {
    readonly name: string;
    readonly flag: string;
    readonly context: Context | LegacyUser;
    readonly expect: Expected;
  }[];
}

/** No value and variation: the caller's default value is served. */
interface Expected {
  readonly value?: unknown;
  readonly variation?: number;
  readonly reason: unknown;
}

describe.each(globSync('evaluation/*.json', { cwd: folder }).sort())('%s', (file) => {
  const { flags, segments = {}, bigSegments, cases } = read<EvaluationVectors>(file);
  const answers = new Map(Object.entries(bigSegments ?? {}));
  const find = (contextKey: string) => answers.get(contextKey) ?? ({ status: 'HEALTHY', membership: {} } as const);
  count(file, cases);
  // One for all cases, so that what one evaluation leaves behind shows in the next.
  const ruleset = createRuleset(flags, segments);
  const evaluation = createEvaluation<undefined>({ bigSegments: bigSegments && { find } });
  test.each(titled(cases, ({ name }) => name))('%s', (_, { flag, context, expect: expected }) => {
    const normal = 'kind' in context ? context : fromLegacyUser(context as LegacyUser);
    if (normal === undefined) throw new Error('expected a legacy user with a key');
    // A legacy user may have an empty key, a context may not.
    if ('kind' in context) expect(findContextProblem(normal)).toBeUndefined();
    // Either it came with a kind, or it was converted.
    evaluation.context = normal as Context;
    expect(evaluateIn(ruleset, flag, evaluation)).toEqual(expected);
  });
});

test('no file is empty, and there are at least 300 vectors', () => {
  const files = globSync('**/*.json', { cwd: folder }).map((file) => file.replaceAll('\\', '/'));
  expect([...counts.keys()].sort()).toEqual(files.sort());
  expect([...counts].filter(([, size]) => size === 0)).toEqual([]);
  expect([...counts.values()].reduce((sum, size) => sum + size, 0)).toBeGreaterThanOrEqual(300);
});

function createRuleset(
  flags: Readonly<Record<string, Partial<Flag>>>,
  segments: Readonly<Record<string, Partial<Segment>>>,
): Ruleset<undefined> {
  const ruleset = new Ruleset({ regex, createTally: () => undefined });
  for (const [key, flag] of Object.entries(flags)) ruleset.setFlag({ version: 1, ...flag, key });
  for (const [key, segment] of Object.entries(segments)) ruleset.setSegment({ version: 1, ...segment, key });
  return ruleset;
}

function evaluateIn(ruleset: Ruleset<undefined>, key: string, evaluation: Evaluation<undefined>): Expected {
  const compiled = ruleset.findCompiled(key);
  const { value, variation, reason } = compiled === undefined ? flagNotFound : evaluate(compiled, evaluation).detail;
  // Without undefined properties, as they would be in JSON.
  return JSON.parse(JSON.stringify({ value, variation, reason }));
}

function read<File>(file: string): File {
  return JSON.parse(readFileSync(join(folder, file), 'utf8'));
}

function count(file: string, vectors: readonly unknown[]): void {
  counts.set(file, (counts.get(file) ?? 0) + vectors.length);
}

/** Rows for `test.each`: a title and the vector. */
function titled<Vector>(
  vectors: readonly Vector[],
  title: (vector: Vector) => string,
): readonly (readonly [string, Vector])[] {
  return vectors.map((vector) => [title(vector), vector]);
}

/** As JSON, cut to what fits on a line. */
function quote(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 90 ? `${text.slice(0, 70)}… (${text.length} characters)` : text;
}
