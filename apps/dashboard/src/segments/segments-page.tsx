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

/** Sets of contexts that rules ask by name. */
export function SegmentsPage(): ReactNode {
  const place = usePlace();
  const { name } = useEnvironment();
  const query = useQuery({
    queryKey: [place.project, place.environment, 'segments', 'all'],
    queryFn: async () => (await api.listSegments(place)).items,
  });
  return (
    <Page name={`Segments, ${name}`} title="Segments">
      <Loaded query={query} what="The segments">
        {(segments) =>
          segments.length === 0 ? (
            <Message title="No segments yet">
              A segment is a set of contexts that many rules can ask by one name.
            </Message>
          ) : (
            <ul className="-mx-6 border-line border-t max-tablet:-mx-4">
              {segments.map(({ key, name: title, included, rules }) => (
                <li
                  key={key}
                  className="flex min-h-9 flex-wrap items-center gap-x-4 border-line border-b px-6 max-tablet:px-4"
                >
                  <Name>{key}</Name>
                  <span className="text-ink-2">{title !== key && title}</span>
                  <span className="figures ml-auto text-ink-2">
                    {formatCount(included.reduce((sum, { keys }) => sum + keys.length, 0))} keys, {rules.length} rules
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
