import { findOperandProblem, operatorNames } from '@sluice/engine';
import * as z from 'zod';
import type { Clause } from './configuration.ts';
import { contextKindSchema } from './key.ts';
import { isMadeKey } from './made-segments.ts';
import type { Lookup } from './objects.ts';
import { listNames, type Problem, problem } from './problem.ts';
import { attributeSchema } from './serve.ts';

export const clauseSchema = z.strictObject({
  contextKind: contextKindSchema.optional(),
  attribute: attributeSchema.optional(),
  op: z.string().refine((op) => operatorNames.some((name) => name === op), {
    message: `an operator: ${operatorNames.join(', ')}`,
  }),
  values: z
    .array(z.union([z.string().max(4096), z.number(), z.boolean()]))
    .min(1)
    .max(50_000),
  negate: z.boolean().optional(),
});

/** Segments that are made for a flag are its own. */
function hasSegment(key: string, lookup: Lookup): boolean {
  return !isMadeKey(key) && lookup.findSegment(key) !== undefined;
}

/** Checks clauses beyond their shape: attributes, operands, and that the segments exist. */
export function findClauseProblem(clauses: readonly Clause[], lookup: Lookup, path: string): Problem | undefined {
  for (const [index, clause] of clauses.entries()) {
    const at = `${path}[${index}]`;
    if (clause.op !== 'segmentMatch' && clause.attribute === undefined) {
      return problem(`${at}.attribute`, `operator \`${clause.op}\` needs an attribute to look at, got none`);
    }
    for (const [place, value] of clause.values.entries()) {
      const expected = findOperandProblem(clause.op, value, lookup.regex);
      const where = `${at}.values[${place}]`;
      if (expected !== undefined) {
        return problem(where, `\`${clause.op}\` compares with ${expected}, got ${JSON.stringify(value)}`);
      }
      if (clause.op === 'segmentMatch' && !hasSegment(String(value), lookup)) {
        return problem(where, `there is no segment ${listNames([String(value)])} in this environment`);
      }
    }
  }
  return undefined;
}
