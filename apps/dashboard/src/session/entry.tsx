import { Navigate, useParams } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useEnvironmentsOf } from '../shell/environment.ts';
import { Failure } from '../ui/loaded.tsx';
import { Loading } from '../ui/loading.tsx';
import { Message } from '../ui/message.tsx';
import { useProjects } from './projects.ts';

/** Of an address without an environment: goes to the project's production, or the first that there is. */
export function Entry(): ReactNode {
  const params = useParams({ strict: false });
  const projects = useProjects();
  const project = params.project ?? projects.data?.[0]?.key;
  const environments = useEnvironmentsOf(project);
  const error = projects.error ?? environments.error;
  if (error !== null) {
    return (
      <main className="p-6">
        <Failure what="The projects" error={error} retry={() => void projects.refetch()} />
      </main>
    );
  }
  if (environments.data === undefined) return <Loading />;
  const environment = environments.data.find(({ isProduction }) => isProduction) ?? environments.data[0];
  if (project === undefined || environment === undefined) {
    return (
      <main className="p-6">
        <Message title="There is no environment yet">
          An administrator can create one: `sluice` on the server's machine.
        </Message>
      </main>
    );
  }
  return <Navigate to="/$project/$environment/now" params={{ project, environment: environment.key }} replace />;
}
