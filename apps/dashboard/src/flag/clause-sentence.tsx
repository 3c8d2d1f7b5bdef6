import { X } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import { Button } from '../ui/button.tsx';
import { Field, fieldStyle } from '../ui/field.tsx';
import { focusBeside } from '../ui/focus-beside.ts';
import { useCanEdit } from './can-edit.ts';
import type { Clause } from './draft.ts';
import {
  keepValues,
  operators,
  operatorWords,
  parseValues,
  tryPatterns,
  valueTypeOf,
  writeValue,
} from './operators.ts';
import { SegmentChoice } from './segment-choice.tsx';
import { Token } from './token.tsx';

interface ClauseSentenceProps {
  readonly clause: Clause;
  /** As it is applied; absent: the clause is new. */
  readonly was?: Clause | undefined;
  readonly change: (clause: Clause | undefined) => void;
}

/** A test in words: `account plan is enterprise`. Every value is a token. */
export function ClauseSentence({ clause, was, change }: ClauseSentenceProps): ReactNode {
  const { contextKind = 'user', attribute = 'key', op, values, negate = false } = clause;
  const words = operatorWords(clause);
  const canEdit = useCanEdit();
  const isSegment = op === 'segmentMatch';
  const known = new Set(was?.values.map(String));
  return (
    <>
      {!isSegment && (
        <Token
          label={`Attribute ${contextKind} ${attribute}`}
          isEdited={was !== undefined && (was.contextKind !== clause.contextKind || was.attribute !== clause.attribute)}
          remove={() => change(undefined)}
          editor={(close) => <AttributeEditor clause={clause} change={change} close={close} />}
        >
          {contextKind} {attribute}
        </Token>
      )}{' '}
      <Token
        label={`Operator ${words}`}
        isEdited={was !== undefined && (was.op !== op || (was.negate ?? false) !== negate)}
        remove={() => change(undefined)}
        editor={(close) => <OperatorEditor clause={clause} change={change} close={close} />}
      >
        <span className="font-sans">{words}</span>
      </Token>{' '}
      <Token
        label={values.length === 0 ? 'Values' : `Values ${describeValues(clause)}`}
        isStrong
        isEdited={was !== undefined && values.some((value) => !known.has(String(value)))}
        isInvalid={values.length === 0}
        remove={() => change(undefined)}
        editor={(close) =>
          isSegment ? (
            <SegmentChoice
              choose={(key) => {
                change({ ...clause, values: [key] });
                close();
              }}
            />
          ) : (
            <ValuesEditor clause={clause} change={change} close={close} />
          )
        }
      >
        {describeValues(clause)}
      </Token>
      {canEdit && (
        <button
          type="button"
          aria-label="Remove this condition"
          className="inline-flex size-6 items-center justify-center rounded-chip align-middle text-ink-3 hover:bg-hover hover:text-ink"
          onClick={() => focusBeside(() => change(undefined))}
        >
          <X aria-hidden size={13} />
        </button>
      )}
    </>
  );
}

/** The first of them, and how many more there are. */
function describeValues(clause: Clause): string {
  const { values } = clause;
  const type = valueTypeOf(clause);
  if (values.length === 0) return 'choose';
  const shown = values.slice(0, 4).map((value) => writeValue(value, type));
  if (values.length > 4) shown.push(`${values.length - 4} more`);
  return shown.join(', ');
}

interface EditorProps {
  readonly clause: Clause;
  readonly change: (clause: Clause) => void;
  readonly close: () => void;
}

function AttributeEditor({ clause, change, close }: EditorProps): ReactNode {
  const [contextKind, setContextKind] = useState(clause.contextKind ?? 'user');
  const [attribute, setAttribute] = useState(clause.attribute ?? 'key');
  return (
    <form
      className="flex flex-col gap-3"
      onSubmit={(event) => {
        event.preventDefault();
        const next = { ...clause, contextKind: contextKind.trim() || 'user', attribute: attribute.trim() || 'key' };
        change({ ...next, values: keepValues(clause, next) });
        close();
      }}
    >
      <Field
        label="Kind of context"
        list="context-kinds"
        value={contextKind}
        onChange={({ target }) => setContextKind(target.value)}
      />
      <datalist id="context-kinds">
        {['user', 'account', 'instance', 'request', 'record'].map((kind) => (
          <option key={kind} value={kind} />
        ))}
      </datalist>
      <Field
        label="Attribute"
        hint="A name, or a path such as /address/country"
        value={attribute}
        onChange={({ target }) => setAttribute(target.value)}
      />
      <Done />
    </form>
  );
}

function OperatorEditor({ clause, change, close }: EditorProps): ReactNode {
  return (
    <ul className="-m-2 max-h-80 overflow-y-auto">
      {operators.flatMap(({ op, words, isOwn }) =>
        words.map((word, index) => (
          <li key={word}>
            <button
              type="button"
              aria-pressed={clause.op === op && (clause.negate ?? false) === (index === 1)}
              className="w-full rounded-control px-2 py-1 text-left hover:bg-hover aria-pressed:font-semibold"
              onClick={() => {
                const { negate: _, ...rest } = clause;
                const next = { ...rest, op, ...(index === 1 && { negate: true }) };
                change({ ...next, values: keepValues(clause, next) });
                close();
              }}
            >
              {word}
              {isOwn === true && <span className="text-ink-3"> other SDKs skip the rule</span>}
            </button>
          </li>
        )),
      )}
    </ul>
  );
}

function ValuesEditor({ clause, change, close }: EditorProps): ReactNode {
  const type = valueTypeOf(clause);
  const [written] = useState(() =>
    clause.values.map((value) => writeValue(value, type)).join(type === 'pattern' ? '\n' : ', '),
  );
  const [text, setText] = useState(written);
  const { values, fault } = parseValues(text, type);
  return (
    <form
      className="flex flex-col gap-3"
      onSubmit={(event) => {
        event.preventDefault();
        if (fault !== undefined || values.length === 0) return;
        // Who only looked changes nothing, whatever an API token wrote there.
        if (text !== written) change({ ...clause, values });
        close();
      }}
    >
      <label className="block">
        <span className="mb-1 block text-ink-2">
          {type === 'pattern' ? 'Patterns, one in a line' : 'Values, by comma'}
        </span>
        <textarea
          autoFocus
          rows={Math.min(8, 2 + Math.floor(text.length / 40))}
          aria-invalid={fault !== undefined || undefined}
          className={`${fieldStyle} h-auto! py-1 font-mono`}
          value={text}
          onChange={({ target }) => setText(target.value)}
          onKeyDown={(event) => {
            if (event.key !== 'Enter' || event.shiftKey || type === 'pattern') return;
            event.preventDefault();
            event.currentTarget.form?.requestSubmit();
          }}
        />
      </label>
      {fault !== undefined && (
        <p role="alert" className="text-red-text">
          {fault}
        </p>
      )}
      {(type === 'any' || type === 'text') && fault === undefined && (
        <p className="text-ink-3 text-small">A value with a comma in it stands in quotes: "Smith, John"</p>
      )}
      {type === 'pattern' && fault === undefined && <PatternTest patterns={values.map(String)} />}
      <Done refusal={fault ?? (values.length === 0 ? 'there is no value yet' : undefined)} />
    </form>
  );
}

/** Whether a text matches, before anything is applied. */
function PatternTest({ patterns }: { readonly patterns: readonly string[] }): ReactNode {
  const [sample, setSample] = useState('');
  const matches = tryPatterns(patterns, sample);
  return (
    <Field
      label="Try it with"
      value={sample}
      onChange={({ target }) => setSample(target.value)}
      hint={
        sample === ''
          ? 'A text that should match, or should not'
          : matches === undefined
            ? 'The browser cannot try this pattern; the review says whether the server takes it'
            : matches
              ? 'It matches'
              : 'It does not match'
      }
    />
  );
}

function Done({ refusal }: { readonly refusal?: string | undefined }): ReactNode {
  return (
    <div className="flex justify-end">
      <Button type="submit" refusal={refusal}>
        Done
      </Button>
    </div>
  );
}
