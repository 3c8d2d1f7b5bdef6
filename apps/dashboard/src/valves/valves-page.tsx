import type { ReactNode } from 'react';
import { KindList } from '../flags/kind-list.tsx';
import { useEnvironment } from '../shell/environment.ts';
import { Page } from '../ui/page.tsx';

export function ValvesPage(): ReactNode {
  const { name } = useEnvironment();
  return (
    <Page name={`Valves, ${name}`} title="Valves">
      <KindList
        kind="valve"
        path="valves"
        empty={{
          title: 'No valves yet',
          text: 'A valve lets you degrade one feature in a second, for everybody or one account.',
        }}
      />
    </Page>
  );
}
