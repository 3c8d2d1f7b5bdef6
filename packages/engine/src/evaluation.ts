import { type Attributes, attributesOf, type Context, listKinds, type SingleContext } from './context.ts';
import type { BigSegmentsStatus, Outcome } from './detail.ts';
import type { Flag } from './flag.ts';

/** What the tests of clauses and segments see: whom the evaluation is about, and where they note what they met. */
export interface Scope {
  /** The context that was given for this evaluation; valid. */
  context: Context | undefined;
  /** Contexts of the surroundings (request, instance), asked in order for kinds that `context` lacks; valid. */
  ambient: readonly Context[];
  bigSegments: BigSegments | undefined;
  /** The worst answer about big segments so far. */
  bigSegmentsStatus: BigSegmentsStatus | undefined;
  /** Set for each evaluation to another number; flags and segments being evaluated are stamped with it to find cycles. */
  serial: number;
}

/**
 * One evaluation in progress. Callers keep one and use it again each time, so that none has to be allocated;
 * evaluations are synchronous and never overlap.
 */
export interface Evaluation<Tally> extends Scope {
  /** Told of every prerequisite that was evaluated, innermost first. */
  onPrerequisite: ((prerequisite: EvaluatedFlag<Tally>, outcome: Outcome, dependent: Flag) => void) | undefined;
}

/** A flag as it was evaluated, with what the ruleset's owner attached to it. */
export interface EvaluatedFlag<Tally> {
  readonly flag: Flag;
  readonly tally: Tally;
}

/** Looks up members of big segments. */
export interface BigSegments {
  /** What is known of the context with this key. */
  find(contextKey: string): BigSegmentsAnswer;
}

export interface BigSegmentsAnswer {
  readonly status: BigSegmentsStatus;
  /** By `<segment key>.g<generation>`: true for included, false for excluded; absent entries leave it to the rules. */
  readonly membership: Readonly<Record<string, boolean>>;
}

export function createEvaluation<Tally>(parts: Partial<Evaluation<Tally>> = {}): Evaluation<Tally> {
  return {
    context: undefined,
    ambient: [],
    bigSegments: undefined,
    onPrerequisite: undefined,
    bigSegmentsStatus: undefined,
    serial: 0,
    ...parts,
  };
}

/** The attributes that are seen for a context kind. */
export function findAttributes(scope: Scope, kind: string): Attributes | undefined {
  const { context } = scope;
  // Nearly always the given context is of the kind: this much is inlined where it is called.
  return context !== undefined && context.kind === kind ? (context as SingleContext) : findFurther(scope, kind);
}

function findFurther({ context, ambient }: Scope, kind: string): Attributes | undefined {
  const given = context === undefined ? undefined : attributesOf(context, kind);
  if (given !== undefined) return given;
  for (const surrounding of ambient) {
    const attributes = attributesOf(surrounding, kind);
    if (attributes !== undefined) return attributes;
  }
  return undefined;
}

/** Every context kind that is seen. */
export function listVisibleKinds({ context, ambient }: Scope): ReadonlySet<string> {
  return new Set([...(context === undefined ? [] : listKinds(context)), ...ambient.flatMap(listKinds)]);
}

const severity: readonly BigSegmentsStatus[] = ['HEALTHY', 'STALE', 'STORE_ERROR', 'NOT_CONFIGURED'];

/** Keeps the worst status. */
export function noteBigSegmentsStatus(scope: Scope, status: BigSegmentsStatus): void {
  const known = scope.bigSegmentsStatus;
  if (known === undefined || severity.indexOf(status) > severity.indexOf(known)) scope.bigSegmentsStatus = status;
}
