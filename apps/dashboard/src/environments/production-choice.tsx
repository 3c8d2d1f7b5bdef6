import type { ReactNode } from 'react';
import { Choice } from '../ui/choice.tsx';

interface ProductionChoiceProps {
  readonly isProduction: boolean;
  readonly choose: (isProduction: boolean) => void;
}

/** Whether real users depend on an environment. */
export function ProductionChoice({ isProduction, choose }: ProductionChoiceProps): ReactNode {
  return (
    <>
      <Choice
        label="It is"
        value={isProduction ? 'production' : 'other'}
        options={[
          { value: 'production', label: 'Production' },
          { value: 'other', label: 'Not production' },
        ]}
        choose={(value) => choose(value === 'production')}
      />
      <p className="mt-1 text-ink-2">
        {isProduction
          ? 'Real users depend on it: its pages and buttons are filled, and name it.'
          : 'Nobody but your own people depends on it.'}
      </p>
    </>
  );
}
