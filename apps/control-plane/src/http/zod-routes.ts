import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyInstance, FastifyTypeProvider, RawServerDefault } from 'fastify';
import type { Logger } from 'pino';
import type * as z from 'zod';
import { type Fault, ServerError } from '../errors.ts';
import { findUnfitValue, formatPath, shorten } from './unfit-values.ts';

declare module 'fastify' {
  interface FastifySchema {
    /** One line for the OpenAPI document. */
    summary?: string;
    /** The media type of its answer, which is JSON unless this says otherwise. */
    produces?: string;
  }
}

/** Lets routes declare their parts as Zod schemas and handlers see the parsed types. */
export interface ZodTypeProvider extends FastifyTypeProvider {
  validator: this['schema'] extends z.ZodType ? z.output<this['schema']> : unknown;
  serializer: this['schema'] extends z.ZodType ? z.output<this['schema']> : unknown;
}

export type App = FastifyInstance<RawServerDefault, IncomingMessage, ServerResponse, Logger, ZodTypeProvider>;

/** Of a request with more mistakes than this, so many are told. */
const faultsTold = 20;

/** Makes the app parse what comes in by the routes' schemas, and send what goes out as it is. */
export function useZodSchemas(app: App): void {
  app.setValidatorCompiler(({ schema, httpPart }) => (data) => {
    // Every schema of this app is a Zod schema.
    const parsed = parseInput(schema as z.ZodType, data, httpPart ?? 'body');
    return parsed instanceof ServerError ? { error: parsed } : { value: parsed };
  });
  // Views decide what is public, and have the types of their schemas; responses are not checked again.
  app.setSerializerCompiler(() => (data) => JSON.stringify(data));
}

function parseInput(schema: z.ZodType, data: unknown, part: string): unknown {
  const unfit = findUnfitValue(data);
  if (unfit !== undefined) return refuse(part, [unfit]);
  const parsed = schema.safeParse(data);
  if (parsed.success) return parsed.data;
  const { issues } = parsed.error;
  const faults = listFaults(issues.slice(0, faultsTold), data);
  const rest = issues.length - faultsTold;
  return refuse(part, rest > 0 ? [...faults, { path: '', message: `and ${rest} more` }] : faults);
}

function refuse(part: string, faults: readonly Fault[]): ServerError {
  const [first] = faults;
  const where = first?.path === '' ? `the ${part}` : (first?.path ?? `the ${part}`);
  return new ServerError('invalid-request', `${where}: ${first?.message ?? 'not as expected'}`, { faults });
}

function listFaults(issues: readonly z.core.$ZodIssue[], data: unknown): readonly Fault[] {
  return issues.flatMap((issue) => {
    // Of the ways in which a union failed, the one that got furthest says what was meant.
    if (issue.code === 'invalid_union' && longestPath(issue.errors.flat()) > 0) {
      const closest = issue.errors.toSorted((a, b) => longestPath(b) - longestPath(a))[0] ?? [];
      return listFaults(
        closest.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] })),
        data,
      );
    }
    const found = valueAt(data, issue.path);
    const isSecret = secrets.has(issue.path.at(-1));
    return {
      path: formatPath(issue.path),
      message: describeIssue(issue, found, isSecret ? hide(found) : preview(found)),
    };
  });
}

function longestPath(issues: readonly z.core.$ZodIssue[]): number {
  return Math.max(0, ...issues.map(({ path }) => path.length));
}

function describeIssue(issue: z.core.$ZodIssue, found: unknown, shown: string): string {
  const got = `got ${shown}`;
  switch (issue.code) {
    case 'invalid_type':
      return `expected ${nameType(issue.expected)}, ${got}`;
    case 'invalid_value':
      return `expected ${listWords(issue.values.map((value) => JSON.stringify(value)))}, ${got}`;
    case 'unrecognized_keys':
      return `expected no ${listWords(issue.keys.slice(0, 5).map(preview))} here; check the spelling`;
    case 'too_small':
      return `expected ${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}${unitOf(issue.origin)}, ${got}`;
    case 'too_big':
      return `expected ${issue.inclusive === false ? 'less than' : 'at most'} ${issue.maximum}${unitOf(issue.origin)}, got ${sizeOf(issue.origin, found)}`;
    case 'invalid_union':
      return `expected ${describeUnion(issue)}, ${got}`;
    case 'invalid_format':
    case 'custom':
      return `expected ${issue.message}, ${got}`;
    default:
      return `${issue.message}, ${got}`;
  }
}

/** The kinds that there are, or the types. */
function describeUnion(issue: z.core.$ZodIssueInvalidUnion): string {
  if ('options' in issue && Array.isArray(issue.options)) {
    return `one of ${issue.options.map((option) => JSON.stringify(option)).join(', ')}`;
  }
  return listWords(issue.errors.flat().flatMap((inner) => ('expected' in inner ? nameType(inner.expected) : [])));
}

function nameType(type: string): string {
  if (type === 'int') return 'an integer';
  return type === 'record' ? 'object' : type;
}

function listWords(words: readonly string[]): string {
  return words.length < 2 ? words.join() : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}

function unitOf(origin: string): string {
  if (origin === 'string') return ' characters';
  return origin === 'array' ? ' entries' : '';
}

/** Numbers may stand in a text. */
function sizeOf(origin: string, value: unknown): string {
  if (origin === 'string' && typeof value === 'string') return String(value.length);
  return Array.isArray(value) ? String(value.length) : preview(value);
}

/** Names of what nobody reads over a shoulder, or in a log. */
const secrets: ReadonlySet<PropertyKey | undefined> = new Set(['password', 'newPassword', 'token', 'code']);

function hide(value: unknown): string {
  return typeof value === 'string' ? `${value.length}` : preview(value);
}

/** What was found, shortened for a message. */
function preview(value: unknown): string {
  if (value === undefined) return 'nothing';
  return shorten(JSON.stringify(value) ?? String(value));
}

function valueAt(data: unknown, path: readonly PropertyKey[]): unknown {
  let value = data;
  for (const name of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    // Any object may be asked for any property.
    value = (value as Record<PropertyKey, unknown>)[name];
  }
  return value;
}
