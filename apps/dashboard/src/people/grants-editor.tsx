import { type Grant, type Role, roles } from '@sluice/authoring';
import { Plus } from 'lucide-react';
import type { ReactNode } from 'react';
import { usePlace } from '../place.ts';
import { describeWhere, roleMeanings, roleNames } from '../session/grants.ts';
import { useProjects } from '../session/projects.ts';
import { useEnvironments } from '../shell/environment.ts';
import { Button } from '../ui/button.tsx';
import { Select } from '../ui/select.tsx';

interface GrantsEditorProps {
  readonly grants: readonly Grant[];
  readonly change: (grants: readonly Grant[]) => void;
}

/** Each grant is a sentence of two words that can be chosen: the role, and where. */
export function GrantsEditor({ grants, change }: GrantsEditorProps): ReactNode {
  const places = usePlaces(grants);
  const replace = (index: number, next: Grant) => change(grants.map((grant, each) => (each === index ? next : grant)));
  return (
    <div>
      <ul className="flex flex-col gap-2">
        {grants.map((grant, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a grant has no other name while it is edited.
          <li key={index}>
            <span className="flex flex-wrap items-center gap-2">
              <Select
                label={`Role ${index + 1}`}
                value={grant.role}
                options={roles.map((role) => ({ value: role, label: roleNames[role] }))}
                choose={(role: Role) => replace(index, { ...grant, role })}
              />
              <Select
                label={`Where ${index + 1}`}
                value={nameOf(grant)}
                options={places}
                choose={(name) => replace(index, { role: grant.role, ...parsePlace(name) })}
              />
              <Button
                look="ghost"
                aria-label={`Take away: ${roleNames[grant.role]} ${describeWhere(grant)}`}
                onClick={() => change(grants.filter((_, each) => each !== index))}
              >
                Take away
              </Button>
            </span>
            <span className="mt-0.5 block text-ink-3 text-small">{roleMeanings[grant.role]}</span>
          </li>
        ))}
      </ul>
      <Button className="mt-2" onClick={() => change([...grants, { role: 'viewer' }])}>
        <Plus aria-hidden size={14} /> Add a role
      </Button>
      {grants.length > 1 && (
        <p className="mt-2 text-ink-3 text-small">
          The one that names a place most closely counts there, also where it gives less.
        </p>
      )}
    </div>
  );
}

/** Everywhere, every project, the environments of this one, and whatever is granted already. */
function usePlaces(grants: readonly Grant[]): readonly { readonly value: string; readonly label: string }[] {
  const { project } = usePlace();
  const projects = useProjects().data ?? [];
  const environments = useEnvironments().data ?? [];
  const names = new Set([
    '',
    ...projects.map(({ key }) => key),
    ...environments.map(({ key }) => `${project}/${key}`),
    ...grants.map(nameOf),
  ]);
  return [...names].map((value) => ({ value, label: describeWhere(parsePlace(value)) }));
}

function nameOf({ project, environment }: Grant): string {
  return [project, environment].filter((part) => part !== undefined).join('/');
}

function parsePlace(name: string): Pick<Grant, 'project' | 'environment'> {
  const [project = '', environment] = name.split('/');
  return { ...(project !== '' && { project }), ...(environment !== undefined && { environment }) };
}
