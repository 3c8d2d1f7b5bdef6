import type { FleetQuery } from '@sluice/api-client';
import type { PageSearch } from '../router.tsx';

type FilterName = 'q' | 'state' | 'service' | 'zone' | 'sdk' | 'version';
export type FleetSearch = { readonly [Name in FilterName]?: PageSearch[Name] | undefined };

/** In an address: of those that told of no service, or of no zone. */
export const none = '-';

const matters = ['any', 'refused', 'behind', 'offline', 'repairs'] as const;
const states = ['current', 'gone', 'foreign'] as const;

/** Which instances an address asks for; without any filter those that somebody should look at. */
export function toFleetQuery({ q, state, service, zone, sdk, version }: FleetSearch): FleetQuery {
  const matter = matters.find((each) => each === state);
  const other = states.find((each) => each === state);
  const number = Number(version);
  const filter: FleetQuery = {
    ...(q !== undefined && { search: q }),
    ...(matter !== undefined && { matter }),
    ...(other !== undefined && { state: other }),
    ...(service !== undefined && { service: service === none ? '' : service }),
    ...(zone !== undefined && { zone: zone === none ? '' : zone }),
    ...(sdk !== undefined && { sdk }),
    ...(version !== undefined && Number.isSafeInteger(number) && number >= 0 && { version: number }),
  };
  return { ...(Object.keys(filter).length === 0 ? { matter: 'any' } : filter), order: 'worst' };
}

const stateWords = {
  any: 'that need a look',
  refused: 'that refused something',
  behind: 'behind',
  offline: 'that lost contact',
  repairs: 'with records to repair',
  current: 'that run the newest version',
  gone: 'gone within the last day',
  foreign: 'with other SDKs',
} as const;

/** What a list shows, in words; undefined: it is not filtered. */
export function describeFilter({ q, state, service, zone, sdk, version }: FleetSearch): string | undefined {
  const word = Object.entries(stateWords).find(([name]) => name === state)?.[1];
  const parts = [
    word,
    service !== undefined && (service === none ? 'of no service' : `of ${service}`),
    zone !== undefined && (zone === none ? 'in no zone' : `in ${zone}`),
    sdk !== undefined && `with ${sdk}`,
    version !== undefined && `on v${Number(version).toLocaleString('en-US')}`,
    q !== undefined && `like “${q}”`,
  ].filter((part) => typeof part === 'string');
  return parts.length === 0 ? undefined : `Instances ${parts.join(' ')}`;
}
