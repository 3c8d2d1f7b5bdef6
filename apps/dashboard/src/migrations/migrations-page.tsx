import type { ReactNode } from 'react';
import { KindList } from '../flags/kind-list.tsx';
import { useEnvironment } from '../shell/environment.ts';
import { Page } from '../ui/page.tsx';

export function MigrationsPage(): ReactNode {
  const { name } = useEnvironment();
  return (
    <Page name={`Migrations, ${name}`} title="Migrations">
      <KindList
        kind="migration"
        path="migrations"
        empty={{
          title: 'No migrations yet',
          text: 'A migration moves data from one store to another, with a way back.',
        }}
      />
    </Page>
  );
}
