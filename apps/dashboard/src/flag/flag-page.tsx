import type { ChangeView, EnvironmentFlagView } from '@sluice/api-client';
import { useQuery } from '@tanstack/react-query';
import { useParams, useSearch } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import { api } from '../api.ts';
import { Converging } from '../convergence/converging.tsx';
import { usePlace } from '../place.ts';
import { ReviewBar } from '../review/review-bar.tsx';
import { useEnvironment } from '../shell/environment.ts';
import { Chip } from '../ui/chip.tsx';
import { KindIcon } from '../ui/kind-icon.tsx';
import { Loaded } from '../ui/loaded.tsx';
import { Name } from '../ui/name.tsx';
import { Page } from '../ui/page.tsx';
import { Tabs } from '../ui/tabs.tsx';
import { CodeTab } from './code-tab.tsx';
import { Conflict } from './conflict.tsx';
import { type Configuration, configurationOf, isSame } from './draft.ts';
import { ExplainTab } from './explain-tab.tsx';
import { HistoryTab } from './history-tab.tsx';
import { listInstructions } from './list-instructions.ts';
import { Targeting } from './targeting.tsx';

export function FlagPage(): ReactNode {
  const place = usePlace();
  const { key = '' } = useParams({ strict: false });
  const query = useQuery({
    queryKey: [place.project, place.environment, 'flag', key],
    queryFn: () => api.getFlag(place, key),
  });
  return (
    <Loaded query={query} what="The flag">
      {(flag) => <LoadedFlag key={`${place.environment} ${key}`} flag={flag} />}
    </Loaded>
  );
}

const tabs = [
  { id: 'targeting', name: 'Targeting' },
  { id: 'history', name: 'History' },
  { id: 'explain', name: 'Explain' },
  { id: 'code', name: 'Code' },
] as const;

function LoadedFlag({ flag }: { readonly flag: EnvironmentFlagView }): ReactNode {
  const { name: environment } = useEnvironment();
  const { tab = 'targeting' } = useSearch({ strict: false });
  // What the edits began with: somebody else's change must not slip below them.
  const [began, setBegan] = useState(() => ({ version: flag.version, configuration: configurationOf(flag) }));
  const [draft, setDraft] = useState<Configuration>();
  const [applied, setApplied] = useState<ChangeView>();
  const was = draft === undefined ? configurationOf(flag) : began.configuration;
  const current = draft ?? was;
  const instructions = listInstructions(was, current);
  const isEditing = draft !== undefined && instructions.length > 0;
  const isBehind = isEditing && flag.version > began.version;
  const edit = (next: Configuration) => {
    if (draft === undefined) setBegan({ version: flag.version, configuration: configurationOf(flag) });
    setApplied(undefined);
    setDraft(isSame(next, was) ? undefined : next);
  };
  return (
    <>
      <Page
        name={`${flag.key}, ${environment}`}
        title={<Name>{flag.key}</Name>}
        beside={
          <span className="flex flex-wrap items-center gap-2">
            <Chip>
              <KindIcon kind={flag.kind} /> <span className="ml-1">{flag.kind}</span>
            </Chip>
            {flag.archived && <Chip tone="between">archived</Chip>}
            {flag.description !== '' ? flag.description : flag.name !== flag.key && flag.name}
          </span>
        }
        actions={
          <OnSwitch isOn={current.on} isEdited={current.on !== was.on} change={(on) => edit({ ...current, on })} />
        }
      >
        <Tabs tabs={tabs} current={tab} />
        {tab === 'targeting' && (
          <div className="-mx-6 max-tablet:-mx-4">
            {isBehind && (
              <Conflict
                flag={flag}
                began={began.configuration}
                draft={current}
                keepMine={() => setBegan({ version: flag.version, configuration: configurationOf(flag) })}
                takeTheirs={() => setDraft(undefined)}
              />
            )}
            <Targeting flag={flag} was={was} draft={current} change={edit} />
          </div>
        )}
        {tab === 'history' && <HistoryTab flag={flag.key} />}
        {tab === 'explain' && <ExplainTab flag={flag} />}
        {tab === 'code' && <CodeTab flag={flag} />}
      </Page>
      {isEditing && (
        <ReviewBar
          input={{ flag: flag.key, instructions, expectedVersion: began.version }}
          fault={isBehind ? 'Somebody else changed the flag: keep yours or take theirs first' : findFault(current)}
          discard={() => setDraft(undefined)}
          applied={(change) => {
            setDraft(undefined);
            setApplied(change);
          }}
        />
      )}
      {!isEditing && applied !== undefined && <Converging change={applied} close={() => setApplied(undefined)} />}
    </>
  );
}

/** What is not whole yet, and so cannot be applied. */
function findFault({ rules, targets, prerequisites }: Configuration): string | undefined {
  const rule = rules.findIndex(({ clauses }) => clauses.some(({ values }) => values.length === 0));
  if (rule !== -1) return `Rule ${rule + 1} has a condition without a value`;
  const target = targets.find(({ keys }) => keys.length === 0);
  if (target !== undefined) return `The targets of ${target.variation} have no key yet`;
  if (prerequisites.some(({ flag, variation }) => flag === '' || variation === '')) {
    return 'A prerequisite has no flag, or no variation';
  }
  return undefined;
}

interface OnSwitchProps {
  readonly isOn: boolean;
  readonly isEdited: boolean;
  readonly change: (on: boolean) => void;
}

/** An edit like any other: nothing is turned before it was read. */
function OnSwitch({ isOn, isEdited, change }: OnSwitchProps): ReactNode {
  const { isProduction } = useEnvironment();
  const filled = isProduction ? 'bg-production' : 'bg-series-1';
  return (
    <button
      type="button"
      role="switch"
      aria-checked={isOn}
      onClick={() => change(!isOn)}
      className={`inline-flex h-7 items-center gap-2 rounded-control border px-2.5 font-medium hover:bg-hover max-tablet:h-11 ${isEdited ? 'border-accent-line bg-accent-wash text-accent' : 'border-line-strong bg-raised'}`}
    >
      {isOn ? 'On' : 'Off'}
      <span
        aria-hidden
        className={`flex h-4 w-7 items-center rounded-full px-0.5 ${isOn ? `${filled} justify-end` : 'bg-control'}`}
      >
        <span className="size-3 rounded-full bg-white" />
      </span>
    </button>
  );
}
