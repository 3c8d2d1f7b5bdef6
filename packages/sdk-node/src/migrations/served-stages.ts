import { type Flag, isStage, type Side, type Stage, stagePlans } from '@sluice/engine';

/**
 * The stages that some record may be in, as far as the flag in force says; what it cannot serve is the default's.
 */
export function listServedStages(flag: Flag, defaultStage: Stage): ReadonlySet<Stage> {
  const { variations = [], offVariation, on, prerequisites = [], fallthrough, rules = [] } = flag;
  const { targets = [], contextTargets = [] } = flag;
  const served =
    on === true
      ? [
          ...[fallthrough, ...rules].flatMap(
            (each) => each?.variation ?? each?.rollout?.variations?.map(({ variation }) => variation),
          ),
          ...[...targets, ...contextTargets].map(({ variation }) => variation),
          ...(prerequisites.length > 0 ? [offVariation] : []),
        ]
      : [offVariation];
  return new Set(
    served.map((variation) => {
      const value = variation === undefined || variation === null ? undefined : variations[variation];
      return isStage(value) ? value : defaultStage;
    }),
  );
}

/** The sides that a record in any of these stages is kept in. */
export function listUsedSides(served: ReadonlySet<Stage>): ReadonlySet<Side> {
  return new Set(
    [...served].flatMap((stage): readonly Side[] => {
      const { authority, writesBoth } = stagePlans[stage];
      return writesBoth ? ['old', 'new'] : [authority];
    }),
  );
}
