import type { EnvironmentView } from '@sluice/api-client';
import { Link } from '@tanstack/react-router';
import { Plus } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import { usePlace } from '../place.ts';
import { useMay } from '../session/may.ts';
import { useEnvironments } from '../shell/environment.ts';
import { Button } from '../ui/button.tsx';
import { Chip } from '../ui/chip.tsx';
import { formatCount } from '../ui/duration.ts';
import { Loaded } from '../ui/loaded.tsx';
import { Name } from '../ui/name.tsx';
import { Page } from '../ui/page.tsx';
import { Row, Rows, Section } from '../ui/section.tsx';
import { CreateEnvironmentDialog } from './create-environment-dialog.tsx';
import { Edges } from './edges.tsx';
import { EditEnvironmentDialog } from './edit-environment-dialog.tsx';
import { Keys } from './keys.tsx';

/** Where the project's flags have their targeting, and the keys by which applications get them. */
export function EnvironmentsPage(): ReactNode {
  const { project } = usePlace();
  const query = useEnvironments();
  const may = useMay();
  const [isCreating, setCreating] = useState(false);
  return (
    <Page
      name="Environments and keys"
      title="Environments and keys"
      beside={`of project ${project}`}
      actions={
        <Button refusal={may.refuseInProject('admin')} onClick={() => setCreating(true)}>
          <Plus aria-hidden size={14} /> New environment…
        </Button>
      }
    >
      <Section
        title="Environments"
        note="The same flags are in all of them; each has its own targeting and its own keys."
      >
        <Loaded query={query} what="The environments" rows={3}>
          {(environments) => (
            <Rows label="Environments">
              {environments.map((environment) => (
                <EnvironmentRow key={environment.key} environment={environment} />
              ))}
            </Rows>
          )}
        </Loaded>
      </Section>
      <Keys />
      <Edges />
      {isCreating && <CreateEnvironmentDialog close={() => setCreating(false)} />}
    </Page>
  );
}

function EnvironmentRow({ environment }: { readonly environment: EnvironmentView }): ReactNode {
  const place = usePlace();
  const may = useMay();
  const [isOpen, setOpen] = useState(false);
  const { key, name, isProduction, version } = environment;
  const isHere = key === place.environment;
  return (
    <Row columns="tablet:grid-cols-[minmax(0,14rem)_minmax(0,1fr)_6rem_8rem_auto]">
      <span className="flex min-w-0 flex-wrap items-center gap-2">
        <Link
          to="/$project/$environment/environments"
          params={{ ...place, environment: key }}
          aria-current={isHere ? 'true' : undefined}
          className="link min-w-0"
        >
          <Name>{key}</Name>
        </Link>
        {isProduction && <Chip tone="production">production</Chip>}
      </span>
      <span className="min-w-0 text-ink-2 max-tablet:col-start-1">{name !== key && name}</span>
      <span className="figures text-ink-2 max-tablet:col-start-1">v{formatCount(version)}</span>
      <span className="text-ink-2 max-tablet:hidden">{isHere ? 'keys below' : ''}</span>
      <span className="max-tablet:col-start-2 max-tablet:row-span-3 max-tablet:row-start-1">
        <Button
          look="ghost"
          size="row"
          aria-label={`Edit ${key}`}
          refusal={isHere ? may.refuse('admin') : may.refuseInProject('admin')}
          onClick={() => setOpen(true)}
        >
          Edit…
        </Button>
      </span>
      {isOpen && <EditEnvironmentDialog environment={environment} close={() => setOpen(false)} />}
    </Row>
  );
}
