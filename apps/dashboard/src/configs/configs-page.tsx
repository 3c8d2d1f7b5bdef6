import type { FlagRowView, MatterView } from '@sluice/api-client';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Plus } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import { api } from '../api.ts';
import { usePlace } from '../place.ts';
import { useMay } from '../session/may.ts';
import { useEnvironment, useNowView } from '../shell/environment.ts';
import { Button } from '../ui/button.tsx';
import { Age } from '../ui/clock.tsx';
import { formatCount } from '../ui/duration.ts';
import { SearchField } from '../ui/field.tsx';
import { join } from '../ui/join.ts';
import { Failure } from '../ui/loaded.tsx';
import { Loading } from '../ui/loading.tsx';
import { LongList, type RowPlace } from '../ui/long-list.tsx';
import { Message } from '../ui/message.tsx';
import { More } from '../ui/more.tsx';
import { Name } from '../ui/name.tsx';
import { Page } from '../ui/page.tsx';
import { CreateConfigDialog } from './create-config-dialog.tsx';

const columns =
  'grid items-center gap-x-4 px-6 max-tablet:grid-cols-[minmax(0,1fr)_minmax(0,9rem)] max-tablet:px-4 tablet:grid-cols-[minmax(0,1fr)_minmax(6rem,11rem)_5rem_minmax(7rem,14rem)_3.5rem] desktop:grid-cols-[minmax(0,1fr)_minmax(6rem,11rem)_5rem_minmax(7rem,14rem)_8rem_3.5rem]';

/** All configs with the value in force, and who refuses theirs. */
export function ConfigsPage(): ReactNode {
  const place = usePlace();
  const { name } = useEnvironment();
  const [text, setText] = useState('');
  const [isCreating, setCreating] = useState(false);
  const forbidden = useMay().refuseInProject('editor');
  const matters = useNowView().data?.matters ?? [];
  const query = useInfiniteQuery({
    queryKey: [place.project, place.environment, 'configs', text],
    queryFn: ({ pageParam }) =>
      api.listFlagRows(place, {
        kind: 'config',
        ...(text !== '' && { search: text }),
        limit: 100,
        ...(pageParam !== '' && { cursor: pageParam }),
      }),
    initialPageParam: '',
    getNextPageParam: (page) => page.nextCursor,
    placeholderData: (before) => before,
  });
  const rows = query.data?.pages.flatMap(({ items }) => items) ?? [];
  const total = query.data?.pages[0]?.total;
  const create = (
    <Button refusal={forbidden} onClick={() => setCreating(true)}>
      <Plus aria-hidden size={14} /> New config
    </Button>
  );
  const isEmpty = query.data !== undefined && rows.length === 0;
  return (
    <Page
      name={`Configs, ${name}`}
      title="Configs"
      beside={total !== undefined && total > 0 && text === '' && `${formatCount(total)} in ${name}`}
      actions={!(isEmpty && text === '') && create}
    >
      {!(isEmpty && text === '') && (
        <SearchField
          label="Filter configs"
          className="mb-3 max-w-80"
          value={text}
          onChange={({ target }) => setText(target.value)}
          {...(text !== '' && total !== undefined && { found: formatCount(total) })}
        />
      )}
      {query.isPending && <Loading />}
      {query.error !== null && <Failure what="The configs" error={query.error} retry={() => void query.refetch()} />}
      {isEmpty && text === '' && (
        <Message title="No configs yet" action={create}>
          A config is a number or text in code that changes while everything runs, within bounds.
        </Message>
      )}
      {isEmpty && text !== '' && (
        <Message
          title={`No config matches ${text}`}
          action={<Button onClick={() => setText('')}>Clear filter</Button>}
        />
      )}
      {rows.length > 0 && (
        <div className="-mx-6 max-tablet:-mx-4">
          <p aria-hidden className={join(columns, 'border-line border-b pb-1 text-ink-3 max-tablet:hidden')}>
            <span>Config</span>
            <span>Value in force</span>
            <span>Layers</span>
            <span>Refused</span>
            <span className="max-desktop:hidden">Owner</span>
            <span className="text-right">Changed</span>
          </p>
          <LongList rows={rows} keyOf={keyOf} total={total}>
            {(row, at) => <ConfigRow key={row.key} row={row} refusals={refusalsOf(row.key, matters)} at={at} />}
          </LongList>
        </div>
      )}
      <More query={query} />
      {isCreating && <CreateConfigDialog close={() => setCreating(false)} />}
    </Page>
  );
}

function keyOf({ key }: FlagRowView): string {
  return key;
}

/** By how many instances a config is refused. */
function refusalsOf(key: string, matters: readonly MatterView[]): number {
  return matters.reduce(
    (sum, matter) => (matter.kind === 'refused' && matter.flag === key ? sum + matter.instances : sum),
    0,
  );
}

interface ConfigRowProps {
  readonly row: FlagRowView;
  readonly refusals: number;
  readonly at: RowPlace;
}

function ConfigRow({ row, refusals, at }: ConfigRowProps): ReactNode {
  const place = usePlace();
  const { key, name, description, state, owner, changedAt } = row;
  // The sentence is the value, and how many layers there are besides.
  const [value, , layers] = state.parts;
  return (
    <li
      {...at}
      data-edge={refusals > 0 ? '' : undefined}
      className={join(
        columns,
        'relative min-h-9 border-line border-b border-l-4 py-1.5 hover:bg-hover max-tablet:min-h-11 max-tablet:pl-3 tablet:pl-5',
        refusals > 0 ? 'border-l-red' : 'border-l-transparent',
      )}
    >
      <Link
        data-row={key}
        to="/$project/$environment/configs/$key"
        params={{ ...place, key }}
        className="flex min-w-0 items-baseline gap-2 before:absolute before:inset-0"
      >
        <Name>{key}</Name>
        <span className="min-w-0 flex-1 truncate text-ink-2 max-tablet:sr-only">
          {description || (name === key ? '' : name)}
        </span>
      </Link>
      <span className="figures min-w-0 font-mono truncate font-semibold max-tablet:text-right">{value?.text}</span>
      <span className="text-ink-2 max-tablet:hidden">{layers?.text ?? ''}</span>
      <span className={join('min-w-0', refusals === 0 && 'max-tablet:hidden')}>
        {refusals > 0 && (
          <b className="text-red-text">
            <span className="tablet:sr-only">refused </span>by {formatCount(refusals)}{' '}
            {refusals === 1 ? 'instance' : 'instances'}
          </b>
        )}
      </span>
      <span className="truncate text-ink-2 max-desktop:hidden">
        {owner === '' ? <span className="text-ink-3">nobody</span> : owner}
      </span>
      <span className="text-right text-ink-2 max-tablet:hidden">
        <Age at={changedAt} />
      </span>
    </li>
  );
}
