import type { Page, SegmentUseView } from '@sluice/api-client';
import type { UseQueryResult } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { State } from '../flags/flag-row.tsx';
import { usePlace } from '../place.ts';
import { KindIcon } from '../ui/kind-icon.tsx';
import { Loaded } from '../ui/loaded.tsx';
import { Name } from '../ui/name.tsx';

/** Flags and segments that ask it: their answers change with it. */
export function SegmentUses({ query }: { readonly query: UseQueryResult<Page<SegmentUseView>> }): ReactNode {
  const place = usePlace();
  return (
    <section aria-labelledby="used-by" className="min-w-0">
      <h2 id="used-by" className="border-line border-b py-3">
        Used by
      </h2>
      <Loaded query={query} what="Who uses it" rows={2}>
        {({ items, nextCursor }) =>
          items.length === 0 ? (
            <p className="py-2 text-ink-2">Nobody yet. A rule of a flag asks it by “is in segment”.</p>
          ) : (
            <ul>
              {items.map(({ kind, key, state }) => (
                <li key={`${kind} ${key}`} className="relative border-line border-b py-2 hover:bg-hover">
                  <Link
                    to={`/$project/$environment/${kind === 'flag' ? 'flags' : 'segments'}/$key`}
                    params={{ ...place, key }}
                    className="flex min-w-0 items-center gap-2 before:absolute before:inset-0"
                  >
                    <KindIcon kind={kind === 'flag' ? 'release' : 'segment'} />
                    <Name>{key}</Name>
                  </Link>
                  {state !== undefined && (
                    <p className="pl-5.5 text-ink-2">
                      <State state={state} />
                    </p>
                  )}
                </li>
              ))}
              {nextCursor !== undefined && <li className="py-2 text-ink-2">and more</li>}
            </ul>
          )
        }
      </Loaded>
    </section>
  );
}
