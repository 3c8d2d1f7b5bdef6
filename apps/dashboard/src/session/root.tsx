import { Outlet, useRouterState } from '@tanstack/react-router';
import { type ReactNode, useEffect, useState } from 'react';
import { Failure } from '../ui/loaded.tsx';
import { Loading } from '../ui/loading.tsx';
import { LoginPage } from './login-page.tsx';
import { useSession, watchSession } from './session.ts';

/** Shows pages to whom they are for: who is not signed in is asked to sign in first, and then sees what they came for. */
export function Root(): ReactNode {
  const session = useSession();
  const [wasIn, setWasIn] = useState(false);
  const isIn = session.data !== undefined && session.data.person !== null;
  useEffect(watchSession, []);
  useEffect(() => {
    if (isIn) setWasIn(true);
  }, [isIn]);
  const path = useRouterState({ select: ({ location }) => location.pathname });
  if (['/setup', '/invitation', '/recovery'].includes(path)) return <Outlet />;
  if (session.isPending) return <Loading />;
  if (session.data === undefined) {
    return (
      <main className="p-6">
        <Failure what="This server" error={session.error} retry={() => void session.refetch()} />
      </main>
    );
  }
  if (!isIn) return <LoginPage session={session.data} hasEnded={wasIn} />;
  return <Outlet />;
}
