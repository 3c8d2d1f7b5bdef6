import type { ErrorComponentProps } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { Button } from '../ui/button.tsx';
import { Message } from '../ui/message.tsx';

/** In the place of a page that failed: the rest of the frame stays, and with it the way elsewhere. */
export function PageFailure({ error, reset }: ErrorComponentProps): ReactNode {
  return (
    <div className="p-6 max-tablet:p-4">
      <h1 className="pb-3 text-title">This page failed</h1>
      <Message title="Nothing was changed by it" tone="error" action={<Button onClick={reset}>Show it again</Button>}>
        It could not be drawn: {error instanceof Error ? error.message : String(error)}. Your applications do not
        notice.
      </Message>
    </div>
  );
}
