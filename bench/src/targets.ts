/** What a measure must reach; ratios wherever possible, as machines differ. */
export type Target = { readonly atLeast: number } | { readonly above: number } | { readonly below: number };

/** By name of the measure. */
export type Targets = Readonly<Record<string, Target>>;

/** One sentence for each target that is missed, or whose measure is not there. */
export function findMisses(measures: Readonly<Record<string, number>>, targets: Targets): readonly string[] {
  return Object.entries(targets).flatMap(([name, target]) => {
    const measured = measures[name];
    if (measured === undefined) return [`${name}: was not measured`];
    return isReached(measured, target) ? [] : [`${name}: must be ${describe(target)}, is ${round(measured)}`];
  });
}

function isReached(measured: number, target: Target): boolean {
  if ('atLeast' in target) return measured >= target.atLeast;
  return 'above' in target ? measured > target.above : measured < target.below;
}

function describe(target: Target): string {
  if ('atLeast' in target) return `at least ${target.atLeast}`;
  return 'above' in target ? `above ${target.above}` : `below ${target.below}`;
}

function round(measured: number): string {
  return String(Number(measured.toPrecision(4)));
}
