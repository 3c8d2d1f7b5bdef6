import type { ReactNode } from 'react';
import { KindList } from '../flags/kind-list.tsx';
import { useEnvironment } from '../shell/environment.ts';
import { Page } from '../ui/page.tsx';

export function ConfigsPage(): ReactNode {
  const { name } = useEnvironment();
  return (
    <Page name={`Configs, ${name}`} title="Configs">
      <KindList
        kind="config"
        path="configs"
        empty={{ title: 'No configs yet', text: 'A config is a value that changes while everything runs.' }}
      />
    </Page>
  );
}
