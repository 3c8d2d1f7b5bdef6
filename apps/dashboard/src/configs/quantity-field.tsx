import { isProblem, parseQuantity, type Unit } from '@sluice/authoring';
import { type ReactNode, useState } from 'react';
import { fieldStyle } from '../ui/field.tsx';
import { join } from '../ui/join.ts';
import { roundTo } from './scale.ts';

interface QuantityFieldProps {
  readonly label: string;
  /** Null: what stands in it is no number. */
  readonly value: number | null;
  readonly unit: Unit | undefined;
  readonly step: number;
  readonly isEdited?: boolean;
  readonly fault?: string | undefined;
  readonly change: (value: number | null) => void;
}

/** A number of a unit; other units of its family may be typed: `4min` where seconds count. */
export function QuantityField({ label, value, unit, step, isEdited, fault, change }: QuantityFieldProps): ReactNode {
  // What is typed stays as it was typed, until the value comes from elsewhere.
  const [typed, setTyped] = useState({ text: String(value ?? ''), value });
  const text = typed.value === value ? typed.text : String(value ?? '');
  const parsed = text.trim() === '' ? undefined : parseQuantity(text, unit, '');
  const isWrong = parsed === undefined || isProblem(parsed);
  const set = (next: string) => {
    const quantity = next.trim() === '' ? undefined : parseQuantity(next, unit, '');
    const number = typeof quantity === 'number' && Number.isFinite(quantity) ? quantity : null;
    setTyped({ text: next, value: number });
    change(number);
  };
  const said = isProblem(parsed) ? parsed.message : parsed === undefined ? 'expected a number' : fault;
  return (
    <span className="inline-block min-w-0 max-w-full">
      <span className="relative inline-flex max-w-full">
        <input
          aria-label={label}
          inputMode="decimal"
          autoComplete="off"
          aria-invalid={isWrong || fault !== undefined || undefined}
          className={join(
            fieldStyle,
            'figures w-28! text-right font-semibold',
            isEdited === true && 'border-accent! bg-accent-wash! text-accent',
          )}
          style={unit === undefined ? undefined : { paddingRight: `${unit.length + 1.6}ch` }}
          value={text}
          onChange={({ target }) => set(target.value)}
          onBlur={() => value !== null && setTyped({ text: String(value), value })}
          onKeyDown={(event) => {
            const by = { ArrowUp: step, ArrowDown: -step }[event.key];
            if (by === undefined || value === null) return;
            event.preventDefault();
            const next = roundTo(value + by * (event.shiftKey ? 10 : 1), step);
            setTyped({ text: String(next), value: next });
            change(next);
          }}
        />
        {unit !== undefined && (
          <span aria-hidden className="pointer-events-none absolute inset-y-0 right-2 flex items-center text-ink-3">
            {unit}
          </span>
        )}
      </span>
      {said !== undefined && (
        <span role="alert" className="mt-1 block text-red-text leading-5">
          {said}
        </span>
      )}
    </span>
  );
}
