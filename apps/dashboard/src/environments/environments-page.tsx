import type { ReactNode } from 'react';
import { useEnvironments } from '../shell/environment.ts';
import { Loaded } from '../ui/loaded.tsx';
import { Name } from '../ui/name.tsx';
import { Page } from '../ui/page.tsx';

/** The environments of the project. */
export function EnvironmentsPage(): ReactNode {
  const query = useEnvironments();
  return (
    <Page name="Environments and keys" title="Environments and keys">
      <Loaded query={query} what="The environments">
        {(environments) => (
          <ul className="-mx-6 border-line border-t max-tablet:-mx-4">
            {environments.map(({ key, name, version }) => (
              <li
                key={key}
                className="flex min-h-9 flex-wrap items-center gap-x-4 border-line border-b px-6 max-tablet:px-4"
              >
                <Name>{key}</Name>
                <span className="text-ink-2">{name}</span>
                <span className="figures ml-auto text-ink-2">v{version}</span>
              </li>
            ))}
          </ul>
        )}
      </Loaded>
    </Page>
  );
}
