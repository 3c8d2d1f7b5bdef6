import type { ValveReachView } from '@sluice/api-client';
import { formatCount } from '../ui/duration.ts';
import type { ScopePart } from './scope.ts';

type Lack = ValveReachView['lacks'][number];

const namesShown = 5;

/** `2 of 31 instances run a build without cached (1.4.1): search-3, search-9. They go on with normal.` */
export function sayLack(lack: Lack, concerned: number, normal: string | undefined): string {
  const { mode, instances, names, builds } = lack;
  const isOne = instances === 1;
  const build = builds.length === 0 ? '' : ` (${builds.join(', ')})`;
  const who = `${sayCount(instances, concerned)} ${isOne ? 'runs' : 'run'} a build without ${mode}${build}`;
  const shown = names.slice(0, namesShown).join(', ');
  const more = instances - Math.min(names.length, namesShown);
  return `${who}: ${shown}${more > 0 ? ` and ${formatCount(more)} more` : ''}. ${sayInstead(lack, isOne, normal)}`;
}

/** `3 of 31 instances`, `All 31 instances`, `The only instance`. */
export function sayCount(count: number, of: number): string {
  if (of === 1 && count === 1) return 'The only instance';
  return count === of ? `All ${formatCount(of)} instances` : `${formatCount(count)} of ${formatCount(of)} instances`;
}

function sayInstead({ instead }: Lack, isOne: boolean, normal: string | undefined): string {
  if (instead === undefined) return `${isOne ? 'Its' : 'Their'} calls fail while it is served.`;
  if (instead === normal) return `${isOne ? 'It goes' : 'They go'} on with ${instead}.`;
  return `${isOne ? 'It does' : 'They do'} ${instead} instead.`;
}

/** Which builds instances run: `1.4.2 on 29, 1.4.1 on 2`; undefined: none is told. */
export function sayBuilds({ builds }: Pick<ValveReachView, 'builds'>, most = 3): string | undefined {
  if (builds.length === 0) return undefined;
  const shown = builds.slice(0, most).map(({ build, instances }) => `${build} on ${formatCount(instances)}`);
  const more = builds.length - shown.length;
  return `${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

/**
 * How many routes a trip may be felt on, and which. Calls are counted by route alone, not by what else narrows it;
 * `parts` undefined: that is more than parts can say.
 */
export function findRoutes(
  parts: readonly ScopePart[] | undefined,
  counted: readonly { readonly route: string }[],
): { readonly title: string; readonly routes: readonly string[] } {
  const named = parts?.find(({ dimension }) => dimension === 'route')?.values;
  const routes = named ?? counted.map(({ route }) => route);
  const isFull = named === undefined && routes.length >= 50;
  const count = `${isFull ? '50 or more' : formatCount(routes.length)} ${routes.length === 1 ? 'route' : 'routes'}`;
  if (routes.length === 0) return { title: 'No route told', routes };
  return { title: named === undefined && parts?.length !== 0 ? `At most ${count}` : count, routes };
}
