import type { ContextsView, SampledContextView } from '@sluice/api-client';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { ChevronRight } from 'lucide-react';
import { type ReactNode, useEffect, useState } from 'react';
import { api } from '../api.ts';
import { usePlace } from '../place.ts';
import { after } from '../platform.ts';
import { useEnvironment } from '../shell/environment.ts';
import { Button } from '../ui/button.tsx';
import { Chip } from '../ui/chip.tsx';
import { Age } from '../ui/clock.tsx';
import { formatCount } from '../ui/duration.ts';
import { SearchField } from '../ui/field.tsx';
import { FilterMenu } from '../ui/filter-menu.tsx';
import { Failure } from '../ui/loaded.tsx';
import { Loading } from '../ui/loading.tsx';
import { LongList, type RowPlace } from '../ui/long-list.tsx';
import { Message } from '../ui/message.tsx';
import { More } from '../ui/more.tsx';
import { Name, ShortName } from '../ui/name.tsx';
import { Page } from '../ui/page.tsx';
import { describeAttributes, describeSample, listAttributes } from './describe-context.ts';

const kinds = ['user', 'account', 'device', 'multi'];

/** For whom SDKs evaluated: a sample, and without what is private. */
export function ContextsPage(): ReactNode {
  const place = usePlace();
  const { name } = useEnvironment();
  const navigate = useNavigate();
  const { q = '', kind } = useSearch({ strict: false });
  const [text, setText] = useState(q);
  const show = (search: { readonly q?: string | undefined; readonly kind?: string | undefined }) => {
    const { q: words = '', kind: wanted } = search;
    void navigate({
      to: '/$project/$environment/contexts',
      params: place,
      search: { ...(words !== '' && { q: words }), ...(wanted !== undefined && { kind: wanted }) },
      replace: true,
    });
  };
  useEffect(() => setText(q), [q]);
  useEffect(() => (text === q ? undefined : after(200, () => show({ q: text, kind }))));
  const query = useInfiniteQuery({
    queryKey: [place.project, place.environment, 'contexts', q, kind],
    queryFn: ({ pageParam }) =>
      api.listContexts(place, {
        ...(q !== '' && { search: q }),
        ...(kind !== undefined && { kind }),
        limit: 100,
        ...(pageParam !== '' && { cursor: pageParam }),
      }),
    initialPageParam: '',
    getNextPageParam: (page) => page.nextCursor,
    placeholderData: (before) => before,
    // Nothing tells that contexts were seen: who comes back to the page sees them as they are then.
    staleTime: 30_000,
  });
  const [first] = query.data?.pages ?? [];
  const rows = query.data?.pages.flatMap(({ items }) => items) ?? [];
  const isFiltered = q !== '' || kind !== undefined;
  return (
    <Page
      name={`Contexts, ${name}`}
      title="Contexts"
      beside={first && <span className="figures">{formatCount(first.sampled)} sampled</span>}
      below={first && first.sampled > 0 && <Sample view={first} />}
    >
      <div className="flex flex-wrap items-center gap-2 pb-3">
        <SearchField
          label="Find a context"
          className="w-100 max-tablet:w-full"
          value={text}
          onChange={({ target }) => setText(target.value)}
          found={first !== undefined && isFiltered ? `${formatCount(first.total)} found` : undefined}
        />
        <FilterMenu
          label="Kind"
          chosen={kind}
          options={[...new Set([...kinds, ...rows.map((row) => row.kind)])].map((value) => ({
            value,
            label: value === 'multi' ? 'several at once' : value,
          }))}
          choose={(next) => show({ q, kind: next })}
        />
      </div>
      {query.isPending && <Loading />}
      {query.error !== null && <Failure what="The contexts" error={query.error} retry={() => void query.refetch()} />}
      {first?.total === 0 &&
        (isFiltered ? (
          <Message title="No sampled context is so" action={<Button onClick={() => show({})}>Clear filter</Button>}>
            Words are looked for in keys and attributes. The sample does not have everyone.
          </Message>
        ) : (
          <Message title="No contexts yet">
            SDKs tell for whom they evaluated within a minute. Instances, requests and records are never among them.
          </Message>
        ))}
      {rows.length > 0 && (
        <LongList
          rows={rows}
          keyOf={nameOf}
          total={first?.total}
          aria-label="Contexts"
          className="-mx-6 border-line border-t max-tablet:-mx-4"
        >
          {(row, at) => <ContextRow key={nameOf(row)} context={row} at={at} />}
        </LongList>
      )}
      <More query={query} />
    </Page>
  );
}

function Sample({ view }: { readonly view: ContextsView }): ReactNode {
  return (
    <>
      {describeSample(view)}
      {view.oldestAt !== undefined && (
        <>
          {' '}
          The oldest was seen <Age at={view.oldestAt} /> ago.
        </>
      )}
    </>
  );
}

function nameOf({ kind, key }: SampledContextView): string {
  return `${kind} ${key}`;
}

/** One line; opened, it shows every attribute. */
function ContextRow({ context, at }: { readonly context: SampledContextView; readonly at: RowPlace }): ReactNode {
  const { kind, key, redacted, lastSeenAt } = context;
  return (
    <li {...at} className="border-line border-b">
      <details className="group">
        <summary
          data-row={key}
          className="grid min-h-9 cursor-pointer list-none items-center gap-x-4 gap-y-0.5 px-6 hover:bg-hover max-tablet:grid-cols-[1rem_minmax(0,1fr)_auto] max-tablet:px-4 max-tablet:py-2.5 tablet:grid-cols-[1rem_6rem_minmax(0,1.5fr)_minmax(0,3fr)_4rem]"
        >
          <ChevronRight aria-hidden size={14} className="text-ink-3 group-open:rotate-90" />
          <span className="truncate text-ink-2 max-tablet:col-start-2 max-tablet:row-start-2" title={kind}>
            {kind}
          </span>
          <span className="min-w-0 max-tablet:col-start-2 max-tablet:row-start-1">
            <ShortName name={key} />
          </span>
          <span className="truncate text-ink-2 max-tablet:hidden">{describeAttributes(context)}</span>
          <span className="text-right text-ink-2 max-tablet:col-start-3 max-tablet:row-start-1">
            <Age at={lastSeenAt} />
          </span>
        </summary>
        <dl className="grid gap-x-4 bg-sunk py-2 pr-6 pl-14 max-tablet:pr-4 max-tablet:pl-12 tablet:grid-cols-[minmax(0,14rem)_minmax(0,1fr)]">
          {listAttributes(context).map(({ path, value }) => (
            <div key={path} className="contents">
              <dt className="pt-1 text-ink-2">
                <Name isBold={false}>{path}</Name>
              </dt>
              <dd className="pt-1">
                <Name isBold={false}>{value}</Name>
              </dd>
            </div>
          ))}
          {redacted.map((path) => (
            <div key={`redacted ${path}`} className="contents">
              <dt className="pt-1 text-ink-2">
                <Name isBold={false}>{path}</Name>
              </dt>
              <dd className="pt-1">
                <Chip>not kept</Chip> <span className="text-ink-3">private, or too large</span>
              </dd>
            </div>
          ))}
        </dl>
      </details>
    </li>
  );
}
