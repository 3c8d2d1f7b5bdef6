import type { ChangeView } from '@sluice/api-client';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { type ReactNode, useEffect, useState } from 'react';
import { api } from '../api.ts';
import { Converging } from '../convergence/converging.tsx';
import { NewFlagButton } from '../flags/new-flag-button.tsx';
import { usePlace } from '../place.ts';
import { after } from '../platform.ts';
import { useEnvironment } from '../shell/environment.ts';
import { Button } from '../ui/button.tsx';
import { formatCount } from '../ui/duration.ts';
import { SearchField } from '../ui/field.tsx';
import { join } from '../ui/join.ts';
import { Failure } from '../ui/loaded.tsx';
import { Loading } from '../ui/loading.tsx';
import { LongList } from '../ui/long-list.tsx';
import { Message } from '../ui/message.tsx';
import { More } from '../ui/more.tsx';
import { Page } from '../ui/page.tsx';
import { CausesLegend } from './calls-bars.tsx';
import { type ValveAct, ValveDialogs } from './valve-dialogs.tsx';
import { lineGrid, ValveLine } from './valve-line.tsx';
import { tileGrid, ValveTile } from './valve-tile.tsx';

/** All valves: those that are off normal tall and first, the others a line each. */
export function ValvesPage(): ReactNode {
  const place = usePlace();
  const { name } = useEnvironment();
  const { q = '' } = useSearch({ strict: false });
  const navigate = useNavigate();
  const [text, setText] = useState(q);
  const [act, setAct] = useState<ValveAct>();
  const [applied, setApplied] = useState<ChangeView>();
  const search = (next: string) =>
    void navigate({
      to: '/$project/$environment/valves',
      params: place,
      search: next === '' ? {} : { q: next },
      replace: true,
    });
  useEffect(() => setText(q), [q]);
  useEffect(() => (text === q ? undefined : after(120, () => search(text))));
  const query = useInfiniteQuery({
    queryKey: [place.project, place.environment, 'valves', q],
    queryFn: ({ pageParam }) =>
      api.listValves(place, {
        ...(q !== '' && { search: q }),
        // The first soon; whoever goes on has a way to go.
        limit: pageParam === '' ? 40 : 100,
        ...(pageParam !== '' && { cursor: pageParam }),
      }),
    initialPageParam: '',
    getNextPageParam: (page) => page.nextCursor,
    placeholderData: (before) => before,
  });
  const [first] = query.data?.pages ?? [];
  const { tripped = 0, normal = 0 } = first?.counts ?? {};
  const lines = query.data?.pages.flatMap(({ items }) => items) ?? [];
  return (
    <>
      <Page
        name={tripped === 0 ? `Valves, ${name}` : `${tripped} tripped, valves, ${name}`}
        title="Valves"
        beside={
          first !== undefined && (
            <span className="figures">
              {tripped > 0 && <b className="mr-2 text-amber-text">{formatCount(tripped)} tripped</b>}
              {normal > 0 && `${formatCount(normal)} normal`}
            </span>
          )
        }
        actions={
          <>
            <Button
              look="ghost"
              className="max-tablet:hidden"
              busy={query.isRefetching && 'Refreshing'}
              onClick={() => void query.refetch()}
            >
              Refresh calls
            </Button>
            <SearchField
              label="Filter valves"
              className="w-60 max-tablet:w-full"
              value={text}
              onChange={({ target }) => setText(target.value)}
            />
          </>
        }
      >
        {query.error !== null && <Failure what="The valves" error={query.error} retry={() => void query.refetch()} />}
        {query.isPending && <Loading rows={8} />}
        {first !== undefined && tripped + normal === 0 && <Empty query={q} clear={() => search('')} />}
        {first !== undefined && first.tripped.length > 0 && (
          <section aria-label="Tripped" className="-mx-6 max-tablet:-mx-4">
            <div className={join(tileGrid, 'border-line border-b pb-1.5 text-ink-3 max-desktop:hidden')}>
              <span>Tripped</span>
              <span>Who, why, until</span>
              <CausesLegend />
              <span>Top accounts, 5 min</span>
            </div>
            <ul className="max-desktop:border-line max-desktop:border-t">
              {first.tripped.map((valve) => (
                <ValveTile key={valve.key} valve={valve} at={query.dataUpdatedAt} open={setAct} />
              ))}
            </ul>
            {tripped > first.tripped.length && (
              <p className="px-6 py-2 text-ink-2 max-tablet:px-4">
                {formatCount(tripped - first.tripped.length)} more are tripped. Filter to see them.
              </p>
            )}
          </section>
        )}
        {lines.length > 0 && (
          <section aria-labelledby="normal" className="-mx-6 max-tablet:-mx-4">
            <h2 id="normal" className="px-6 pt-5 pb-2 max-tablet:px-4">
              {tripped === 0 && q === '' ? `All normal in ${name}` : 'Normal'}{' '}
              <span className="font-normal text-ink-3 max-tablet:hidden">by tag</span>
            </h2>
            <div aria-hidden className={join(lineGrid, 'border-line border-b pb-1.5 text-ink-3 max-tablet:hidden')}>
              <span>Valve</span>
              <span className="max-desktop:hidden">Tags</span>
              <span>Modes, mildest first</span>
              <span>Calls by cause, 3 h</span>
              <span className="max-desktop:hidden">Other modes last served</span>
              <span className="max-desktop:hidden">Owner</span>
            </div>
            <LongList
              rows={lines}
              keyOf={({ key }) => key}
              total={normal}
              className="max-tablet:border-line max-tablet:border-t"
            >
              {(valve, at) => <ValveLine key={valve.key} valve={valve} open={setAct} at={at} />}
            </LongList>
            <div className="px-6 max-tablet:px-4">
              <More query={query} label={`${formatCount(normal - lines.length)} more normal valves`} />
            </div>
          </section>
        )}
      </Page>
      {applied !== undefined && <Converging key={applied.id} change={applied} close={() => setApplied(undefined)} />}
      <ValveDialogs
        act={act}
        close={() => setAct(undefined)}
        applied={(change) => {
          setAct(undefined);
          setApplied(change);
        }}
      />
    </>
  );
}

function Empty({ query, clear }: { readonly query: string; readonly clear: () => void }): ReactNode {
  if (query === '') {
    return (
      <Message title="No valves yet" action={<NewFlagButton kind="valve" />}>
        A valve lets you degrade one feature in a second, for everybody or one account.
      </Message>
    );
  }
  return (
    <Message title={`No valve matches ${query}`} action={<Button onClick={clear}>Clear filter</Button>}>
      Words are looked for in keys, names, descriptions and tags.
    </Message>
  );
}
