import {
  type FlagFilter,
  type FlagSearch,
  flagKinds,
  isProblem,
  keySchema,
  type Problem,
  parseFlagFilter,
  parseFlagSearch,
  stateWords,
} from '@sluice/authoring';
import * as z from 'zod';
import { ServerError } from '../errors.ts';
import { pageQuery } from '../http/paging.ts';

export const flagRowsQuery = z.strictObject({
  ...pageQuery,
  search: z.string().max(1024).optional(),
  kind: z.enum(flagKinds).optional(),
  tag: z.string().max(64).optional(),
  owner: z.string().max(256).optional(),
  state: z.enum(stateWords).optional(),
  evaluated: z.string().max(16).optional(),
  compare: keySchema.optional(),
  compared: z.enum(['same', 'different']).optional(),
});

/** What a request asks for by its search and by filters of their own. */
export function toFlagSearch(query: Omit<z.output<typeof flagRowsQuery>, 'limit' | 'cursor'>): FlagSearch {
  const { search = '', kind, tag, owner, state, evaluated, compare, compared } = query;
  if (compared !== undefined && compare === undefined) {
    throw refuse({ path: 'compare', message: 'expected the environment to compare with, got none' });
  }
  const { words, filters } = orRefuse(parseFlagSearch(search));
  const own = Object.entries({ kind, tag, owner, state, evaluated }).flatMap(([name, value]): readonly FlagFilter[] =>
    value === undefined ? [] : [orRefuse(parseFlagFilter(name, value, name))],
  );
  return { words, filters: [...filters, ...own] };
}

function orRefuse<T>(parsed: T | Problem): T {
  if (isProblem(parsed)) throw refuse(parsed);
  return parsed;
}

function refuse({ path, message }: Pick<Problem, 'path' | 'message'>): ServerError {
  return new ServerError('invalid-request', `${path}: ${message}`, { faults: [{ path, message }] });
}
