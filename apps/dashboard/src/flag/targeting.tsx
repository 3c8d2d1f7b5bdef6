import type { EnvironmentFlagView, LineView } from '@sluice/api-client';
import { Plus } from 'lucide-react';
import { type ReactNode, useEffect, useRef } from 'react';
import { Button } from '../ui/button.tsx';
import { formatCount } from '../ui/duration.ts';
import { KeyHint } from '../ui/key-hint.tsx';
import { useCanEdit } from './can-edit.ts';
import { type Decided, isSameLine } from './decided.ts';
import { type Configuration, isSame, moved, type Rule, withEntry } from './draft.ts';
import { Line } from './line.tsx';
import { PrerequisiteLine } from './prerequisite-line.tsx';
import { RuleLine } from './rule-line.tsx';
import { ServeSentence } from './serve-sentence.tsx';
import { TargetsLine } from './targets-line.tsx';
import { Token } from './token.tsx';
import { VariationChoice } from './variation-choice.tsx';

interface TargetingProps {
  readonly flag: EnvironmentFlagView;
  readonly was: Configuration;
  readonly draft: Configuration;
  readonly change: (draft: Configuration) => void;
  readonly decided: Decided;
  /** How many contexts the shares are of; undefined: it is not known yet. */
  readonly sampled: number | undefined;
  /** Which line decided what was asked about. */
  readonly lit?: LineView | undefined;
}

/** All lines in the order in which they are asked: the first that matches decides. */
export function Targeting({ flag, was, draft, change, decided, sampled, lit }: TargetingProps): ReactNode {
  const { variations } = flag;
  const set = (part: Partial<Configuration>) => change({ ...draft, ...part });
  const [first] = variations;
  const canEdit = useCanEdit();
  const section = useRef<HTMLElement>(null);
  // Whoever added a line goes on in its first token.
  const added = useRef<'rule' | 'target' | 'prerequisite'>(undefined);
  useEffect(() => {
    if (added.current === undefined) return;
    const lines = section.current?.querySelectorAll(`[data-line=${added.current}]`);
    added.current = undefined;
    const line = lines?.[lines.length - 1];
    line?.querySelector<HTMLElement>('[data-token]')?.focus();
    line?.scrollIntoView({ block: 'nearest' });
  });
  const addRule = () => {
    added.current = 'rule';
    set({
      rules: [
        ...draft.rules,
        {
          id: createRuleId(draft.rules),
          clauses: [{ contextKind: 'user', attribute: 'key', op: 'in', values: [] }],
          variation: first?.id ?? '',
        },
      ],
    });
  };
  const addTarget = () => {
    added.current = 'target';
    set({ targets: [...draft.targets, { variation: first?.id ?? '', contextKind: 'user', keys: [] }] });
  };
  const addPrerequisite = () => {
    added.current = 'prerequisite';
    set({ prerequisites: [...draft.prerequisites, { flag: '', variation: '' }] });
  };
  const isLit = (line: LineView) => lit !== undefined && isSameLine(lit, line);
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const { target, ctrlKey, metaKey, altKey } = event;
      if (!canEdit || ctrlKey || metaKey || altKey) return;
      if (target instanceof HTMLElement && target.closest('input, textarea, [role=dialog]') !== null) return;
      const act = { r: addRule, t: addTarget }[event.key];
      if (act === undefined) return;
      event.preventDefault();
      act();
    };
    addEventListener('keydown', press);
    return () => removeEventListener('keydown', press);
  });
  const order = was.rules.map(({ id }) => id).filter((id) => draft.rules.some((rule) => rule.id === id));
  const kept = draft.rules.filter(({ id }) => order.includes(id));
  return (
    <section ref={section} aria-label="Targeting" className="min-w-0">
      <p className="flex justify-between gap-4 border-line border-b py-2 pr-6 pl-18 text-ink-3 max-tablet:px-4">
        The first line that matches decides
        {sampled !== undefined && (
          <span className="figures max-tablet:hidden">
            {sampled === 0 ? 'No contexts were seen yet' : `Decided here, of ${formatCount(sampled)} sampled`}
          </span>
        )}
      </p>
      <ul>
        {draft.prerequisites.map((prerequisite, index) => (
          <PrerequisiteLine
            // biome-ignore lint/suspicious/noArrayIndexKey: their flag changes while they are edited.
            key={index}
            prerequisite={prerequisite}
            asking={flag.key}
            decided={decided({ kind: 'prerequisite', prerequisite: prerequisite.flag })}
            isLit={isLit({ kind: 'prerequisite', prerequisite: prerequisite.flag })}
            isEdited={!was.prerequisites.some((each) => isSame(each, prerequisite))}
            change={(next) => set({ prerequisites: withEntry(draft.prerequisites, index, next) })}
          />
        ))}
        {draft.targets.map((target, index) => (
          <TargetsLine
            // biome-ignore lint/suspicious/noArrayIndexKey: their variation changes while they are edited.
            key={index}
            target={target}
            was={was.targets}
            variations={variations}
            decided={decided(lineOf(target))}
            isLit={isLit(lineOf(target))}
            change={(next) => set({ targets: withEntry(draft.targets, index, next) })}
          />
        ))}
      </ul>
      <ol>
        {draft.rules.map((rule, index) => (
          <RuleLine
            key={rule.id}
            rule={rule}
            was={was.rules.find(({ id }) => id === rule.id)}
            index={index}
            count={draft.rules.length}
            isMoved={kept.indexOf(rule) !== order.indexOf(rule.id)}
            variations={variations}
            decided={decided({ kind: 'rule', rule: rule.id })}
            isLit={isLit({ kind: 'rule', rule: rule.id })}
            change={(next) => set({ rules: withEntry(draft.rules, index, next) })}
            move={(from, to) => set({ rules: moved(draft.rules, from, to) })}
          />
        ))}
      </ol>
      <Line
        isEdited={!isSame(was.fallthrough, draft.fallthrough)}
        decided={decided({ kind: 'fallthrough' })}
        isLit={isLit({ kind: 'fallthrough' })}
      >
        <b>Everyone else</b> gets{' '}
        <ServeSentence
          serve={draft.fallthrough}
          was={was.fallthrough}
          variations={variations}
          change={(serve) => set({ fallthrough: serve })}
        />
      </Line>
      <Line
        isEdited={was.offVariation !== draft.offVariation}
        decided={draft.on && was.on ? undefined : decided({ kind: 'off' })}
        isLit={isLit({ kind: 'off' })}
      >
        <span className="text-ink-2">While off, everyone gets </span>
        <Token
          label={`While off, everyone gets ${draft.offVariation}`}
          isEdited={was.offVariation !== draft.offVariation}
          editor={(close) => (
            <VariationChoice
              variations={variations}
              choose={(id) => {
                set({ offVariation: id });
                close();
              }}
            />
          )}
        >
          {draft.offVariation}
        </Token>
      </Line>
      {canEdit && (
        <div className="flex flex-wrap items-center gap-2 py-3 pr-6 pl-15.5 max-tablet:px-4">
          <Button look="ghost" onClick={addRule}>
            <Plus aria-hidden size={14} /> Rule <KeyHint>R</KeyHint>
          </Button>
          <Button look="ghost" onClick={addTarget}>
            <Plus aria-hidden size={14} /> Target <KeyHint>T</KeyHint>
          </Button>
          <Button look="ghost" onClick={addPrerequisite}>
            <Plus aria-hidden size={14} /> Prerequisite
          </Button>
          <span className="ml-auto text-ink-3 max-tablet:hidden">
            Move a rule <KeyHint>Alt ↑</KeyHint> <KeyHint>Alt ↓</KeyHint>
          </span>
        </div>
      )}
    </section>
  );
}

function lineOf({ variation, contextKind }: Configuration['targets'][number]): LineView {
  return { kind: 'target', variation, contextKind };
}

/** One that no rule of the flag has. */
function createRuleId(rules: readonly Rule[]): string {
  const random = Array.from(crypto.getRandomValues(new Uint8Array(6)), (byte) => (byte % 36).toString(36)).join('');
  return rules.some(({ id }) => id === random) ? createRuleId(rules) : random;
}
