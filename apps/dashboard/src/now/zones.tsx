import type { NowView } from '@sluice/api-client';
import type { ReactNode } from 'react';
import { countOf, formatCount } from '../ui/duration.ts';

/** Who has the newest version, by zone. */
export function Zones({ view }: { readonly view: NowView }): ReactNode {
  const { zones, version } = view;
  if (zones.length === 0) {
    return (
      <section className="mt-6">
        <h2>Who has it</h2>
        <p className="text-ink-2">No instance is connected yet. An SDK with this environment's key appears here.</p>
      </section>
    );
  }
  const all = zones.reduce((sum, zone) => sum + zone.instances, 0);
  const has = zones.reduce((sum, zone) => sum + zone.has, 0);
  return (
    <section className="mt-6">
      <h2 className="inline">Who has it</h2>{' '}
      <span className="text-ink-2">
        {formatCount(has)} of {formatCount(all)} run the newest version
        {has < all ? '.' : ', which is all.'}
      </span>
      <ul className="mt-2 grid gap-x-8 gap-y-4 tablet:grid-cols-2 desktop:grid-cols-3">
        {zones.map((zone) => (
          <li key={zone.zone ?? ''}>
            <span className="flex flex-wrap gap-x-2">
              <b>{zone.zone ?? 'no zone told'}</b>
              <span className="figures text-ink-2">{countOf(zone.instances, 'instance')}</span>
              {zone.behind > 0 && <b className="figures ml-auto text-amber-text">{formatCount(zone.behind)} behind</b>}
            </span>
            <svg aria-hidden width="100%" height="8" className="mt-1 block">
              <rect width="100%" height="8" rx="2" className="fill-series-3" />
              <rect
                width={`${((zone.has + zone.behind) / zone.instances) * 100}%`}
                height="8"
                rx="2"
                className="fill-amber"
              />
              <rect width={`${(zone.has / zone.instances) * 100}%`} height="8" rx="2" className="fill-series-2" />
            </svg>
            <span className="figures text-ink-2">
              {formatCount(zone.has)} on v{formatCount(version)}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
