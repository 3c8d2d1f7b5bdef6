import type { ConfigInForceView, EnvironmentFlagView } from '@sluice/api-client';
import { splitDimension } from '@sluice/authoring';
import { Plus } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import { ClauseSentence } from '../flag/clause-sentence.tsx';
import { type Clause, type Configuration, isSame, withEntry } from '../flag/draft.ts';
import { useEnvironment } from '../shell/environment.ts';
import { Button } from '../ui/button.tsx';
import { formatCount } from '../ui/duration.ts';
import { focusBeside } from '../ui/focus-beside.ts';
import { join } from '../ui/join.ts';
import { Menu, MenuItem, MenuTitle } from '../ui/menu.tsx';
import { environmentValueOf, type Override, overrideOf, withOverride, withValue } from './config-draft.ts';
import { LayerLine, layerGrid } from './layer-line.tsx';

interface LayersProps {
  readonly config: EnvironmentFlagView & { readonly config: NonNullable<EnvironmentFlagView['config']> };
  readonly was: Configuration;
  readonly draft: Configuration;
  /** Undefined: it has not been told yet. */
  readonly inForce: ConfigInForceView | undefined;
  readonly change: (draft: Configuration) => void;
  readonly setBroken: (isBroken: boolean) => void;
}

const everybody = 'everybody';

/** All layers in the order in which they win; the environment's own value is the last. */
export function Layers({ config, was, draft, inForce, change, setBroken }: LayersProps): ReactNode {
  const environment = useEnvironment();
  const [opened, setOpened] = useState(everybody);
  const rules = config.config;
  const { dimensions } = rules;
  const gone = was.rules.filter(({ id }) => !draft.rules.some((rule) => rule.id === id));
  const set = (id: string, override: Override | undefined) => change(withOverride(draft, id, override, dimensions));
  const add = (dimension: string) => {
    const id = createId(draft);
    setOpened(id);
    set(id, { id, clauses: [clauseOf(dimension)], value: environmentValueOf(draft) });
  };
  const open = (id: string) => {
    if (id !== opened) setBroken(false);
    setOpened(id);
  };
  const everywhere = draft.rules.length === 0 ? 'Everywhere' : 'Everywhere else';
  return (
    <section aria-label="Layers">
      <p className={join(layerGrid, 'border-line border-b px-6 py-2 text-ink-3 max-tablet:px-4')}>
        <span className="tablet:col-start-2 max-tablet:col-span-full">
          {draft.rules.length === 0 ? 'One layer: nobody has a value of their own' : 'The topmost that applies wins'}
        </span>
        <span className="text-right max-tablet:hidden">Value</span>
        <span className="max-tablet:hidden">In force on</span>
      </p>
      <ol>
        {draft.rules.map((rule, index) => {
          const override = overrideOf(rule);
          const before = was.rules.find(({ id }) => id === rule.id);
          return (
            <LayerLine
              key={rule.id}
              rules={rules}
              index={index}
              label={labelOf(override)}
              value={override.value}
              was={before === undefined ? undefined : overrideOf(before).value}
              isEdited={!isSame(before, rule)}
              isOpen={opened === rule.id}
              open={() => open(rule.id)}
              inForce={<InForceOn inForce={inForce} override={override} isNew={before === undefined} />}
              change={(value) => set(rule.id, { ...override, value })}
              setBroken={setBroken}
              remove={() =>
                focusBeside(() => {
                  setBroken(false);
                  set(rule.id, undefined);
                })
              }
            >
              <Scope
                override={override}
                was={before?.clauses}
                dimensions={dimensions}
                change={(clauses) => set(rule.id, clauses.length === 0 ? undefined : { ...override, clauses })}
              />
            </LayerLine>
          );
        })}
        <LayerLine
          rules={rules}
          label={`${config.key} ${everywhere.toLowerCase()}`}
          value={environmentValueOf(draft)}
          was={environmentValueOf(was)}
          isEdited={!isSame(was.fallthrough, draft.fallthrough)}
          isOpen={opened === everybody}
          open={() => open(everybody)}
          inForce={<InForceOn inForce={inForce} override={undefined} isNew={false} />}
          change={(value) => change(withValue(draft, value))}
          setBroken={setBroken}
        >
          <b>
            {everywhere} in {environment.name}
          </b>
        </LayerLine>
      </ol>
      {gone.map((rule) => (
        <p
          key={rule.id}
          className="flex flex-wrap items-center gap-3 border-line border-b border-l-2 border-l-accent py-2 pr-6 pl-16 max-tablet:px-4"
        >
          <del className="text-ink-3">
            <span className="sr-only">removed: </span>
            {labelOf(overrideOf(rule))}
          </del>
          <Button look="ghost" size="row" onClick={() => set(rule.id, overrideOf(rule))}>
            Keep it
          </Button>
        </p>
      ))}
      <div className="flex flex-wrap items-center gap-2 px-6 py-3 tablet:pl-13.5 max-tablet:px-4">
        {dimensions.length === 0 ? (
          <p className="text-ink-3">It varies by nothing: its definition names no dimensions.</p>
        ) : (
          <Menu
            trigger={
              <Button look="ghost">
                <Plus aria-hidden size={14} /> Override…
              </Button>
            }
          >
            <MenuTitle>For whom, by</MenuTitle>
            {dimensions.map((dimension) => (
              <MenuItem key={dimension} act={() => add(dimension)}>
                <span className="font-mono">{dimension}</span>
              </MenuItem>
            ))}
          </Menu>
        )}
      </div>
    </section>
  );
}

interface ScopeProps {
  readonly override: Override;
  readonly was: readonly Clause[] | undefined;
  readonly dimensions: readonly string[];
  readonly change: (clauses: readonly Clause[]) => void;
}

/** For whom, as a sentence. */
function Scope({ override, was, dimensions, change }: ScopeProps): ReactNode {
  const { clauses, name } = override;
  return (
    <fieldset className="min-w-0">
      <legend className="sr-only">{labelOf(override)}</legend>
      {name !== undefined && <span className="text-ink-3">{name}: </span>}If{' '}
      {clauses.map((clause, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: clauses have no other name.
        <span key={at}>
          {at > 0 && ' and '}
          <ClauseSentence clause={clause} was={was?.[at]} change={(next) => change(withEntry(clauses, at, next))} />
        </span>
      ))}{' '}
      {dimensions.length > 1 && (
        <Menu
          trigger={
            <button type="button" className="link min-h-6">
              + and
            </button>
          }
        >
          {dimensions.map((dimension) => (
            <MenuItem key={dimension} act={() => change([...clauses, clauseOf(dimension)])}>
              <span className="font-mono">{dimension}</span>
            </MenuItem>
          ))}
        </Menu>
      )}
    </fieldset>
  );
}

interface InForceOnProps {
  readonly inForce: ConfigInForceView | undefined;
  readonly override: Override | undefined;
  readonly isNew: boolean;
}

/** How many instances get their value by the layer; what depends on a request is asked anew each time. */
function InForceOn({ inForce, override, isNew }: InForceOnProps): ReactNode {
  if (isNew) return <span className="text-ink-3">not applied yet</span>;
  if (inForce === undefined) return null;
  const instances = inForce.layers.find((layer) => layer.override === override?.id)?.instances ?? 0;
  const all = inForce.layers.reduce((sum, layer) => sum + layer.instances, 0);
  if (override?.clauses.some(({ contextKind }) => contextKind !== 'instance') && instances === 0)
    return <span className="text-ink-3">by request</span>;
  return (
    <span className="flex items-center gap-2">
      <svg aria-hidden width="72" height="6" className="shrink-0">
        <rect width="72" height="6" rx="2" className="fill-series-3" />
        <rect width={all === 0 ? 0 : (72 * instances) / all} height="6" rx="2" className="fill-series-2" />
      </svg>
      <span className="figures whitespace-nowrap">
        {formatCount(instances)} {instances === 1 ? 'instance' : 'instances'}
      </span>
    </span>
  );
}

function labelOf({ clauses }: Override): string {
  return `for ${clauses
    .map(({ contextKind = 'user', attribute = 'key', op, values }) =>
      [op === 'segmentMatch' ? 'segment' : `${contextKind} ${attribute}`, values.join(', ')].join(' '),
    )
    .join(' and ')}`;
}

const operators: Readonly<Record<string, string>> = { ip: 'cidr', segment: 'segmentMatch', route: 'in' };

function clauseOf(dimension: string): Clause {
  return { ...splitDimension(dimension), op: operators[dimension] ?? 'in', values: [] };
}

/** One that no override has. */
function createId({ rules }: Configuration): string {
  const id = Array.from(crypto.getRandomValues(new Uint8Array(6)), (byte) => (byte % 36).toString(36)).join('');
  return rules.some((rule) => rule.id === id) ? createId({ rules } as Configuration) : id;
}
