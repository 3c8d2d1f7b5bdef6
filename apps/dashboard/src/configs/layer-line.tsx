import type { FlagView } from '@sluice/api-client';
import type { JsonValue } from '@sluice/authoring';
import { X } from 'lucide-react';
import type { ReactNode } from 'react';
import { isSame } from '../flag/draft.ts';
import { countOf } from '../ui/duration.ts';
import { join } from '../ui/join.ts';
import { findValueFaults, spellPath } from './find-value-faults.ts';
import { ValueBlock } from './value-block.tsx';
import { ValueForm } from './value-form.tsx';
import { fieldKindOf, isInline } from './value-schema.ts';

/** Columns of the layers, their head included. */
export const layerGrid =
  'grid items-start gap-x-4 gap-y-1 tablet:grid-cols-[1.5rem_minmax(0,1fr)_8.5rem_12rem_2rem] max-tablet:grid-cols-[1.5rem_minmax(0,1fr)_2.75rem]';

interface LayerLineProps {
  readonly rules: NonNullable<FlagView['config']>;
  /** Of an override: its place. */
  readonly index?: number;
  /** What the value is of, for those who do not see the line. */
  readonly label: string;
  /** Whom it is for. */
  readonly children: ReactNode;
  readonly value: JsonValue;
  /** As it is applied; absent: the layer is new. */
  readonly was: JsonValue | undefined;
  readonly isEdited: boolean;
  readonly isOpen: boolean;
  readonly open: () => void;
  readonly inForce: ReactNode;
  readonly change: (value: JsonValue) => void;
  readonly setBroken: (isBroken: boolean) => void;
  readonly remove?: () => void;
}

/** One layer: for whom, which value, and where that is in force. Its value is edited in its place. */
export function LayerLine(props: LayerLineProps): ReactNode {
  const { rules, index, label, children, value, was, isEdited, isOpen, open, inForce, change, setBroken } = props;
  const kind = fieldKindOf(rules.schema, value);
  const faults = findValueFaults(rules.schema, value);
  return (
    <li
      data-edge
      onFocusCapture={open}
      onPointerDown={open}
      className={join(
        'border-line border-b border-l-2 py-2 pr-6 pl-6 leading-7 max-tablet:px-4',
        isEdited ? 'border-l-accent' : 'border-l-transparent',
        isOpen && 'bg-sunk',
      )}
    >
      <div className={layerGrid}>
        <span className="figures text-ink-3">{index === undefined ? '' : index + 1}</span>
        <div className="min-w-0 leading-8">{children}</div>
        <div className="min-w-0 max-tablet:col-start-2 tablet:text-right">
          {isInline(kind) ? (
            <ValueForm
              root={rules.schema}
              schema={rules.schema}
              unit={rules.unit}
              label={label}
              value={value}
              was={was}
              path={[]}
              faults={faults}
              change={change}
            />
          ) : (
            <button
              type="button"
              aria-expanded={isOpen}
              aria-label={`${summarise(value)}, edit ${label}`}
              onClick={open}
              className={join(
                'max-w-full truncate rounded-chip border px-1.5 font-mono font-semibold hover:bg-hover',
                was !== undefined && !isSame(was, value)
                  ? 'border-accent-line bg-accent-wash text-accent'
                  : 'border-line-strong bg-raised',
              )}
            >
              {summarise(value)}
            </button>
          )}
        </div>
        <div className="min-w-0 max-tablet:col-start-2">{inForce}</div>
        {props.remove !== undefined && (
          <button
            type="button"
            aria-label={`Remove the override ${label}`}
            onClick={props.remove}
            className="inline-flex size-7 items-center justify-center rounded-control text-ink-3 hover:bg-hover hover:text-ink max-tablet:col-start-3 max-tablet:row-start-1 max-tablet:size-11"
          >
            <X aria-hidden size={14} />
          </button>
        )}
      </div>
      {isOpen && (
        <div className="pt-1 tablet:pl-10">
          <ValueBlock rules={rules} label={label} value={value} was={was} change={change} setBroken={setBroken} />
          {!isInline(kind) &&
            faults
              .filter(({ path }) => kind === 'json' || path.length === 0)
              .map(({ path, message }) => (
                <p key={`${spellPath(path)} ${message}`} className="text-red-text leading-5">
                  {spellPath(path)} {message}
                </p>
              ))}
        </div>
      )}
    </li>
  );
}

/** `{ 3 parts }`, `[ 2 entries ]`, or the value where it is short. */
function summarise(value: JsonValue): string {
  const text = JSON.stringify(value);
  if (text.length <= 24) return text;
  if (Array.isArray(value)) return `[ ${countOf(value.length, 'entry', 'entries')} ]`;
  if (typeof value === 'object' && value !== null) return `{ ${countOf(Object.keys(value).length, 'part')} }`;
  return `${text.slice(0, 23)}…`;
}
