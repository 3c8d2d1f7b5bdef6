import { useNavigate, useParams, useRouterState } from '@tanstack/react-router';
import { ChevronDown } from 'lucide-react';
import type { ReactNode } from 'react';
import { useProjects } from '../session/projects.ts';
import { Menu, MenuItem, MenuTitle } from '../ui/menu.tsx';
import { useEnvironments } from './environment.ts';

/** Where this page is, and the way to the same page elsewhere. */
export function EnvironmentMenu(): ReactNode {
  const { project = '', environment = '' } = useParams({ strict: false });
  const environments = useEnvironments().data ?? [];
  const projects = useProjects().data ?? [];
  const navigate = useNavigate();
  const path = useRouterState({ select: ({ location }) => location.pathname });
  const [, , , page = 'now', ...rest] = path.split('/');
  const go = (toProject: string, toEnvironment: string) =>
    void navigate({ to: `/${toProject}/${toEnvironment}/${[page, ...rest].join('/')}` });
  return (
    <Menu
      trigger={
        <button
          type="button"
          data-environment-menu
          className="flex h-7 min-w-0 items-center gap-1.5 rounded-control px-1.5 hover:bg-current/10 max-tablet:h-11"
        >
          <span className="truncate opacity-80 max-tablet:max-w-20">{project}</span>
          <span aria-hidden className="opacity-60">
            /
          </span>
          <span className="truncate font-semibold">{environment}</span>
          <ChevronDown aria-hidden size={14} className="shrink-0" />
          <span className="sr-only">, change environment</span>
        </button>
      }
    >
      <MenuTitle>Environments of {project}</MenuTitle>
      {environments.map(({ key, isProduction }) => (
        <MenuItem key={key} isChosen={key === environment} act={() => go(project, key)}>
          {key}
          {isProduction && <span className="text-ink-3"> production</span>}
        </MenuItem>
      ))}
      {projects.length > 1 && <MenuTitle>Projects</MenuTitle>}
      {projects.length > 1 &&
        projects.map(({ key }) => (
          <MenuItem key={key} isChosen={key === project} act={() => void navigate({ to: `/${key}` })}>
            {key}
          </MenuItem>
        ))}
    </Menu>
  );
}
