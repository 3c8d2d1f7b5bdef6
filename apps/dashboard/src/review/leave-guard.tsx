import { useBlocker } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { Button } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';

/** Asks before edits are left behind; where the tab is closed or loaded anew, the browser asks. */
export function LeaveGuard({ edits }: { readonly edits: string }): ReactNode {
  const leaving = useBlocker({ shouldBlockFn: isOtherPage, withResolver: true });
  if (leaving.status !== 'blocked') return null;
  return (
    <Dialog
      title="Leave without applying?"
      close={leaving.reset}
      actions={
        <>
          <Button autoFocus onClick={leaving.reset}>
            Stay
          </Button>
          <Button onClick={leaving.proceed}>Leave</Button>
        </>
      }
    >
      <p className="px-6 py-4 max-tablet:px-4">{edits} on this page would be lost.</p>
    </Dialog>
  );
}

interface Leaving {
  readonly current: { readonly pathname: string };
  readonly next: { readonly pathname: string };
}

/** Parts of a page and filters stand behind the question mark: there the edits stay. */
function isOtherPage({ current, next }: Leaving): boolean {
  return current.pathname !== next.pathname;
}
