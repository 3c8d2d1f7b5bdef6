import type { FlagView } from '@sluice/api-client';
import { surroundingKinds } from '@sluice/engine';
import { GripVertical } from 'lucide-react';
import type { ReactNode } from 'react';
import { useCanEdit } from './can-edit.ts';
import { ClausesSentence } from './clauses-sentence.tsx';
import type { DecidedShare } from './decided.ts';
import { isSame, type Rule, type Serve } from './draft.ts';
import { Line } from './line.tsx';
import { findOperator } from './operators.ts';
import { Remove } from './remove.tsx';
import { ServeSentence } from './serve-sentence.tsx';

interface RuleLineProps {
  readonly rule: Rule;
  /** As it is applied; absent: the rule is new. */
  readonly was: Rule | undefined;
  readonly index: number;
  readonly count: number;
  readonly isMoved: boolean;
  readonly variations: FlagView['variations'];
  readonly change: (rule: Rule | undefined) => void;
  /** Puts the rule that is at `from` at `to`. */
  readonly move: (from: number, to: number) => void;
  readonly decided: DecidedShare | undefined;
  readonly isLit: boolean;
}

/** A rule is one sentence. Alt with an arrow moves it, and so does dragging it by its handle. */
export function RuleLine({
  rule,
  was,
  index,
  count,
  isMoved,
  variations,
  change,
  move,
  decided,
  isLit,
}: RuleLineProps): ReactNode {
  const isEdited = was === undefined || isMoved || !isSame(was, rule);
  const canEdit = useCanEdit();
  const isOwn = rule.clauses.some(({ op }) => findOperator(op).isOwn);
  const unsampled = [...surroundingKinds].filter((kind) =>
    rule.clauses.some(({ contextKind }) => contextKind === kind),
  );
  return (
    <li
      data-line="rule"
      onKeyDown={(event) => {
        const by = canEdit && event.altKey ? { ArrowUp: -1, ArrowDown: 1 }[event.key] : undefined;
        if (by === undefined) return;
        event.preventDefault();
        move(index, index + by);
      }}
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        const from = Number(event.dataTransfer.getData('text/rule'));
        event.preventDefault();
        if (Number.isInteger(from) && from !== index) move(from, index);
      }}
    >
      <Line
        isEdited={isEdited}
        isLit={isLit}
        decided={unsampled.length === 0 ? decided : undefined}
        mark={
          <>
            {canEdit && (
              <button
                type="button"
                draggable
                aria-label={`Move rule ${index + 1} of ${count}`}
                title="Drag, or Alt with an arrow"
                className="flex h-6 w-6 cursor-grab items-center justify-center text-ink-3"
                onDragStart={(event) => event.dataTransfer.setData('text/rule', String(index))}
              >
                <GripVertical aria-hidden size={14} />
              </button>
            )}
            <span className="figures text-ink-3">{index + 1}</span>
          </>
        }
      >
        <fieldset>
          <legend className="sr-only">
            Rule {index + 1}
            {rule.name !== undefined && `, ${rule.name}`}
          </legend>
          {rule.name !== undefined && <span className="text-ink-3">{rule.name}: </span>}
          <ClausesSentence
            clauses={rule.clauses}
            was={was?.clauses}
            change={(clauses) => change({ ...rule, clauses })}
            of={`rule ${index + 1}`}
          />{' '}
          then serve{' '}
          <ServeSentence
            serve={serveOf(rule)}
            was={was && serveOf(was)}
            variations={variations}
            change={(serve) => change(withServe(rule, serve))}
            beside={<Remove what={`rule ${index + 1}`} act={() => change(undefined)} />}
          />
          {unsampled.length > 0 && decided !== undefined && (
            <p className="text-ink-3 text-small leading-5">
              Sampled contexts have no {unsampled.join(' and no ')}: for how many it decides is not known.
            </p>
          )}
          {isOwn && <p className="text-ink-3 text-small leading-5">LaunchDarkly SDKs skip this rule.</p>}
        </fieldset>
      </Line>
    </li>
  );
}

function withServe({ id, name, clauses }: Rule, serve: Serve): Rule {
  return { id, ...(name !== undefined && { name }), clauses, ...serveOf(serve) };
}

/** What a rule serves, without what it asks. */
function serveOf(serve: Serve): Serve {
  return 'rollout' in serve ? { rollout: serve.rollout } : { variation: serve.variation };
}
