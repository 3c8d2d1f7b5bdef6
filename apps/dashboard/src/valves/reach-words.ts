import type { ValveReachView } from '@sluice/api-client';
import { formatCount } from '../ui/duration.ts';
import type { ScopePart } from './scope.ts';

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
