import type { ChangeInput, ChangeView, EnvironmentFlagView } from '@sluice/api-client';
import type { InstructionInput } from '@sluice/authoring';
import { useQuery } from '@tanstack/react-query';
import { useParams, useSearch } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import { api } from '../api.ts';
import { Converging } from '../convergence/converging.tsx';
import { usePlace } from '../place.ts';
import { ReviewBar } from '../review/review-bar.tsx';
import { usePreview } from '../review/use-preview.ts';
import { useRefusal } from '../session/refusal.ts';
import { useEnvironment, useEnvironments } from '../shell/environment.ts';
import { Button } from '../ui/button.tsx';
import { Chip } from '../ui/chip.tsx';
import { KindIcon } from '../ui/kind-icon.tsx';
import { LoadedPage } from '../ui/loaded-page.tsx';
import { Menu, MenuItem } from '../ui/menu.tsx';
import { Name } from '../ui/name.tsx';
import { Page } from '../ui/page.tsx';
import { Tabs } from '../ui/tabs.tsx';
import { CanEdit } from './can-edit.ts';
import { CodeTab } from './code-tab.tsx';
import { decidedShares } from './decided.ts';
import { type Configuration, configurationOf, isSame } from './draft.ts';
import { EnvironmentsTab } from './environments-tab.tsx';
import { EvaluationsTab } from './evaluations-tab.tsx';
import { Evidence } from './evidence.tsx';
import { ExplainTab } from './explain-tab.tsx';
import { FlagConflict } from './flag-conflict.tsx';
import { type FlagDraft, findFault, flagDraftOf, listEdits, withDraft } from './flag-draft.ts';
import { HistoryTab } from './history-tab.tsx';
import { idsOf, nameRules } from './name-rules.ts';
import { SettingsTab } from './settings-tab.tsx';
import { Targeting } from './targeting.tsx';

export function FlagPage(): ReactNode {
  const place = usePlace();
  const { key = '' } = useParams({ strict: false });
  const query = useQuery({
    queryKey: [place.project, place.environment, 'flag', key],
    queryFn: () => api.getFlag(place, key),
  });
  return (
    <LoadedPage query={query} what="flag" name={key}>
      {(flag) => <LoadedFlag key={`${place.environment} ${key}`} flag={flag} />}
    </LoadedPage>
  );
}

const tabs = [
  { id: 'targeting', name: 'Targeting' },
  { id: 'environments', name: 'Environments' },
  { id: 'evaluations', name: 'Evaluations' },
  { id: 'history', name: 'History' },
  { id: 'explain', name: 'Explain' },
  { id: 'code', name: 'Code' },
  { id: 'settings', name: 'Settings' },
] as const;

/** The edits, and the flag as they began with it: somebody else's change must not slip below them. */
interface Edited {
  readonly began: EnvironmentFlagView;
  readonly draft: FlagDraft;
}

function LoadedFlag({ flag }: { readonly flag: EnvironmentFlagView }): ReactNode {
  const place = usePlace();
  const { name: environment } = useEnvironment();
  const { tab = 'targeting' } = useSearch({ strict: false });
  const [edited, setEdited] = useState<Edited>();
  // What is done in one go, such as a copy: it is reviewed by itself, while there are no edits.
  const [act, setAct] = useState<ChangeInput>();
  const [applied, setApplied] = useState<ChangeView>();
  const forbidden = useRefusal([{ kind: 'set-off-variation', variation: flag.offVariation }]);
  const canEdit = forbidden === undefined && !flag.archived && flag.kind === 'release';
  const edits = edited === undefined ? [] : listEdits(edited.began, edited.draft);
  const isEditing = edits.length > 0;
  // A draft without edits, as of a comma more between tags, holds nobody's change up.
  const { began, draft } =
    edited !== undefined && (isEditing || edited.began.version === flag.version)
      ? edited
      : { began: flag, draft: flagDraftOf(flag) };
  const was = configurationOf(began);
  const current = draft.configuration;
  const isBehind = isEditing && flag.version > began.version;
  const fault = isBehind ? 'Somebody else changed the flag: keep yours or take theirs first' : findFault(draft);
  const input = { flag: flag.key, instructions: edits, expectedVersion: began.version };
  const preview = usePreview(isEditing && fault === undefined ? input : undefined);
  const decidedNow = useQuery({
    queryKey: [place.project, place.environment, 'flag', flag.key, 'decided'],
    queryFn: () => api.getDecided(place, flag.key),
    enabled: tab === 'targeting',
    // Nothing tells of the first contexts.
    refetchInterval: ({ state }) => state.data?.sampled === 0 && 10_000,
  }).data;
  const decided = decidedShares(decidedNow, isEditing ? preview.data?.lines : undefined);
  const edit = (part: Partial<FlagDraft>) => {
    const next = { ...draft, ...part };
    setApplied(undefined);
    setAct(undefined);
    setEdited(isSame(next, flagDraftOf(began)) ? undefined : { began, draft: next });
  };
  const editConfiguration = (configuration: Configuration) => edit({ configuration });
  const review = (instruction: InstructionInput) => {
    setApplied(undefined);
    setAct({ flag: flag.key, instructions: [instruction], expectedVersion: flag.version });
  };
  const reviewRefusal = isEditing ? 'apply or discard your edits first' : undefined;
  const copyFrom = (from: string) => review({ kind: 'copy-configuration', from });
  const settle = (change?: ChangeView) => {
    setEdited(undefined);
    setAct(undefined);
    setApplied(change);
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
          <>
            <span className="text-ink-2">{flag.owner === '' ? 'Nobody owns it' : `Owner ${flag.owner}`}</span>
            {canEdit && <CopyFrom copyFrom={copyFrom} refusal={reviewRefusal} />}
            {flag.kind === 'release' && (
              <OnSwitch
                isOn={current.on}
                isEdited={current.on !== was.on}
                change={(on) => editConfiguration({ ...current, on })}
              />
            )}
          </>
        }
      >
        <Tabs tabs={tabs} current={tab} />
        {isBehind && (
          <div className="-mx-6 max-tablet:-mx-4">
            <FlagConflict
              flag={flag}
              began={began}
              draft={withDraft(began, draft)}
              keepMine={() => setEdited({ began: flag, draft })}
              takeTheirs={() => setEdited(undefined)}
            />
          </div>
        )}
        {tab === 'targeting' && (
          <div className="-mx-6 grid max-tablet:-mx-4 desktop:grid-cols-[minmax(0,1fr)_17.5rem]">
            <div className="min-w-0">
              {forbidden !== undefined && (
                <p className="border-line border-b bg-sunk px-6 py-2 text-ink-2 max-tablet:px-4">{forbidden}.</p>
              )}
              <CanEdit value={canEdit}>
                <Targeting
                  flag={flag}
                  was={was}
                  draft={current}
                  change={editConfiguration}
                  decided={decided}
                  sampled={(isEditing ? preview.data?.sampled : undefined) ?? decidedNow?.sampled}
                />
              </CanEdit>
            </div>
            <Evidence flag={flag} />
          </div>
        )}
        {tab === 'environments' && <EnvironmentsTab flag={flag.key} copyFrom={copyFrom} refusal={reviewRefusal} />}
        {tab === 'evaluations' && <EvaluationsTab flag={flag.key} />}
        {tab === 'history' && <HistoryTab flag={flag.key} />}
        {tab === 'explain' && <ExplainTab flag={flag} />}
        {tab === 'code' && <CodeTab flag={flag} />}
        {tab === 'settings' && (
          <SettingsTab
            flag={flag}
            draft={draft.definition}
            change={(definition) => edit({ definition })}
            review={review}
            refusal={reviewRefusal}
          />
        )}
      </Page>
      {isEditing ? (
        <ReviewBar
          input={input}
          fault={fault}
          say={(text) => nameRules(text, idsOf(current.rules), idsOf(was.rules))}
          discard={() => settle()}
          applied={settle}
        />
      ) : (
        act !== undefined && (
          <ReviewBar
            key={JSON.stringify(act.instructions)}
            input={act}
            say={(text) => nameRules(text, [], idsOf(was.rules))}
            discard={() => settle()}
            applied={settle}
          />
        )
      )}
      {!isEditing && act === undefined && applied !== undefined && (
        <Converging change={applied} close={() => setApplied(undefined)} />
      )}
    </>
  );
}

interface CopyFromProps {
  readonly copyFrom: (environment: string) => void;
  readonly refusal: string | undefined;
}

/** Another environment whose behaviour is taken over, once it was read. */
function CopyFrom({ copyFrom, refusal }: CopyFromProps): ReactNode {
  const { key } = useEnvironment();
  const others = useEnvironments().data?.filter((each) => each.key !== key) ?? [];
  if (others.length === 0) return null;
  if (refusal !== undefined) return <Button refusal={refusal}>Copy from…</Button>;
  return (
    <Menu trigger={<Button>Copy from…</Button>}>
      {others.map((each) => (
        <MenuItem key={each.key} act={() => copyFrom(each.key)}>
          {each.key}
        </MenuItem>
      ))}
    </Menu>
  );
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
