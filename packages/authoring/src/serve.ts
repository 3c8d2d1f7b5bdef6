import { parseAttributeReference } from '@sluice/engine';
import * as z from 'zod';
import type { Rollout, Serve } from './configuration.ts';
import type { FlagDefinition } from './definition.ts';
import { contextKindSchema, idSchema } from './key.ts';
import { listNames, type Problem, problem } from './problem.ts';

/** Everybody, in thousandths of a percent. */
export const fullWeight = 100_000;

export const attributeSchema = z
  .string()
  .min(1)
  .max(256)
  .refine((reference) => parseAttributeReference(reference) !== undefined, {
    message: 'a name such as "plan", or a path such as "/address/country"',
  });

export const rolloutSchema = z.strictObject({
  variations: z
    .array(z.strictObject({ variation: idSchema, weight: z.int().min(0).max(fullWeight) }))
    .min(1)
    .max(1000),
  contextKind: contextKindSchema.optional(),
  bucketBy: attributeSchema.optional(),
});

/** Either a variation or a rollout; `findServeProblem` sees to it that it is exactly one. */
export const serveFields = { variation: idSchema.optional(), rollout: rolloutSchema.optional() };

export interface ServeInput {
  readonly variation?: string | undefined;
  readonly rollout?: Rollout | undefined;
}

/** Checks what is to be served against the flag's variations. */
export function parseServe(input: ServeInput, definition: FlagDefinition, path: string): Serve | Problem {
  const { variation, rollout } = input;
  if (variation !== undefined && rollout !== undefined) {
    return problem(path, 'expected either a variation or a rollout, got both');
  }
  if (variation !== undefined) {
    return findVariationProblem(variation, definition, `${path}.variation`) ?? { variation };
  }
  if (rollout === undefined) return problem(path, 'expected a variation or a rollout, got neither');
  const at = `${path}.rollout.variations`;
  const seen = new Set<string>();
  for (const [index, share] of rollout.variations.entries()) {
    const wrong = findVariationProblem(share.variation, definition, `${at}[${index}].variation`);
    if (wrong !== undefined) return wrong;
    if (seen.has(share.variation)) {
      return problem(`${at}[${index}].variation`, `each variation may stand once, got \`${share.variation}\` twice`);
    }
    seen.add(share.variation);
  }
  const sum = rollout.variations.reduce((total, share) => total + share.weight, 0);
  if (sum !== fullWeight) {
    return problem(at, `weights must sum to ${fullWeight} (thousandths of a percent; 25% is 25000), got ${sum}`);
  }
  return { rollout };
}

export function findVariationProblem(
  id: string,
  definition: Pick<FlagDefinition, 'key' | 'variations'>,
  path: string,
): Problem | undefined {
  if (definition.variations.some((variation) => variation.id === id)) return undefined;
  const ids = definition.variations.map((variation) => variation.id);
  return problem(path, `flag \`${definition.key}\` has the variations ${listNames(ids)}, got \`${id}\``);
}

/** Every variation that may be served. */
export function listServed(serve: Serve): readonly string[] {
  return serve.rollout === undefined ? [serve.variation] : serve.rollout.variations.map(({ variation }) => variation);
}
