import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { ApiError } from '../api.ts';
import { Failure, Loaded } from './loaded.tsx';
import { Message } from './message.tsx';
import { Name } from './name.tsx';
import { Page } from './page.tsx';

interface LoadedPageProps<T> {
  readonly query: UseQueryResult<T>;
  /** What it is, without an article: "flag". */
  readonly what: string;
  readonly name: string;
  readonly children: (data: T) => ReactNode;
}

/** `Loaded` for what a whole page is about. Once somebody deleted it, nothing of it is shown, nor can be edited. */
export function LoadedPage<T>({ query, what, name, children }: LoadedPageProps<T>): ReactNode {
  const { data, error } = query;
  const isGone = data !== undefined && error instanceof ApiError && error.status === 404;
  if (error === null || (data !== undefined && !isGone)) {
    return (
      <Loaded query={query} what={`The ${what}`}>
        {children}
      </Loaded>
    );
  }
  return (
    <Page name={name} title={<Name>{name}</Name>}>
      {isGone ? (
        <Message title={`There is no ${what} ${name} any more`}>Somebody deleted it.</Message>
      ) : (
        <Failure what={`The ${what}`} error={error} retry={() => void query.refetch()} />
      )}
    </Page>
  );
}
