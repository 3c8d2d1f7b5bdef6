import type { Place } from '@sluice/api-client';
import { Link } from '@tanstack/react-router';
import { type ReactNode, useEffect } from 'react';
import { useSession } from '../session/session.ts';
import { Message } from '../ui/message.tsx';

/** In the place of all pages of an environment that is not there, or not for this person. */
export function NoEnvironment({ place }: { readonly place: Place }): ReactNode {
  const { refetch } = useSession();
  // It may be new, and so may the role.
  useEffect(() => void refetch(), [refetch]);
  return (
    <main className="p-6">
      <h1 className="pb-3 text-title">Sluice</h1>
      <Message
        title="There is no such environment"
        action={
          <Link to="/" className="link">
            To one that there is
          </Link>
        }
      >
        None that you may see is called{' '}
        <span className="font-mono text-ink">
          {place.project}/{place.environment}
        </span>
        . An administrator can give you a role in it.
      </Message>
    </main>
  );
}
