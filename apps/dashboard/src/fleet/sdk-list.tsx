import type { FleetView } from '@sluice/api-client';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { usePlace } from '../place.ts';
import { formatCount } from '../ui/duration.ts';

/** Which SDKs are there; those that cannot acknowledge are counted apart. */
export function SdkList({ fleet }: { readonly fleet: FleetView }): ReactNode {
  const { live, sdks, foreign } = fleet;
  return (
    <section aria-labelledby="sdks" className="min-w-0">
      <h2 id="sdks" className="inline">
        SDKs
      </h2>{' '}
      <span className="figures text-ink-2">
        {formatCount(live)} with proof
        {foreign.live > 0 && `, ${formatCount(foreign.live)} counted apart`}
      </span>
      <ul className="mt-1">
        {sdks.map(({ sdk, instances }) => (
          <Row key={sdk} sdk={sdk} instances={instances}>
            acknowledge
          </Row>
        ))}
        {foreign.sdks.map(({ sdk, instances, delivered, inferred }) => (
          <Row key={`other ${sdk}`} sdk={sdk} instances={instances}>
            {formatCount(delivered)} sent the newest, {formatCount(inferred)} used it
          </Row>
        ))}
      </ul>
      {foreign.live > 0 && (
        <p className="mt-1 text-ink-3 text-small">
          Other vendors' SDKs cannot acknowledge: what was sent to them, and what their events prove, is all that is
          known.
        </p>
      )}
    </section>
  );
}

interface RowProps {
  readonly sdk: string;
  readonly instances: number;
  readonly children: ReactNode;
}

function Row({ sdk, instances, children }: RowProps): ReactNode {
  const place = usePlace();
  const [name = sdk, version = ''] = sdk.split('/');
  return (
    <li className="relative grid min-h-8 grid-cols-[minmax(0,1fr)_auto_auto] items-center gap-x-3 hover:bg-hover">
      <Link
        to="/$project/$environment/fleet"
        params={place}
        search={{ sdk }}
        className="min-w-0 before:absolute before:inset-0"
      >
        {name} <span className="figures text-ink-2">{version}</span>
      </Link>
      <b className="figures">{formatCount(instances)}</b>
      <span className="figures min-w-24 text-ink-2 text-small">{children}</span>
    </li>
  );
}
