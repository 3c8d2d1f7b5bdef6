import type { ChangeView, EnvironmentFlagView } from '@sluice/api-client';
import { describeClauses, describeShares, findNextStage } from '@sluice/authoring';
import { type ReactNode, useState } from 'react';
import { useRefusal } from '../session/refusal.ts';
import { Button } from '../ui/button.tsx';
import { Message } from '../ui/message.tsx';
import { Name } from '../ui/name.tsx';
import { AddCohortDialog } from './add-cohort-dialog.tsx';
import { AdvanceDialog } from './advance-dialog.tsx';
import { RemoveCohortDialog } from './remove-cohort-dialog.tsx';

interface CohortsProps {
  readonly migration: EnvironmentFlagView;
  readonly applied: (change: ChangeView) => void;
}

const grid =
  'grid min-h-10 items-center gap-x-4 gap-y-1 border-line border-b px-6 py-1.5 max-tablet:grid-cols-1 max-tablet:px-4 tablet:grid-cols-[minmax(0,3fr)_minmax(0,8fr)_minmax(0,4fr)_minmax(17rem,5fr)]';

/** Records that go ahead of the others, or stay behind: the first cohort that a record is in counts. */
export function Cohorts({ migration, applied }: CohortsProps): ReactNode {
  const [isAdding, setAdding] = useState(false);
  const [advancing, setAdvancing] = useState<string>();
  const [removing, setRemoving] = useState<string>();
  const refusal = useRefusal([{ kind: 'remove-cohort', id: 'any' }]);
  const add = (
    <Button refusal={refusal} onClick={() => setAdding(true)}>
      Add cohort…
    </Button>
  );
  const adding = isAdding && <AddCohortDialog migration={migration} applied={applied} close={() => setAdding(false)} />;
  if (migration.rules.length === 0) {
    return (
      <div className="pt-3">
        <Message title="No cohorts" action={add}>
          All records move together, or shares of them by their key. A cohort goes ahead of the others, or stays behind.
        </Message>
        {adding}
      </div>
    );
  }
  return (
    <>
      <div className="flex flex-wrap items-center justify-between gap-2 py-3">
        <p className="text-ink-2">The first cohort that a record is in counts.</p>
        {add}
      </div>
      {adding}
      <ul className="-mx-6 border-line border-t max-tablet:-mx-4">
        {migration.rules.map((rule) => {
          const next = findNextStage(rule);
          return (
            <li key={rule.id} className={grid}>
              <Name>{rule.id}</Name>
              <span className="min-w-0 text-ink-2">{describeClauses(rule.clauses)}</span>
              <span className="figures">{describeShares(rule)}</span>
              <span className="flex flex-wrap gap-2 tablet:justify-end">
                {next !== undefined && (
                  <Button
                    size="row"
                    refusal={refusal}
                    aria-label={`Advance ${rule.id} to ${next}`}
                    onClick={() => setAdvancing(rule.id)}
                  >
                    Advance to {next}…
                  </Button>
                )}
                <Button
                  size="row"
                  refusal={refusal}
                  aria-label={`Remove ${rule.id}`}
                  onClick={() => setRemoving(rule.id)}
                >
                  Remove…
                </Button>
              </span>
            </li>
          );
        })}
        <li className={grid}>
          <span />
          <span className="text-ink-2">All other records</span>
          <span className="figures">{describeShares(migration.fallthrough)}</span>
        </li>
      </ul>
      {advancing !== undefined && (
        <AdvanceDialog
          migration={migration}
          cohort={advancing}
          applied={applied}
          close={() => setAdvancing(undefined)}
        />
      )}
      {removing !== undefined && (
        <RemoveCohortDialog
          migration={migration}
          cohort={removing}
          applied={applied}
          close={() => setRemoving(undefined)}
        />
      )}
    </>
  );
}
