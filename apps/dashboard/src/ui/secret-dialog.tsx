import { type ComponentProps, type ReactNode, useEffect, useState } from 'react';
import { after } from '../platform.ts';
import { Button } from './button.tsx';
import { Dialog } from './dialog.tsx';

/** Somebody who clicks twice clicks here too. */
const secondClickMs = 500;

interface SecretDialogProps extends Omit<ComponentProps<typeof Dialog>, 'close' | 'actions'> {
  readonly close: () => void;
  /** A way on, beside Done. */
  readonly action?: ReactNode;
}

/** Shows what is shown only once: nothing but its buttons closes it, and no second click of the one that made it. */
export function SecretDialog({ close, action, ...rest }: SecretDialogProps): ReactNode {
  const [hearsClicks, setHearsClicks] = useState(false);
  useEffect(() => after(secondClickMs, () => setHearsClicks(true)), []);
  return (
    <Dialog
      {...rest}
      actions={
        <div className={`flex items-center gap-3 ${hearsClicks ? '' : 'pointer-events-none'}`}>
          {action}
          <Button onClick={close}>Done</Button>
        </div>
      }
    />
  );
}
