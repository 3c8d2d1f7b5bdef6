import { isDeepStrictEqual } from 'node:util';
import { deepFreeze } from '@sluice/engine';
import { SluiceError } from '../errors.ts';
import type { JudgedOptions } from './config-options.ts';
import { describeIssue } from './standard-schema.ts';

export type Verdict = { readonly value: unknown } | { readonly refused: string };

/** Says what becomes of a value from outside; never throws. */
export type Judge = (value: unknown) => Verdict;

/** Throws a SluiceError when the options contradict themselves. */
export function createJudge(key: string, options: JudgedOptions): Judge {
  const { schema, validate } = options;
  const findProblem = createBounds(options);
  checkOptions(key, options, findProblem);
  return (given) => {
    try {
      let value = deepFreeze(given);
      if (schema !== undefined) {
        const result = schema['~standard'].validate(value);
        if (result instanceof Promise) {
          // Nobody else will look at it.
          result.catch(() => undefined);
          return { refused: 'the schema answers only later' };
        }
        if (result.issues !== undefined) return { refused: result.issues.map(describeIssue).join('; ') };
        value = result.value;
      }
      const problem = findProblem(value);
      if (problem !== undefined) return { refused: problem };
      // Its type was compared with that of the default.
      const answer = validate?.(value as never);
      if (answer === undefined || answer === true) return { value };
      return { refused: typeof answer === 'string' ? answer : `validate refuses ${describe(value)}` };
    } catch (error) {
      return { refused: error instanceof Error ? error.message : String(error) };
    }
  };
}

/** What is wrong with a value, as far as types and bounds go. */
type FindProblem = (value: unknown) => string | undefined;

function createBounds({ default: defaultValue, schema, oneOf, min, max, step, unit }: JudgedOptions): FindProblem {
  const type = typeOf(defaultValue);
  // Null promises nothing about the type.
  const isTyped = schema === undefined && type !== 'null';
  const suffix = unit === undefined ? '' : ` ${unit}`;
  return (value) => {
    if (isTyped && typeOf(value) !== type) return `must be ${named(type)}, got ${describe(value)}`;
    if (oneOf !== undefined && !oneOf.some((one) => isDeepStrictEqual(one, value)))
      return `must be one of ${oneOf.map(describe).join(', ')}, got ${describe(value)}`;
    if (typeof value !== 'number') return undefined;
    if (!Number.isFinite(value)) return `must be a finite number, got ${value}`;
    if (min !== undefined && value < min) return `must be at least ${min}${suffix}, got ${value}`;
    if (max !== undefined && value > max) return `must be at most ${max}${suffix}, got ${value}`;
    if (step !== undefined && !isOnStep(value - (min ?? 0), step))
      return `must be a multiple of ${step}${suffix}${min === undefined || min === 0 ? '' : ` above ${min}`}, got ${value}`;
    return undefined;
  };
}

/** 0.3 is on steps of 0.1, whatever floating point makes of their quotient. */
function isOnStep(distance: number, step: number): boolean {
  const steps = distance / step;
  return Math.abs(steps - Math.round(steps)) <= 1e-9 * Math.max(1, Math.abs(steps));
}

function checkOptions(key: string, options: JudgedOptions, findProblem: FindProblem): void {
  const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY, step = 1, schema } = options;
  if (!(min <= max)) throw invalid(key, `min must not be above max, got ${min} and ${max}`);
  if (!(step > 0)) throw invalid(key, `step must be above 0, got ${step}`);
  if (schema !== undefined && typeof schema['~standard']?.validate !== 'function')
    throw invalid(key, 'schema must implement Standard Schema, as those of zod and valibot do');
  if (describe(options.default) === undefined) throw invalid(key, 'default must be JSON');
  const problem = findProblem(options.default);
  if (problem !== undefined) throw invalid(key, `default ${problem}`);
}

function invalid(key: string, message: string): SluiceError {
  return new SluiceError('invalid-options', `config ${key}: ${message}`);
}

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}

function named(type: string): string {
  return /^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`;
}

const longestShown = 40;

/** As JSON, cut for people; undefined for what has no JSON. */
function describe(value: unknown): string | undefined {
  if (typeof value === 'number') return String(value);
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch {
    return undefined;
  }
  return text !== undefined && text.length > longestShown ? `${text.slice(0, longestShown)}…` : text;
}
