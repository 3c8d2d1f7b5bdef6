import { ToggleGroup } from 'radix-ui';
import type { ReactNode } from 'react';

interface ChoiceProps<T extends string> {
  readonly label: string;
  readonly value: T;
  readonly options: readonly { readonly value: T; readonly label: ReactNode }[];
  readonly choose: (value: T) => void;
}

/** One of a few, side by side. */
export function Choice<T extends string>({ label, value, options, choose }: ChoiceProps<T>): ReactNode {
  return (
    <ToggleGroup.Root
      type="single"
      aria-label={label}
      value={value}
      // Pressing what is chosen would choose nothing; the values are the options'.
      onValueChange={(next) => next !== '' && choose(next as T)}
      className="inline-flex flex-wrap rounded-control border border-line-strong bg-sunk"
    >
      {options.map((option) => (
        <ToggleGroup.Item
          key={option.value}
          value={option.value}
          className="h-6.5 rounded-control border border-transparent px-2.5 text-ink-2 hover:text-ink data-[state=on]:border-line-strong data-[state=on]:bg-raised data-[state=on]:font-medium data-[state=on]:text-ink max-tablet:h-10.5"
        >
          {option.label}
        </ToggleGroup.Item>
      ))}
    </ToggleGroup.Root>
  );
}
