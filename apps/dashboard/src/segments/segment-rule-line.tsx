import { type ReactNode, useState } from 'react';
import { ClauseSentence } from '../flag/clause-sentence.tsx';
import { isSame, withEntry } from '../flag/draft.ts';
import { findOperator } from '../flag/operators.ts';
import { Token } from '../flag/token.tsx';
import { Button } from '../ui/button.tsx';
import { Field } from '../ui/field.tsx';
import { focusBeside } from '../ui/focus-beside.ts';
import { join } from '../ui/join.ts';
import type { SegmentRule } from './segment-draft.ts';

const whole = 100_000;

interface SegmentRuleLineProps {
  readonly rule: SegmentRule;
  /** As it is applied; absent: the rule is new. */
  readonly was: SegmentRule | undefined;
  readonly index: number;
  readonly change: (rule: SegmentRule | undefined) => void;
}

/** A rule is one sentence: whoever it is true of is in the segment, or a share of them. */
export function SegmentRuleLine({ rule, was, index, change }: SegmentRuleLineProps): ReactNode {
  const isEdited = was === undefined || !isSame(was, rule);
  const isOwn = rule.clauses.some(({ op }) => findOperator(op).isOwn);
  const share = describeShare(rule);
  return (
    <li
      className={join(
        'flex items-start gap-2 border-line border-b border-l-2 py-2 pr-6 pl-5.5 max-tablet:px-4',
        isEdited ? 'border-l-accent' : 'border-l-transparent',
      )}
    >
      <fieldset className="min-w-0 flex-1 leading-8">
        <legend className="sr-only">
          Rule {index + 1}
          {rule.name !== undefined && `, ${rule.name}`}
        </legend>
        {rule.name !== undefined && <span className="text-ink-3">{rule.name}: </span>}
        If{' '}
        {rule.clauses.map((clause, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: clauses have no other name.
          <span key={at}>
            {at > 0 && ' and '}
            <ClauseSentence
              clause={clause}
              was={was?.clauses[at]}
              change={(next) => change({ ...rule, clauses: withEntry(rule.clauses, at, next) })}
            />
          </span>
        ))}{' '}
        <button
          type="button"
          className="link min-h-6"
          onClick={() =>
            change({
              ...rule,
              clauses: [...rule.clauses, { contextKind: 'user', attribute: 'key', op: 'in', values: [] }],
            })
          }
        >
          + and
        </button>{' '}
        then{' '}
        <Token
          label={`Share: ${share}`}
          isEdited={was !== undefined && describeShare(was) !== share}
          editor={(close) => <ShareEditor rule={rule} change={change} close={close} />}
        >
          <span className="font-sans">{share}</span>
        </Token>{' '}
        in it
        {isOwn && <p className="text-ink-3 text-small leading-5">LaunchDarkly SDKs skip this rule.</p>}
      </fieldset>
      <button
        type="button"
        className="min-h-7 shrink-0 rounded-control px-2 text-ink-3 hover:bg-hover hover:text-ink max-tablet:min-h-11"
        aria-label={`Remove rule ${index + 1}`}
        onClick={() => focusBeside(() => change(undefined))}
      >
        Remove
      </button>
    </li>
  );
}

function describeShare({ weight, contextKind = 'user', bucketBy = 'key' }: SegmentRule): string {
  if (weight === undefined) return 'all are';
  return `${weight / 1000}% by ${contextKind} ${bucketBy} are`;
}

interface ShareEditorProps {
  readonly rule: SegmentRule;
  readonly change: (rule: SegmentRule) => void;
  readonly close: () => void;
}

function ShareEditor({ rule, change, close }: ShareEditorProps): ReactNode {
  const [percent, setPercent] = useState(String((rule.weight ?? whole) / 1000));
  const [contextKind, setContextKind] = useState(rule.contextKind ?? 'user');
  const share = Number(percent);
  const isShare = percent.trim() !== '' && share >= 0 && share <= 100;
  return (
    <form
      className="flex flex-col gap-3"
      onSubmit={(event) => {
        event.preventDefault();
        if (!isShare) return;
        const { weight: _, contextKind: __, ...rest } = rule;
        const kind = contextKind.trim() || 'user';
        change(share === 100 ? rest : { ...rest, weight: Math.round(share * 1000), contextKind: kind });
        close();
      }}
    >
      <Field
        label="Share in percent"
        autoFocus
        inputMode="decimal"
        value={percent}
        fault={isShare ? undefined : `expected a number from 0 to 100, got ${percent || 'nothing'}`}
        onChange={({ target }) => setPercent(target.value)}
        hint="100: all of them"
      />
      <Field
        label="Split by the key of"
        value={contextKind}
        onChange={({ target }) => setContextKind(target.value)}
        hint="A kind of context: everyone of the same key is on the same side"
      />
      <div className="flex justify-end">
        <Button type="submit" refusal={isShare ? undefined : 'the share is none'}>
          Done
        </Button>
      </div>
    </form>
  );
}
