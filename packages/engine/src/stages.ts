/** Stages of a migration, the earliest first: where reads and writes of a record go while it moves to another store. */
export const stages = ['off', 'dualwrite', 'shadow', 'live', 'rampdown', 'complete'] as const;
export type Stage = (typeof stages)[number];

/** The store that is left, and the one that takes its place. */
export type Side = 'old' | 'new';

export interface StagePlan {
  /** Whose answer a read gives, and whose acknowledgement a write. */
  readonly authority: Side;
  /** Whether reads look at the other side too, to compare. */
  readonly compares: boolean;
  /** Whether writes go to both sides, to the authority first. */
  readonly writesBoth: boolean;
}

export const stagePlans: Readonly<Record<Stage, StagePlan>> = {
  off: { authority: 'old', compares: false, writesBoth: false },
  dualwrite: { authority: 'old', compares: false, writesBoth: true },
  shadow: { authority: 'old', compares: true, writesBoth: true },
  live: { authority: 'new', compares: true, writesBoth: true },
  rampdown: { authority: 'new', compares: false, writesBoth: true },
  complete: { authority: 'new', compares: false, writesBoth: false },
};

export function isStage(value: unknown): value is Stage {
  return stages.includes(value as Stage);
}

export function otherSide(side: Side): Side {
  return side === 'old' ? 'new' : 'old';
}

/**
 * Whether the same record may be in both stages at once, as it is while a change is on its way to the fleet: what one
 * acknowledged, the other must see.
 */
export function areCompatible(a: Stage, b: Stage): boolean {
  return sees(a, b) && sees(b, a);
}

/** Whether what a writer in one stage acknowledged is where a reader in the other looks. */
function sees(writer: Stage, reader: Stage): boolean {
  const { authority, writesBoth } = stagePlans[writer];
  return writesBoth || authority === stagePlans[reader].authority;
}
