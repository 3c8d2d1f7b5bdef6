import type { FlagView } from '@sluice/api-client';
import { type ReactNode, useState } from 'react';
import { Button } from '../ui/button.tsx';
import { Field, fieldStyle } from '../ui/field.tsx';
import type { DecidedShare } from './decided.ts';
import type { Target } from './draft.ts';
import { Line } from './line.tsx';
import { parseValues, writeValue } from './operators.ts';
import { Remove } from './remove.tsx';
import { Token } from './token.tsx';
import { VariationChoice } from './variation-choice.tsx';

interface TargetsLineProps {
  readonly target: Target;
  readonly was: readonly Target[];
  readonly variations: FlagView['variations'];
  readonly change: (target: Target | undefined) => void;
  readonly decided: DecidedShare | undefined;
  readonly isLit: boolean;
}

/** Keys that always get a variation, whatever the rules say. */
export function TargetsLine({ target, was, variations, change, decided, isLit }: TargetsLineProps): ReactNode {
  const { variation, contextKind = 'user', keys } = target;
  const before = was
    .filter((each) => each.variation === variation && (each.contextKind ?? 'user') === contextKind)
    .flatMap((each) => each.keys);
  const known = new Set(before);
  const isEdited = before.length !== keys.length || keys.some((key) => !known.has(key));
  return (
    <li data-line="target">
      <Line isEdited={isEdited} decided={decided} isLit={isLit}>
        Always{' '}
        <Token
          label={`Always ${variation}`}
          isStrong
          editor={(close) => (
            <VariationChoice
              variations={variations}
              choose={(id) => {
                change({ ...target, variation: id });
                close();
              }}
            />
          )}
        >
          {variation}
        </Token>{' '}
        for {contextKind}{' '}
        <Token
          label={`${contextKind} keys ${keys.slice(0, 4).join(', ')}`}
          isEdited={isEdited}
          isInvalid={keys.length === 0}
          remove={() => change(undefined)}
          editor={(close) => <KeysEditor target={target} change={change} close={close} />}
        >
          {keys.length === 0
            ? 'choose'
            : keys.slice(0, 4).join(', ') + (keys.length > 4 ? `, ${keys.length - 4} more` : '')}
        </Token>{' '}
        <Remove what={`the targets of ${variation}`} act={() => change(undefined)} />
      </Line>
    </li>
  );
}

interface KeysEditorProps {
  readonly target: Target;
  readonly change: (target: Target) => void;
  readonly close: () => void;
}

function KeysEditor({ target, change, close }: KeysEditorProps): ReactNode {
  const [contextKind, setContextKind] = useState(target.contextKind ?? 'user');
  const [text, setText] = useState(() => target.keys.map((key) => writeValue(key, 'text')).join('\n'));
  const { values, fault } = parseValues(text, 'text');
  const keys = values.map(String);
  return (
    <form
      className="flex flex-col gap-3"
      onSubmit={(event) => {
        event.preventDefault();
        if (fault !== undefined || keys.length === 0) return;
        change({ ...target, contextKind: contextKind.trim() || 'user', keys });
        close();
      }}
    >
      <Field
        label="Kind of context"
        value={contextKind}
        onChange={({ target: field }) => setContextKind(field.value)}
      />
      <label className="block">
        <span className="mb-1 block text-ink-2">Keys, by line or comma</span>
        <textarea
          autoFocus
          rows={6}
          aria-invalid={fault !== undefined || undefined}
          className={`${fieldStyle} h-auto! py-1 font-mono`}
          value={text}
          onChange={({ target: field }) => setText(field.value)}
        />
      </label>
      {fault !== undefined && (
        <p role="alert" className="text-red-text">
          {fault}
        </p>
      )}
      <div className="flex items-center justify-between">
        <span className="figures text-ink-3">
          {keys.length} {keys.length === 1 ? 'key' : 'keys'}
        </span>
        <Button type="submit" refusal={fault ?? (keys.length === 0 ? 'there is no key yet' : undefined)}>
          Done
        </Button>
      </div>
    </form>
  );
}
