import type { ChangeView, EnvironmentFlagView } from '@sluice/api-client';
import type { InstructionInput } from '@sluice/authoring';
import { useQuery } from '@tanstack/react-query';
import { Link, useParams, useSearch } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import { api } from '../api.ts';
import { Converging } from '../convergence/converging.tsx';
import { CodeTab } from '../flag/code-tab.tsx';
import { findDraftFault } from '../flag/definition-draft.ts';
import { isSame } from '../flag/draft.ts';
import { FlagConflict } from '../flag/flag-conflict.tsx';
import { HistoryTab } from '../flag/history-tab.tsx';
import { SettingsTab } from '../flag/settings-tab.tsx';
import { usePlace } from '../place.ts';
import { keepsBoth } from '../review/conflict.tsx';
import { ReviewBar } from '../review/review-bar.tsx';
import { useEnvironment } from '../shell/environment.ts';
import { Chip } from '../ui/chip.tsx';
import { KindIcon } from '../ui/kind-icon.tsx';
import { Failure } from '../ui/loaded.tsx';
import { LoadedPage } from '../ui/loaded-page.tsx';
import { Message } from '../ui/message.tsx';
import { Name } from '../ui/name.tsx';
import { Page } from '../ui/page.tsx';
import { Tabs } from '../ui/tabs.tsx';
import { environmentValueOf, overrideOf } from './config-draft.ts';
import { type ConfigEdits, type ConfigView, editsOf, listConfigEdits, rebaseEdits, withEdits } from './config-edits.ts';
import { ConfigExplainTab } from './config-explain-tab.tsx';
import { ConfigFacts } from './config-facts.tsx';
import { ConfigSettings } from './config-settings.tsx';
import { findValueFaults, spellPath } from './find-value-faults.ts';
import { Layers } from './layers.tsx';
import { NotAsLayers } from './not-as-layers.tsx';
import { findRulesFaults } from './rules-draft.ts';

export function ConfigPage(): ReactNode {
  const place = usePlace();
  const { key = '' } = useParams({ strict: false });
  const query = useQuery({
    queryKey: [place.project, place.environment, 'flag', key],
    queryFn: () => api.getFlag(place, key),
  });
  return (
    <LoadedPage query={query} what="config" name={key}>
      {(flag) =>
        isConfig(flag) ? (
          <LoadedConfig key={`${place.environment} ${key}`} config={flag} />
        ) : (
          <Page name={key} title={<Name>{key}</Name>}>
            <Message
              title="This is no config"
              action={
                <Link className="link" to="/$project/$environment/flags/$key" params={{ ...place, key }}>
                  Open it among the flags
                </Link>
              }
            >
              It is a flag of the kind {flag.kind}.
            </Message>
          </Page>
        )
      }
    </LoadedPage>
  );
}

function isConfig(flag: EnvironmentFlagView): flag is ConfigView {
  return flag.config !== undefined;
}

const tabs = [
  { id: 'layers', name: 'Layers' },
  { id: 'history', name: 'History' },
  { id: 'explain', name: 'Explain' },
  { id: 'code', name: 'Code' },
  { id: 'settings', name: 'Settings' },
] as const;

function LoadedConfig({ config }: { readonly config: ConfigView }): ReactNode {
  const place = usePlace();
  const { name: environment } = useEnvironment();
  const { tab = 'layers' } = useSearch({ strict: false });
  // What the edits began with: somebody else's change must not slip below them.
  const [began, setBegan] = useState(config);
  const [draft, setDraft] = useState<ConfigEdits>();
  // Archiving is reviewed by itself, while there are no edits.
  const [act, setAct] = useState<InstructionInput>();
  const [isBroken, setBroken] = useState(false);
  const [isInsisted, setInsisted] = useState(false);
  const [round, setRound] = useState(0);
  const [applied, setApplied] = useState<ChangeView>();
  const inForce = useQuery({
    queryKey: [place.project, place.environment, 'in-force', config.key],
    queryFn: () => api.getConfigInForce(place, config.key),
    enabled: tab === 'layers',
  });
  const base = draft === undefined ? config : began;
  const was = editsOf(base);
  const current = draft ?? was;
  const edited = withEdits(base, current);
  const instructions = listConfigEdits(base, current, isInsisted);
  const isEditing = (draft !== undefined && instructions.length > 0) || isBroken;
  const isBehind = isEditing && config.version > base.version;
  const broken =
    tab === 'settings'
      ? 'The schema is no JSON object yet'
      : 'What stands in the text editor is not whole yet: the marks in it say why';
  const edit = (part: Partial<ConfigEdits>) => {
    const next = { ...current, ...part };
    if (draft === undefined) setBegan(config);
    setApplied(undefined);
    setAct(undefined);
    setInsisted(false);
    setDraft(isSame(next, was) ? undefined : next);
  };
  const settle = () => {
    setDraft(undefined);
    setAct(undefined);
    setBroken(false);
    setInsisted(false);
  };
  const settleWith = (change: ChangeView) => {
    settle();
    setApplied(change);
  };
  const forget = () => {
    setRound(round + 1);
    settle();
  };
  return (
    <>
      <Page
        name={`${config.key}, ${environment}`}
        title={<Name>{config.key}</Name>}
        beside={
          <span className="flex flex-wrap items-center gap-2">
            <Chip>
              <KindIcon kind="config" /> <span className="ml-1">config</span>
            </Chip>
            {config.archived && <Chip tone="between">archived</Chip>}
            {config.description !== '' ? config.description : config.name !== config.key && config.name}
          </span>
        }
      >
        <Tabs tabs={tabs} current={tab} />
        {isBehind && (
          <div className="-mx-6 max-tablet:-mx-4">
            <FlagConflict
              flag={config}
              began={base}
              draft={edited}
              note={keepsBoth}
              keepMine={() => {
                setBegan(config);
                setDraft(rebaseEdits(base, config, current));
                setBroken(false);
                setRound(round + 1);
              }}
              takeTheirs={forget}
            />
          </div>
        )}
        {tab === 'layers' && (
          <div className="-mx-6 -mb-10 flex max-tablet:-mx-4 max-desktop:flex-col">
            <div className="min-w-0 flex-1 pb-6">
              <Layers
                // What was typed goes with the edits that are given up.
                key={round}
                config={{ ...config, config: edited.config }}
                was={was.configuration}
                draft={current.configuration}
                inForce={inForce.data}
                change={(configuration) => edit({ configuration })}
                setBroken={setBroken}
              />
              {inForce.data !== undefined && <NotAsLayers inForce={inForce.data} unit={config.config.unit} />}
              {inForce.error !== null && (
                <div className="px-6 max-tablet:px-4">
                  <Failure what="What instances have" error={inForce.error} retry={() => void inForce.refetch()} />
                </div>
              )}
            </div>
            <ConfigFacts rules={config.config} owner={config.owner} inForce={inForce.data} />
          </div>
        )}
        {tab === 'history' && <HistoryTab flag={config.key} />}
        {tab === 'explain' && <ConfigExplainTab config={config} />}
        {tab === 'code' && <CodeTab flag={config} />}
        {tab === 'settings' && (
          <SettingsTab
            flag={config}
            draft={current.definition}
            change={(definition) => edit({ definition })}
            review={(instruction) => {
              setApplied(undefined);
              setAct(instruction);
            }}
            refusal={isEditing ? 'apply or discard your edits first' : undefined}
          >
            <ConfigSettings
              key={round}
              draft={current.rules}
              change={(rules) => edit({ rules })}
              setBroken={setBroken}
            />
          </SettingsTab>
        )}
      </Page>
      {isEditing && (
        <ReviewBar
          input={{ flag: config.key, instructions, expectedVersion: base.version }}
          fault={
            isBehind
              ? 'Somebody else changed the config: keep yours or take theirs first'
              : isBroken
                ? broken
                : findFault(edited, current)
          }
          insist={{ isOn: isInsisted, set: setInsisted }}
          discard={forget}
          applied={settleWith}
        />
      )}
      {!isEditing && act !== undefined && (
        <ReviewBar
          key={act.kind}
          input={{ flag: config.key, instructions: [act], expectedVersion: config.version }}
          discard={settle}
          applied={settleWith}
        />
      )}
      {!isEditing && act === undefined && applied !== undefined && (
        <Converging change={applied} close={() => setApplied(undefined)} />
      )}
    </>
  );
}

const settingNames = { schema: 'The schema', min: 'At least', max: 'At most', factor: 'One change, times' } as const;

/** What is not whole yet, and so cannot be applied. */
function findFault(edited: ConfigView, { definition, rules }: ConfigEdits): string | undefined {
  const [wrong] = Object.entries(findRulesFaults(rules));
  // Its names are those of the settings.
  if (wrong !== undefined) return `${settingNames[wrong[0] as keyof typeof settingNames]}: ${wrong[1]}`;
  return findDraftFault(definition) ?? findValuesFault(edited);
}

function findValuesFault(edited: ConfigView): string | undefined {
  const overrides = edited.rules.map(overrideOf);
  const empty = overrides.findIndex(({ clauses }) => clauses.some(({ values }) => values.length === 0));
  if (empty !== -1) return `Override ${empty + 1} does not say for whom: choose a value`;
  const layers = overrides.map(({ value }, index) => ({ name: `Override ${index + 1}`, value }));
  for (const { name, value } of [...layers, { name: 'The value', value: environmentValueOf(edited) }]) {
    const [fault] = findValueFaults(edited.config.schema, value);
    if (fault !== undefined) return [name, spellPath(fault.path), fault.message].filter(Boolean).join(': ');
  }
  return undefined;
}
