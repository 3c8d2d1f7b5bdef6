import { Navigate, useParams } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { Message } from '../ui/message.tsx';
import { useSession } from './session.ts';
import { SignOutButton } from './sign-out.tsx';

/** Of an address without an environment: goes to the project's production, or the first that there is. */
export function Entry(): ReactNode {
  const params = useParams({ strict: false });
  // The session is there: without it nothing but signing in is shown.
  const { projects = [], grants = [], person } = useSession().data ?? {};
  const project = params.project === undefined ? projects[0] : projects.find(({ key }) => key === params.project);
  const environment = project?.environments.find(({ isProduction }) => isProduction) ?? project?.environments[0];
  if (project === undefined || environment === undefined) {
    return (
      <main className="p-6">
        <h1 className="pb-3 text-title">Sluice</h1>
        {grants.length === 0 ? (
          <Message title="You have no role yet" action={<SignOutButton />}>
            You are signed in as {person?.email}. An administrator can give you a role, on the page People.
          </Message>
        ) : params.project !== undefined && project === undefined ? (
          <Message title="There is no such project">
            None that you may see has the key <span className="font-mono text-ink">{params.project}</span>.
          </Message>
        ) : (
          <Message title="There is no environment yet">
            An administrator can create one: `sluice` on the server's machine.
          </Message>
        )}
      </main>
    );
  }
  return (
    <Navigate to="/$project/$environment/now" params={{ project: project.key, environment: environment.key }} replace />
  );
}
