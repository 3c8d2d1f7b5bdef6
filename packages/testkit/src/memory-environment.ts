import {
  type Applied,
  apply,
  type ChangeRequest,
  type FlagState,
  isProblem,
  type Lookup,
  type Problem,
  type SegmentState,
} from '@sluice/authoring';
import { buildLookup, type LookupParts } from './states.ts';

/** An environment in memory that follows changes, for tests of what is pure. */
export interface MemoryEnvironment {
  /** As of the last change. */
  readonly lookup: Lookup;
  readonly flags: readonly FlagState[];
  readonly segments: readonly SegmentState[];
  /** Applies a change, and keeps what it leaves behind unless it is refused. */
  follow(request: Pick<ChangeRequest, 'flag' | 'segment' | 'instructions'>): Applied | Problem;
}

export function createMemoryEnvironment(parts: LookupParts = {}): MemoryEnvironment {
  const flags = new Map((parts.flags ?? []).map((flag) => [flag.definition.key, flag]));
  const segments = new Map((parts.segments ?? []).map((segment) => [segment.key, segment]));
  const { createId } = buildLookup();
  return {
    get lookup() {
      return { ...buildLookup({ ...parts, flags: [...flags.values()], segments: [...segments.values()] }), createId };
    },
    get flags() {
      return [...flags.values()];
    },
    get segments() {
      return [...segments.values()];
    },
    follow(request) {
      const applied = apply(request, this.lookup);
      if (isProblem(applied)) return applied;
      keep(flags, applied.flags);
      keep(segments, applied.segments);
      return applied;
    },
  };
}

function keep<T>(kept: Map<string, T>, left: ReadonlyMap<string, T | undefined>): void {
  for (const [key, state] of left) {
    if (state === undefined) kept.delete(key);
    else kept.set(key, state);
  }
}
