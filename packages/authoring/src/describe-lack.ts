/** Instances whose build does not know a mode. */
export interface Lack {
  readonly mode: string;
  /** The mode that they do in its place; absent: their calls fail. */
  readonly instead?: string;
  readonly instances: number;
  /** Some of them. */
  readonly names: readonly string[];
  readonly builds: readonly string[];
}

const namesShown = 5;

/** `2 of 31 instances run a build without cached (1.4.1): search-3, search-9. They go on with normal.` */
export function describeLack(lack: Lack, concerned: number, normal: string | undefined): string {
  const { mode, instances, names, builds } = lack;
  const isOne = instances === 1;
  const build = builds.length === 0 ? '' : ` (${builds.join(', ')})`;
  const who = `${describeCount(instances, concerned)} ${isOne ? 'runs' : 'run'} a build without ${mode}${build}`;
  const shown = names.slice(0, namesShown).join(', ');
  const more = instances - Math.min(names.length, namesShown);
  return `${who}: ${shown}${more > 0 ? ` and ${format(more)} more` : ''}. ${describeInstead(lack, isOne, normal)}`;
}

/** `3 of 31 instances`, `All 31 instances`, `The only instance`. */
export function describeCount(count: number, of: number): string {
  if (of === 1 && count === 1) return 'The only instance';
  return count === of ? `All ${format(of)} instances` : `${format(count)} of ${format(of)} instances`;
}

function describeInstead({ instead }: Lack, isOne: boolean, normal: string | undefined): string {
  if (instead === undefined) return `${isOne ? 'Its' : 'Their'} calls fail while it is served.`;
  if (instead === normal) return `${isOne ? 'It goes' : 'They go'} on with ${instead}.`;
  return `${isOne ? 'It does' : 'They do'} ${instead} instead.`;
}

function format(count: number): string {
  return count.toLocaleString('en-US');
}
