import type { ReactNode } from 'react';
import { Field } from './field.tsx';

interface WhyFieldProps {
  readonly value: string;
  readonly change: (value: string) => void;
  readonly autoFocus?: boolean;
  /** Where something else is asked for than a comment. */
  readonly placeholder?: string;
}

/** The comment of a change, which goes on standing beside it. */
export function WhyField({
  value,
  change,
  autoFocus = false,
  placeholder = 'Shown in history and on Now',
}: WhyFieldProps): ReactNode {
  return (
    <Field
      label="Why"
      isLabelHidden
      autoFocus={autoFocus}
      placeholder={placeholder}
      value={value}
      onChange={({ target }) => change(target.value)}
    />
  );
}
