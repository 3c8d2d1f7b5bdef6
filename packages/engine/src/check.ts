import { parseAttributeReference } from './attribute-reference.ts';
import type { Clause, Flag, Segment, VariationOrRollout } from './flag.ts';

/** Something in a flag or segment that would make an evaluation fail for the contexts that reach it. */
export interface Defect {
  readonly path: string;
  readonly message: string;
}

/** Finds what would be MALFORMED_FLAG for some context, without evaluating. */
export function listFlagDefects(flag: Flag): readonly Defect[] {
  const count = (flag.variations ?? []).length;
  const { offVariation, targets, contextTargets, rules, fallthrough } = flag;
  return [
    ...(offVariation === undefined || offVariation === null ? [] : checkIndex(offVariation, count, 'offVariation')),
    ...[...(targets ?? []), ...(contextTargets ?? [])].flatMap(({ variation }, at) =>
      checkIndex(variation, count, `targets[${at}].variation`),
    ),
    ...(rules ?? []).flatMap((rule, at) => [
      ...checkServe(rule, count, `rules[${at}]`),
      ...checkClauses(rule.clauses, `rules[${at}].clauses`),
    ]),
    ...checkServe(fallthrough, count, 'fallthrough'),
  ];
}

/** The same for a segment. */
export function listSegmentDefects({ rules }: Segment): readonly Defect[] {
  return (rules ?? []).flatMap((rule, at) => [
    ...checkClauses(rule.clauses, `rules[${at}].clauses`),
    ...checkReference(rule.bucketBy, rule.rolloutContextKind, `rules[${at}].bucketBy`),
  ]);
}

function checkServe(serve: VariationOrRollout | undefined | null, count: number, path: string): readonly Defect[] {
  const { variation, rollout } = serve ?? {};
  if (variation !== undefined && variation !== null) return checkIndex(variation, count, `${path}.variation`);
  const shares = rollout?.variations ?? [];
  if (shares.length === 0) return [{ path, message: 'serves neither a variation nor a rollout' }];
  return [
    ...shares.flatMap((share, at) => checkIndex(share.variation, count, `${path}.rollout.variations[${at}].variation`)),
    ...checkReference(rollout?.bucketBy, rollout?.contextKind, `${path}.rollout.bucketBy`),
  ];
}

function checkClauses(clauses: readonly Clause[] | undefined, path: string): readonly Defect[] {
  return (clauses ?? []).flatMap(({ op, attribute, contextKind }, at) => {
    if (op === 'segmentMatch') return [];
    if (!attribute) return [{ path: `${path}[${at}].attribute`, message: 'is missing' }];
    return checkReference(attribute, contextKind, `${path}[${at}].attribute`);
  });
}

/** Without a context kind the text is a plain name, and any name will do. */
function checkReference(
  reference: string | undefined,
  contextKind: string | undefined,
  path: string,
): readonly Defect[] {
  if (!reference || !contextKind || parseAttributeReference(reference) !== undefined) return [];
  return [{ path, message: `is not an attribute reference: ${JSON.stringify(reference)}` }];
}

function checkIndex(index: number, count: number, path: string): readonly Defect[] {
  if (Number.isInteger(index) && index >= 0 && index < count) return [];
  return [{ path, message: `is ${index}, but there are ${count} variations` }];
}
