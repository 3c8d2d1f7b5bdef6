import type { ComponentProps, ReactNode } from 'react';
import { fieldStyle } from './field.tsx';
import { join } from './join.ts';

interface SelectProps<T extends string> extends Omit<ComponentProps<'select'>, 'value' | 'onChange'> {
  readonly label: string;
  readonly value: T;
  readonly options: readonly { readonly value: T; readonly label: string }[];
  readonly choose: (value: T) => void;
}

/** One of several, in a sentence: the machine's own list, so that it works on every phone. */
export function Select<T extends string>({
  label,
  value,
  options,
  choose,
  className,
  ...rest
}: SelectProps<T>): ReactNode {
  return (
    <select
      aria-label={label}
      value={value}
      // Its values are the options'.
      onChange={({ target }) => choose(target.value as T)}
      className={join(fieldStyle, 'w-auto max-w-full', className)}
      {...rest}
    >
      {options.map((option) => (
        <option key={option.value} value={option.value}>
          {option.label}
        </option>
      ))}
    </select>
  );
}
