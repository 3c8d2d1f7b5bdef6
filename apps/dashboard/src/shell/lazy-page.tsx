import { useQuery } from '@tanstack/react-query';
import type { RouteComponent } from '@tanstack/react-router';
import type { ComponentType, ReactNode } from 'react';
import { queryClient } from '../api.ts';
import { isServerThere, reloadDocument } from '../platform.ts';
import { Loading } from '../ui/loading.tsx';
import { PageMissing } from './page-failure.tsx';

/**
 * A page whose code comes when it is asked for. The router's `lazyRouteComponent` loads the document anew where the code
 * does not come: without the server nothing would be left of the dashboard.
 */
export function lazyPage<Name extends string>(
  load: () => Promise<Readonly<Record<Name, ComponentType>>>,
  name: Name,
): RouteComponent {
  const options = {
    queryKey: ['page', name],
    queryFn: async (): Promise<ComponentType> => (await load())[name],
    gcTime: Number.POSITIVE_INFINITY,
    // Without a network it fails at once, and can be tried again.
    networkMode: 'always',
  } as const;
  function LazyPage(): ReactNode {
    const { data: Page, isPending, refetch } = useQuery(options);
    if (Page !== undefined) return <Page />;
    if (isPending) return <Loading />;
    const retry = async () => {
      const { isError } = await refetch();
      // A server of another version has its code under other names, and the document that knows them.
      if (isError && (await isServerThere())) reloadDocument();
    };
    return <PageMissing retry={() => void retry()} />;
  }
  LazyPage.preload = () => queryClient.prefetchQuery(options);
  return LazyPage;
}
