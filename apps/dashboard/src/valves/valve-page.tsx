import type { ChangeView, ValveRowView } from '@sluice/api-client';
import { useQuery } from '@tanstack/react-query';
import { useParams, useSearch } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import { api } from '../api.ts';
import { Converging } from '../convergence/converging.tsx';
import { CodeTab } from '../flag/code-tab.tsx';
import { ExplainTab } from '../flag/explain-tab.tsx';
import { HistoryTab } from '../flag/history-tab.tsx';
import { useSettings } from '../flag/use-settings.tsx';
import { usePlace } from '../place.ts';
import { useRefusal } from '../session/refusal.ts';
import { useEnvironment } from '../shell/environment.ts';
import { Button } from '../ui/button.tsx';
import { Chip } from '../ui/chip.tsx';
import { Clock, useNow } from '../ui/clock.tsx';
import { formatAgo, formatCount, formatShare } from '../ui/duration.ts';
import { KindIcon } from '../ui/kind-icon.tsx';
import { Loaded } from '../ui/loaded.tsx';
import { LoadedPage } from '../ui/loaded-page.tsx';
import { Name } from '../ui/name.tsx';
import { Page } from '../ui/page.tsx';
import { Tabs } from '../ui/tabs.tsx';
import { CallsBars, CausesLegend } from './calls-bars.tsx';
import { CallsOverTime } from './calls-over-time.tsx';
import { Lacks } from './lacks.tsx';
import { ModeSwitch } from './mode-switch.tsx';
import { describeLately } from './rate.ts';
import { sayBuilds } from './reach-words.ts';
import { TopAccounts } from './top-accounts.tsx';
import { TripRow } from './trip-row.tsx';
import { useReach } from './use-reach.ts';
import { type OpenValveDialog, type ValveAct, ValveDialogs } from './valve-dialogs.tsx';

const tabs = [
  { id: 'valve', name: 'Valve' },
  { id: 'history', name: 'History' },
  { id: 'explain', name: 'Explain' },
  { id: 'code', name: 'Code' },
  { id: 'settings', name: 'Settings' },
] as const;

export function ValvePage(): ReactNode {
  const place = usePlace();
  const { key = '' } = useParams({ strict: false });
  const query = useQuery({
    queryKey: [place.project, place.environment, 'flag', key, 'valve'],
    queryFn: () => api.getValve(place, key),
  });
  return (
    <LoadedPage query={query} what="valve" name={key}>
      {(valve) => <LoadedValve key={`${place.environment} ${key}`} valve={valve} at={query.dataUpdatedAt} />}
    </LoadedPage>
  );
}

interface ValveProps {
  readonly valve: ValveRowView;
  /** When it was told. */
  readonly at: number;
}

function LoadedValve({ valve, at }: ValveProps): ReactNode {
  const place = usePlace();
  const { name: environment } = useEnvironment();
  const { tab = 'valve' } = useSearch({ strict: false });
  const refusal = useRefusal('operator');
  const [act, setAct] = useState<ValveAct>();
  const [applied, setApplied] = useState<ChangeView>();
  // What it has in common with every flag: asked for by the first tab that shows it, then kept new for its edits.
  const isFlagTab = tab === 'explain' || tab === 'code' || tab === 'settings';
  const flagQuery = useQuery({
    queryKey: [place.project, place.environment, 'flag', valve.key],
    queryFn: () => api.getFlag(place, valve.key),
    enabled: ({ state }) => isFlagTab || state.data !== undefined,
  });
  const settings = useSettings(flagQuery.data, setApplied);
  return (
    <>
      <Page
        name={`${valve.key}, ${environment}`}
        title={<Name>{valve.key}</Name>}
        beside={
          <span className="flex flex-wrap items-center gap-2">
            <Chip>
              <KindIcon kind="valve" /> <span className="ml-1">valve</span>
            </Chip>
            {valve.description !== '' ? valve.description : valve.name !== valve.key && valve.name}
          </span>
        }
        below={[valve.tags.join(', '), valve.owner !== '' && `owned by ${valve.owner}`].filter(Boolean).join(', ')}
        actions={
          <Button refusal={refusal} onClick={() => setAct({ kind: 'trip', valve })}>
            Trip…
          </Button>
        }
      >
        <Tabs tabs={tabs} current={tab} />
        {settings.conflict}
        {tab === 'valve' && <Overview valve={valve} at={at} open={setAct} />}
        {tab === 'history' && <HistoryTab flag={valve.key} />}
        {isFlagTab && (
          <Loaded query={flagQuery} what="The flag">
            {(flag) => {
              if (tab === 'settings') return settings.tab;
              return tab === 'code' ? <CodeTab flag={flag} /> : <ExplainTab flag={flag} />;
            }}
          </Loaded>
        )}
      </Page>
      {settings.review ??
        (applied !== undefined && <Converging key={applied.id} change={applied} close={() => setApplied(undefined)} />)}
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

function Overview({ valve, at, open }: ValveProps & { readonly open: OpenValveDialog }): ReactNode {
  const time = useNow();
  const reach = useReach(valve.key).data;
  const builds = reach && sayBuilds(reach, 6);
  return (
    <>
      <div className="grid gap-x-10 gap-y-5 pt-4 desktop:grid-cols-[minmax(0,5fr)_minmax(0,4fr)]">
        <section aria-label="Now" className="min-w-0">
          <ModeSwitch valve={valve} />
          <p className="mt-2">
            {valve.trips.length === 0 ? (
              <>Everyone gets {valve.modes[0]?.mode}. Nothing is tripped.</>
            ) : (
              'The first trip that concerns a call decides; whoever none concerns gets '
            )}
            {valve.trips.length > 0 && `${valve.modes[0]?.mode}.`}
          </p>
          {valve.trips.length > 0 && (
            <ul aria-label="Trips" className="-mx-6 mt-3 border-line border-t max-tablet:-mx-4">
              {valve.trips.map((trip) => (
                <TripRow key={trip.rule} valve={valve} trip={trip} open={open} />
              ))}
            </ul>
          )}
          <h2 className="mt-5 border-line border-b pb-1.5">Modes, mildest first</h2>
          <ul>
            {valve.modes.map(({ mode, description, lastServedAt }, index) => {
              const served = valve.lately.modes.find((each) => each.mode === mode);
              return (
                <li
                  key={mode}
                  className="grid min-h-9 items-center gap-x-4 border-line border-b py-1 max-tablet:grid-cols-[minmax(0,1fr)_auto] tablet:grid-cols-[minmax(0,9rem)_minmax(0,1fr)_auto]"
                >
                  <Name>{mode}</Name>
                  <span className="min-w-0 text-ink-2 max-tablet:col-span-2 max-tablet:row-start-2">{description}</span>
                  <span
                    className={index > 0 && lastServedAt === undefined && !served ? 'text-amber-text' : 'text-ink-2'}
                  >
                    {served !== undefined
                      ? `${formatShare(served.share)} of calls now`
                      : lastServedAt === undefined
                        ? 'never in 90 days'
                        : `served ${formatAgo(time - lastServedAt)}`}
                  </span>
                  <div className="col-span-full empty:hidden">
                    <Lacks reach={reach} mode={mode} normal={valve.modes[0]?.mode} />
                  </div>
                </li>
              );
            })}
          </ul>
          {reach !== undefined && reach.instances > 0 && (
            <p className="mt-2 text-ink-2">
              {reach.instances === 1 ? '1 instance has' : `${formatCount(reach.instances)} instances have`} it in{' '}
              {reach.instances === 1 ? 'its' : 'their'} code{builds !== undefined && `: build ${builds}`}.
            </p>
          )}
        </section>
        <section aria-labelledby="causes" className="min-w-0">
          <div className="mb-2 flex flex-wrap justify-between gap-2 text-ink-2">
            <h2 id="causes" className="text-ink">
              Calls by cause, 3 h
            </h2>
            <CausesLegend />
          </div>
          <CallsBars valve={valve} width={480} height={96} />
          <p className="figures mt-1 flex justify-between gap-2 text-ink-2 text-small">
            <Clock at={valve.calls.from} />
            <span className="text-center">{describeLately(valve)}</span>
            <Clock at={at} />
          </p>
          <h2 className="mt-5 mb-1">Top accounts, 5 min</h2>
          <TopAccounts valve={valve} most={5} degrade={(account) => open({ kind: 'trip', valve, account })} />
        </section>
      </div>
      <CallsOverTime valve={valve} />
    </>
  );
}
