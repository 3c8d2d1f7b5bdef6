import type { ReactNode } from 'react';
import { useSession } from '../session/session.ts';
import { Loaded } from '../ui/loaded.tsx';
import { Page } from '../ui/page.tsx';

/** Who may do what. */
export function PeoplePage(): ReactNode {
  const query = useSession();
  return (
    <Page name="People and tokens" title="People and tokens">
      <Loaded query={query} what="Who is signed in">
        {({ person, grants }) => (
          <p>
            {person?.name} ({person?.email}):{' '}
            {grants
              .map(({ role, project, environment }) => [role, project, environment].filter(Boolean).join(' '))
              .join(', ')}
          </p>
        )}
      </Loaded>
    </Page>
  );
}
