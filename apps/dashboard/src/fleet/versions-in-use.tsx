import type { FleetView } from '@sluice/api-client';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { usePlace } from '../place.ts';
import { formatCount } from '../ui/duration.ts';
import { join } from '../ui/join.ts';
import { logLength } from './log-length.ts';

const shownMost = 5;

/** Who runs which version; on a log scale, so that 1 of 10,000 is seen. Each is a filter of the list. */
export function VersionsInUse({ fleet }: { readonly fleet: FleetView }): ReactNode {
  const place = usePlace();
  const { version: newest, versions, matters } = fleet;
  const rows = versions.some(({ version }) => version === newest)
    ? versions
    : [{ version: newest, instances: 0 }, ...versions];
  const most = Math.max(1, ...rows.map(({ instances }) => instances));
  const hidden = rows.slice(shownMost);
  // Whoever is merely on its way is not late.
  const isLate = matters.behind > 0;
  return (
    <section aria-labelledby="versions-in-use">
      <h2 id="versions-in-use">Versions in use</h2>
      <ul className="mt-2">
        {rows.slice(0, shownMost).map(({ version, instances }) => {
          const isOld = version !== newest;
          const name = version === undefined ? 'none told' : `v${formatCount(version)}`;
          const tone = isOld && instances > 0 && isLate ? 'font-semibold text-amber-text' : '';
          const fill = !isOld ? 'fill-series-2' : isLate ? 'fill-amber' : 'fill-accent';
          return (
            <li
              key={version ?? -1}
              className="relative grid min-h-7 grid-cols-[5.5rem_1fr_4.5rem] items-center gap-x-3"
            >
              {version === undefined ? (
                <span className="text-ink-2">{name}</span>
              ) : (
                <Link
                  to="/$project/$environment/fleet"
                  params={place}
                  search={{ version: String(version) }}
                  aria-label={`${name}: ${formatCount(instances)} instances`}
                  className={join('figures before:absolute before:inset-0 hover:underline', tone)}
                >
                  {name}
                </Link>
              )}
              <svg aria-hidden width="100%" height="14">
                <rect width="100%" height="14" rx="2" className="fill-hover" />
                <rect width={`${logLength(instances, most) * 100}%`} height="14" rx="2" className={fill} />
              </svg>
              <span className={join('figures text-right', isOld ? tone || 'text-ink-2' : 'font-semibold')}>
                {formatCount(instances)}
              </span>
            </li>
          );
        })}
      </ul>
      <p className="figures mt-1 text-ink-3 text-small">
        {hidden.length > 0 &&
          `${formatCount(hidden.length)} more ${hidden.length === 1 ? 'version' : 'versions'} on ${formatCount(hidden.reduce((sum, { instances }) => sum + instances, 0))} instances. `}
        Length on a log scale, so that 1 of 10,000 is seen.
      </p>
    </section>
  );
}
