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

/** In the place of a page whose code did not come. */
export function PageMissing({ retry }: { readonly retry: () => void }): ReactNode {
  return (
    <div className="p-6 max-tablet:p-4">
      <h1 className="pb-3 text-title">This page did not come</h1>
      <Message title="The server did not send it" tone="error" action={<Button onClick={retry}>Try again</Button>}>
        It does not answer, or was updated since the dashboard was opened. Your applications do not notice.
      </Message>
    </div>
  );
}
