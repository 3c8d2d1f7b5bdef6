import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { ApiError } from '../api.ts';
import { describeForbidden } from '../session/describe-refusal.ts';
import { Button } from './button.tsx';
import { Loading } from './loading.tsx';
import { Message } from './message.tsx';

interface LoadedProps<T> {
  readonly query: UseQueryResult<T>;
  /** What it is, for the sentence when it does not come: "The flags". */
  readonly what: string;
  readonly rows?: number;
  readonly children: (data: T) => ReactNode;
}

/** Shows what a query brought, or in its place that it is on its way, failed, or is not for this person. */
export function Loaded<T>({ query, what, rows, children }: LoadedProps<T>): ReactNode {
  // What was there before is better than nothing: the banner says when it is old.
  if (query.data !== undefined) return children(query.data);
  if (query.isPending) return <Loading {...(rows !== undefined && { rows })} />;
  return <Failure what={what} error={query.error} retry={() => void query.refetch()} />;
}

export function Failure({
  what,
  error,
  retry,
}: {
  readonly what: string;
  readonly error: unknown;
  readonly retry: () => void;
}): ReactNode {
  const again = <Button onClick={retry}>Try again</Button>;
  if (!(error instanceof ApiError)) {
    return (
      <Message title={`${what} cannot be shown`} tone="error" action={again}>
        {String(error)}
      </Message>
    );
  }
  if (error.status === 403)
    return <Message title="This is not yours to see">{describeForbidden(error.message)}.</Message>;
  // A key that nothing can have is asked for by addresses that were typed or cut.
  if (error.status === 404 || error.status === 400)
    return <Message title="There is no such thing here">{sentence(error.message)}.</Message>;
  const request = error.requestId === undefined ? '' : ` The server's log has request ${error.requestId}.`;
  return (
    <Message title={`${what} did not come`} tone="error" action={again}>
      {sentence(error.message)}.{request}
    </Message>
  );
}

function sentence(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1);
}
