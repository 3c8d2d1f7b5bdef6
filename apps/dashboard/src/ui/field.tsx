import { Search } from 'lucide-react';
import { type ComponentProps, type ReactNode, useId } from 'react';
import { join } from './join.ts';
import { KeyHint } from './key-hint.tsx';

export const fieldStyle =
  'h-7 w-full min-w-0 rounded-control border border-control bg-raised px-2 placeholder:text-ink-3 aria-invalid:border-red max-tablet:h-11';

interface FieldProps extends ComponentProps<'input'> {
  readonly label: string;
  /** What is wrong with what is in it, and what was expected. */
  readonly fault?: string | undefined;
  readonly hint?: ReactNode;
  readonly isLabelHidden?: boolean;
}

/** A line of text with its name, and below it what is wrong. */
export function Field({ label, fault, hint, isLabelHidden = false, className, ...rest }: FieldProps): ReactNode {
  const id = useId();
  return (
    <div className={join('min-w-0', className)}>
      <label htmlFor={id} className={isLabelHidden ? 'sr-only' : 'mb-1 block text-ink-2'}>
        {label}
      </label>
      <input
        id={id}
        className={fieldStyle}
        aria-invalid={fault !== undefined || undefined}
        // What is wrong and what it is for are no part of its name.
        aria-describedby={fault === undefined && hint === undefined ? undefined : `${id}-more`}
        {...rest}
      />
      <div id={`${id}-more`} className="font-sans">
        {fault !== undefined && (
          <p role="alert" className="mt-1 text-red-text">
            {fault}
          </p>
        )}
        {hint !== undefined && <p className="mt-1 text-ink-3 text-small">{hint}</p>}
      </div>
    </div>
  );
}

interface SearchFieldProps extends Omit<ComponentProps<'input'>, 'type'> {
  readonly label: string;
  /** At its right: how much was found. */
  readonly found?: ReactNode;
}

/** Narrows a list; `/` goes to it. */
export function SearchField({ label, found, className, ...rest }: SearchFieldProps): ReactNode {
  return (
    <div className={join('relative min-w-0', className)}>
      <Search
        aria-hidden
        size={14}
        className="pointer-events-none absolute top-1/2 left-2.5 -translate-y-1/2 text-ink-3"
      />
      <input
        type="search"
        data-search
        aria-label={label}
        placeholder={label}
        className={join(fieldStyle, 'pr-20 pl-8')}
        {...rest}
      />
      <span className="pointer-events-none absolute top-1/2 right-2.5 flex -translate-y-1/2 items-center gap-2 text-ink-3 text-small">
        {found ?? <KeyHint>/</KeyHint>}
      </span>
    </div>
  );
}
