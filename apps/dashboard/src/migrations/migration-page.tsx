import type { ChangeView, EnvironmentFlagView } from '@sluice/api-client';
import { describeShares, describeWeight, listStagesInForce, type Stage, weightOfStage } from '@sluice/authoring';
import { useQuery } from '@tanstack/react-query';
import { Link, useParams, useSearch } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import { api } from '../api.ts';
import { Converging } from '../convergence/converging.tsx';
import { CodeTab } from '../flag/code-tab.tsx';
import { ExplainTab } from '../flag/explain-tab.tsx';
import { HistoryTab } from '../flag/history-tab.tsx';
import { useSettings } from '../flag/use-settings.tsx';
import { usePlace } from '../place.ts';
import { useEnvironment, useNowView } from '../shell/environment.ts';
import { Chip } from '../ui/chip.tsx';
import { useNow } from '../ui/clock.tsx';
import { formatDuration, formatExact } from '../ui/duration.ts';
import { KindIcon } from '../ui/kind-icon.tsx';
import { Loaded } from '../ui/loaded.tsx';
import { LoadedPage } from '../ui/loaded-page.tsx';
import { Message } from '../ui/message.tsx';
import { Name } from '../ui/name.tsx';
import { Page } from '../ui/page.tsx';
import { Tabs } from '../ui/tabs.tsx';
import { Backfill } from './backfill.tsx';
import { estimateCopy } from './backfill-words.ts';
import { Cohorts } from './cohorts.tsx';
import { Decisions } from './decisions.tsx';
import { GateLine } from './gate-line.tsx';
import { listGates } from './gates.ts';
import { Latency } from './latency.tsx';
import { Mismatches } from './mismatches.tsx';
import { RepairQueue } from './repair-queue.tsx';
import { Section } from './section.tsx';
import { StageRail } from './stage-rail.tsx';
import { describeTruth, findCrossing } from './stage-words.ts';
import { useMigrationFacts } from './use-migration.ts';

export function MigrationPage(): ReactNode {
  const place = usePlace();
  const { key = '' } = useParams({ strict: false });
  const query = useQuery({
    queryKey: [place.project, place.environment, 'flag', key],
    queryFn: () => api.getFlag(place, key),
  });
  return (
    <LoadedPage query={query} what="migration" name={key}>
      {(flag) =>
        flag.kind === 'migration' ? (
          <LoadedMigration key={`${place.environment} ${key}`} migration={flag} />
        ) : (
          <Page name={key} title={<Name>{key}</Name>}>
            <Message
              title={`${key} is a ${flag.kind}`}
              action={
                <Link className="link" to="/$project/$environment/flags/$key" params={{ ...place, key }}>
                  Open it
                </Link>
              }
            >
              It has no stages.
            </Message>
          </Page>
        )
      }
    </LoadedPage>
  );
}

function LoadedMigration({ migration }: { readonly migration: EnvironmentFlagView }): ReactNode {
  const { name: environment } = useEnvironment();
  const { tab = 'stage' } = useSearch({ strict: false });
  const [applied, setApplied] = useState<ChangeView>();
  const settings = useSettings(migration, setApplied);
  const { key, name, description, owner, archived, rules } = migration;
  const tabs = [
    { id: 'stage', name: 'Stage' },
    { id: 'cohorts', name: rules.length === 0 ? 'Cohorts' : `Cohorts ${rules.length}` },
    { id: 'history', name: 'History' },
    { id: 'explain', name: 'Explain' },
    { id: 'code', name: 'Code' },
    { id: 'settings', name: 'Settings' },
  ];
  return (
    <>
      <Page
        name={`${key}, ${environment}`}
        title={<Name>{key}</Name>}
        beside={
          <span className="flex flex-wrap items-center gap-2">
            <Chip>
              <KindIcon kind="migration" /> <span className="ml-1">migration</span>
            </Chip>
            {archived && <Chip tone="between">archived</Chip>}
            {description !== '' ? description : name !== key && name}
          </span>
        }
        actions={<span className="text-ink-2">{owner === '' ? 'No owner' : `Owner ${owner}`}</span>}
      >
        <Tabs tabs={tabs} current={tab} />
        {settings.conflict}
        {tab === 'stage' && <StageTab migration={migration} applied={setApplied} />}
        {tab === 'cohorts' && <Cohorts migration={migration} applied={setApplied} />}
        {tab === 'history' && <HistoryTab flag={key} />}
        {tab === 'explain' && <ExplainTab flag={migration} />}
        {tab === 'code' && <CodeTab flag={migration} />}
        {tab === 'settings' && settings.tab}
      </Page>
      {settings.review ??
        (applied !== undefined && <Converging key={applied.id} change={applied} close={() => setApplied(undefined)} />)}
    </>
  );
}

interface StageTabProps {
  readonly migration: EnvironmentFlagView;
  readonly applied: (change: ChangeView) => void;
}

/** Which store is true, the two decisions, and all that is measured for them. */
function StageTab({ migration, applied }: StageTabProps): ReactNode {
  const { barrier, mismatches, backfill, telemetry } = useMigrationFacts(migration.key);
  const inForce = listStagesInForce(migration);
  const crossing = findCrossing(inForce);
  const time = useNow();
  const etaMs = backfill.data && estimateCopy(backfill.data);
  const gates = crossing && barrier.data && listGates(barrier.data, crossing, { now: time, backfillEtaMs: etaMs });
  const met = gates?.filter(({ isMet }) => isMet).length;
  return (
    <>
      <Standing migration={migration} changedAt={barrier.data?.comparisons.since} />
      <div className="-mx-6 max-tablet:-mx-4 tablet:px-6">
        <StageRail inForce={inForce} beside={(stage) => <Beside migration={migration} stage={stage} />} />
      </div>
      <Decisions migration={migration} barrier={barrier.data} gates={gates} applied={applied} />
      <div className="grid gap-x-8 gap-y-6 pt-5 desktop:grid-cols-[minmax(0,11fr)_minmax(0,14fr)_minmax(0,9fr)]">
        {crossing === undefined ? (
          <Section title="Nothing left to wait for">
            <p className="py-2 text-ink-2">
              Records are in complete. Take the code of the old store out, then archive it.
            </p>
          </Section>
        ) : (
          <Section
            title={`Before ${crossing}`}
            beside={
              gates && (
                <span className={met === gates.length ? '' : 'font-semibold text-amber-text'}>
                  {met} of {gates.length} met
                </span>
              )
            }
          >
            <Loaded query={barrier} what="What is waited for" rows={4}>
              {() => (
                <ul>
                  {gates?.map((gate) => (
                    <GateLine key={gate.name} gate={gate} />
                  ))}
                </ul>
              )}
            </Loaded>
          </Section>
        )}
        <Loaded query={mismatches} what="The mismatches" rows={4}>
          {(found) => <Mismatches mismatches={found} compared={barrier.data?.comparisons.compared} />}
        </Loaded>
        <div className="flex min-w-0 flex-col gap-6">
          <Loaded query={telemetry} what="The latency" rows={4}>
            {({ migration: counted }) => <Latency telemetry={counted} />}
          </Loaded>
          {barrier.data !== undefined && <RepairQueue repairs={barrier.data.repairs} />}
        </div>
      </div>
      <div className="pt-6">
        <Loaded query={backfill} what="The backfill" rows={4}>
          {(view) => <Backfill backfill={view} />}
        </Loaded>
      </div>
    </>
  );
}

/** Which store is true, for how long, and by whom: the sentence that the rail draws. */
function Standing({
  migration,
  changedAt,
}: {
  readonly migration: EnvironmentFlagView;
  readonly changedAt: number | undefined;
}): ReactNode {
  const matter = useNowView().data?.matters.find((each) => each.kind === 'migration' && each.flag === migration.key);
  const since = matter?.since ?? changedAt;
  const by = matter?.kind === 'migration' ? matter.by : undefined;
  const time = useNow(since);
  return (
    <p className="py-3">
      <b className="text-panel">{describeTruth(listStagesInForce(migration))}.</b>{' '}
      <span className="ml-1 text-ink-2">
        {describeStanding(migration)}
        {since !== undefined && since > 0 && (
          <>
            {', for '}
            <time dateTime={new Date(since).toISOString()} title={formatExact(since)} className="figures">
              {formatDuration(time - since)}
            </time>
            {by !== undefined && `, by ${by}`}
          </>
        )}
      </span>
    </p>
  );
}

function describeStanding({ fallthrough, rules }: EnvironmentFlagView): string {
  return 'variation' in fallthrough
    ? `All ${rules.length === 0 ? '' : 'other '}records in ${fallthrough.variation}`
    : `${rules.length === 0 ? 'Records' : 'Other records'} ${describeShares(fallthrough)}`;
}

/** How much is in a stage, and how many cohorts are. */
function Beside({ migration, stage }: { readonly migration: EnvironmentFlagView; readonly stage: Stage }): ReactNode {
  const weight = weightOfStage(migration.fallthrough, stage);
  const cohorts = migration.rules.filter((rule) => weightOfStage(rule, stage) > 0).length;
  return [
    ...(weight > 0 ? [describeWeight(weight)] : []),
    ...(cohorts > 0 ? [cohorts === 1 ? '1 cohort' : `${cohorts} cohorts`] : []),
  ].join(', ');
}
