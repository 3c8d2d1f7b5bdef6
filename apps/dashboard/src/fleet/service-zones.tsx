import type { FleetView } from '@sluice/api-client';
import { Link } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import { usePlace } from '../place.ts';
import { Button } from '../ui/button.tsx';
import { formatCount } from '../ui/duration.ts';
import { join } from '../ui/join.ts';
import { none } from './fleet-filter.ts';
import { describeBuilds, type Group, pivotGroups } from './pivot-groups.ts';

const servicesShown = 12;

/** Where instances are, service by service and zone by zone; a cell filters the list. */
export function ServiceZones({ groups }: Pick<FleetView, 'groups'>): ReactNode {
  const [isWhole, setWhole] = useState(false);
  const { zones, services } = pivotGroups(groups);
  const shown = isWhole ? services : services.slice(0, servicesShown);
  return (
    <section aria-labelledby="by-service" className="min-w-0">
      <h2 id="by-service">By service and zone</h2>
      <div className="overflow-x-auto">
        <table className="mt-1 w-full border-separate border-spacing-1 max-tablet:block">
          <thead className="text-left text-ink-3 max-tablet:sr-only">
            <tr>
              <th scope="col" className="w-32 pr-2 font-normal">
                Service
              </th>
              {zones.map((zone) => (
                <th key={zone ?? none} scope="col" className="min-w-28 px-2 font-normal">
                  {zone ?? 'no zone told'}
                </th>
              ))}
              <th scope="col" className="px-2 font-normal">
                Builds
              </th>
            </tr>
          </thead>
          <tbody className="max-tablet:block">
            {shown.map(({ service, byZone, builds }) => (
              <tr key={service ?? none} className="max-tablet:mb-3 max-tablet:block">
                <th scope="row" className="pr-2 text-left font-semibold max-tablet:block">
                  {service ?? 'no service told'}
                </th>
                {zones.map((zone) => (
                  <td key={zone ?? none} className="p-0 max-tablet:block">
                    <Cell service={service} zone={zone} group={byZone.get(zone)} />
                  </td>
                ))}
                <td className="figures px-2 text-ink-2 max-tablet:block max-tablet:px-0">{describeBuilds(builds)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {services.length > servicesShown && (
        <Button look="ghost" className="mt-1" onClick={() => setWhole(!isWhole)}>
          {isWhole ? 'Show fewer services' : `Show all ${formatCount(services.length)} services`}
        </Button>
      )}
    </section>
  );
}

interface CellProps {
  readonly service: string | undefined;
  readonly zone: string | undefined;
  readonly group: Group | undefined;
}

function Cell({ service, zone, group }: CellProps): ReactNode {
  const place = usePlace();
  if (group === undefined) return <span className="sr-only">none</span>;
  const { instances, refused, behind, offline, repairs } = group;
  const worst =
    refused > 0
      ? { words: `${formatCount(refused)} refused`, style: 'border-l-red bg-red-wash', text: 'text-red-text' }
      : behind > 0
        ? { words: `${formatCount(behind)} behind`, style: 'border-l-amber bg-amber-wash', text: 'text-amber-text' }
        : offline > 0
          ? { words: `${formatCount(offline)} offline`, style: 'border-l-amber bg-amber-wash', text: 'text-amber-text' }
          : repairs > 0
            ? { words: `${formatCount(repairs)} to repair`, style: 'border-l-series-2 bg-hover', text: 'text-ink-2' }
            : { words: '', style: 'border-l-transparent bg-hover', text: '' };
  return (
    <Link
      to="/$project/$environment/fleet"
      params={place}
      search={{ service: service ?? none, zone: zone ?? none }}
      data-edge={worst.words === '' ? undefined : true}
      className={join(
        'flex min-h-7 items-center gap-2 rounded-chip border-l-3 px-2 hover:brightness-95 max-tablet:mt-1 max-tablet:min-h-11',
        worst.style,
      )}
    >
      <span className="text-ink-2 tablet:sr-only">{zone ?? 'no zone told'}</span>
      <span className="figures">{formatCount(instances)}</span>
      <span className={join('figures ml-auto whitespace-nowrap font-semibold text-small', worst.text)}>
        {worst.words}
      </span>
    </Link>
  );
}
