import type { EnvironmentFlagView } from '@sluice/api-client';
import { Plus } from 'lucide-react';
import { type ReactNode, useEffect } from 'react';
import { Button } from '../ui/button.tsx';
import { KeyHint } from '../ui/key-hint.tsx';
import { type Configuration, isSame, moved, type Rule, withEntry } from './draft.ts';
import { Line } from './line.tsx';
import { PrerequisiteLine } from './prerequisite-line.tsx';
import { RuleLine } from './rule-line.tsx';
import { ServeSentence } from './serve-sentence.tsx';
import { TargetsLine } from './targets-line.tsx';
import { Token } from './token.tsx';

interface TargetingProps {
  readonly flag: EnvironmentFlagView;
  readonly was: Configuration;
  readonly draft: Configuration;
  readonly change: (draft: Configuration) => void;
}

/** All lines in the order in which they are asked: the first that matches decides. */
export function Targeting({ flag, was, draft, change }: TargetingProps): ReactNode {
  const { variations } = flag;
  const set = (part: Partial<Configuration>) => change({ ...draft, ...part });
  const [first] = variations;
  const addRule = () =>
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
  const addTarget = () =>
    set({ targets: [...draft.targets, { variation: first?.id ?? '', contextKind: 'user', keys: [] }] });
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const { target, ctrlKey, metaKey, altKey } = event;
      if (ctrlKey || metaKey || altKey) return;
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
    <section aria-label="Targeting">
      <p className="border-line border-b px-6 py-2 text-ink-3 max-tablet:px-4">The first line that matches decides</p>
      <ul>
        {draft.prerequisites.map((prerequisite, index) => (
          <PrerequisiteLine
            key={prerequisite.flag}
            prerequisite={prerequisite}
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
            change={(next) => set({ rules: withEntry(draft.rules, index, next) })}
            move={(from, to) => set({ rules: moved(draft.rules, from, to) })}
          />
        ))}
      </ol>
      <Line isEdited={!isSame(was.fallthrough, draft.fallthrough)}>
        <b>Everyone else</b> gets{' '}
        <ServeSentence
          serve={draft.fallthrough}
          was={was.fallthrough}
          variations={variations}
          change={(serve) => set({ fallthrough: serve })}
        />
      </Line>
      <Line isEdited={was.offVariation !== draft.offVariation}>
        <span className="text-ink-2">While off, everyone gets </span>
        <Token
          label={`While off, everyone gets ${draft.offVariation}`}
          isEdited={was.offVariation !== draft.offVariation}
          editor={(close) => (
            <ul>
              {variations.map(({ id }) => (
                <li key={id}>
                  <button
                    type="button"
                    className="w-full rounded-control px-2 py-1 text-left font-mono hover:bg-hover"
                    onClick={() => {
                      set({ offVariation: id });
                      close();
                    }}
                  >
                    {id}
                  </button>
                </li>
              ))}
            </ul>
          )}
        >
          {draft.offVariation}
        </Token>
      </Line>
      <div className="flex flex-wrap items-center gap-2 px-6 py-3 max-tablet:px-4">
        <Button look="ghost" onClick={addRule}>
          <Plus aria-hidden size={14} /> Rule <KeyHint>R</KeyHint>
        </Button>
        <Button look="ghost" onClick={addTarget}>
          <Plus aria-hidden size={14} /> Target <KeyHint>T</KeyHint>
        </Button>
        <Button
          look="ghost"
          onClick={() => set({ prerequisites: [...draft.prerequisites, { flag: '', variation: '' }] })}
        >
          <Plus aria-hidden size={14} /> Prerequisite
        </Button>
        <span className="ml-auto text-ink-3 max-tablet:hidden">
          Move a rule <KeyHint>Alt ↑</KeyHint> <KeyHint>Alt ↓</KeyHint>
        </span>
      </div>
    </section>
  );
}

/** One that no rule of the flag has. */
function createRuleId(rules: readonly Rule[]): string {
  const random = Array.from(crypto.getRandomValues(new Uint8Array(6)), (byte) => (byte % 36).toString(36)).join('');
  return rules.some(({ id }) => id === random) ? createRuleId(rules) : random;
}
