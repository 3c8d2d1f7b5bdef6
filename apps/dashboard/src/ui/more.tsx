import { type ReactNode, useEffect, useRef } from 'react';
import { Button } from './button.tsx';

interface MoreProps {
  readonly query: {
    readonly hasNextPage: boolean;
    readonly isFetchingNextPage: boolean;
    readonly isFetchNextPageError: boolean;
    readonly fetchNextPage: () => Promise<unknown>;
  };
  readonly label?: string;
}

/** At the end of a list: brings what follows once one comes near, or asks for it. */
export function More({ query, label = 'Show more' }: MoreProps): ReactNode {
  const end = useRef<HTMLDivElement>(null);
  const { hasNextPage, isFetchingNextPage, isFetchNextPageError, fetchNextPage } = query;
  // What failed is not asked for again and again.
  const isOnItsOwn = hasNextPage && !isFetchingNextPage && !isFetchNextPageError;
  useEffect(() => {
    if (!isOnItsOwn || end.current === null) return;
    // While the page is busy several looks come at once: the last is how it is.
    const look = (entries: readonly IntersectionObserverEntry[]) =>
      entries.at(-1)?.isIntersecting && void fetchNextPage();
    const observer = new IntersectionObserver(look, { rootMargin: '400px' });
    observer.observe(end.current);
    return () => observer.disconnect();
  });
  if (!hasNextPage) return null;
  return (
    <div ref={end} className="pt-3">
      <Button busy={isFetchingNextPage && 'Loading'} onClick={() => void fetchNextPage()}>
        {label}
      </Button>
    </div>
  );
}
