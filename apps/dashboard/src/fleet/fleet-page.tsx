import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { api } from '../api.ts';
import { usePlace } from '../place.ts';
import { useEnvironment } from '../shell/environment.ts';
import { formatCount } from '../ui/duration.ts';
import { Loaded } from '../ui/loaded.tsx';
import { Message } from '../ui/message.tsx';
import { Name } from '../ui/name.tsx';
import { Page } from '../ui/page.tsx';

/** Who is connected, and what they run. */
export function FleetPage(): ReactNode {
  const place = usePlace();
  const { name } = useEnvironment();
  const query = useQuery({
    queryKey: [place.project, place.environment, 'fleet', 'first'],
    queryFn: () => api.getFleet(place, { limit: 100 }),
  });
  return (
    <Page name={`Fleet, ${name}`} title="Fleet" beside={query.data && `${formatCount(query.data.live)} instances`}>
      <Loaded query={query} what="The fleet">
        {({ items }) =>
          items.length === 0 ? (
            <Message title="No instance is connected">
              An SDK with a key of this environment appears here within a second.
            </Message>
          ) : (
            <ul className="-mx-6 border-line border-t max-tablet:-mx-4">
              {items.map(({ instance, session, state, version, sdk }) => (
                <li
                  key={session}
                  className="flex min-h-9 flex-wrap items-center gap-x-4 border-line border-b px-6 max-tablet:px-4"
                >
                  <Name>{instance}</Name>
                  <span className={state === 'current' ? 'text-ink-2' : 'text-amber-text'}>{state}</span>
                  <span className="text-ink-2">{sdk}</span>
                  <span className="figures ml-auto text-ink-2">
                    {version !== undefined && `v${formatCount(version)}`}
                  </span>
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
    </Page>
  );
}
