import type { ReactNode } from 'react';
import { Button } from '../ui/button.tsx';

interface TextToggleProps {
  readonly isText: boolean;
  readonly toText: string;
  readonly toggle: () => void;
}

/** Between a form and the same as text. */
export function TextToggle({ isText, toText, toggle }: TextToggleProps): ReactNode {
  return (
    <div>
      <Button size="row" look="ghost" className="-ml-2.5" onClick={toggle}>
        {isText ? 'Edit as a form' : toText}
      </Button>
    </div>
  );
}
