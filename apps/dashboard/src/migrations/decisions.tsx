import type { EnvironmentFlagView, MigrationBarrierView } from '@sluice/api-client';
import { findNextStage, listReturns, listStagesInForce, weightOfStage } from '@sluice/authoring';
import { ArrowLeft, ArrowRight } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import { useRefusal } from '../session/refusal.ts';
import { Button } from '../ui/button.tsx';
import { AdvanceDialog } from './advance-dialog.tsx';
import type { Gate } from './gates.ts';
import { ReturnDialog } from './return-dialog.tsx';
import { advanceWords, describeReturn, findCrossing, listReturnTargets } from './stage-words.ts';

interface DecisionsProps {
  readonly migration: EnvironmentFlagView;
  readonly barrier: MigrationBarrierView | undefined;
  readonly gates: readonly Gate[] | undefined;
  readonly applied: Parameters<typeof AdvanceDialog>[0]['applied'];
}

/** The two decisions side by side: back with what it means, forward with what it waits for. */
export function Decisions(props: DecisionsProps): ReactNode {
  return (
    <div className="-mx-6 flex flex-wrap items-center justify-between gap-x-8 gap-y-4 border-line border-y px-6 py-3 max-tablet:-mx-4 max-tablet:px-4">
      <Back {...props} />
      <Forward {...props} />
    </div>
  );
}

function Back({ migration, barrier, applied }: DecisionsProps): ReactNode {
  const [isOpen, setOpen] = useState(false);
  const inForce = listStagesInForce(migration);
  const [to] = listReturnTargets(inForce);
  const refusal = useRefusal(to === undefined ? [] : listReturns(migration, to), migration);
  if (to === undefined) {
    return (
      <p className="text-ink-2">
        {inForce.includes('complete')
          ? 'There is no way back: since then writes went to the new store alone.'
          : 'Nothing has moved yet, so there is nothing to go back from.'}
      </p>
    );
  }
  const [records, how] = describeReturn(to, { inForce, repairs: barrier?.repairs });
  return (
    <div className="flex min-w-0 flex-wrap items-center gap-x-4 gap-y-2 max-tablet:w-full">
      <Button className="h-9 px-4 max-tablet:w-full" refusal={refusal} onClick={() => setOpen(true)}>
        <ArrowLeft aria-hidden size={15} /> Return to {to}…
      </Button>
      <p className="min-w-0">
        {records}
        <span className="block text-ink-2">{how}</span>
      </p>
      {isOpen && (
        <ReturnDialog migration={migration} repairs={barrier?.repairs} applied={applied} close={() => setOpen(false)} />
      )}
    </div>
  );
}

function Forward({ migration, gates, applied }: DecisionsProps): ReactNode {
  const [isOpen, setOpen] = useState(false);
  const next = findNextStage(migration.fallthrough);
  const refusal = useRefusal([{ kind: 'set-stage', stage: next ?? 'complete', confirm: migration.key }]);
  if (next === undefined || next === 'off') {
    return <p className="text-ink-2">All records are in the new store. The migration can be archived.</p>;
  }
  const crossing = findCrossing(listStagesInForce(migration));
  const open = next === crossing ? (gates?.filter(({ isMet }) => !isMet).length ?? 0) : 0;
  const hasBegun = weightOfStage(migration.fallthrough, next) > 0;
  return (
    <div className="flex min-w-0 flex-wrap items-center justify-end gap-x-4 gap-y-2 max-tablet:w-full max-tablet:flex-col-reverse max-tablet:items-start">
      <p className="min-w-0 tablet:text-right">
        {open > 0 ? (
          <span className="text-amber-text">
            Opens when {open === 1 ? '1 more gate is' : `${open} more gates are`} met.
          </span>
        ) : next === crossing ? (
          'All gates are met.'
        ) : (
          'Nothing is waited for.'
        )}
        <span className="block text-ink-2">{advanceWords[next]}</span>
      </p>
      <Button className="h-9 px-4 max-tablet:w-full" refusal={refusal} onClick={() => setOpen(true)}>
        {hasBegun ? `Move more to ${next}…` : `Advance to ${next}…`} <ArrowRight aria-hidden size={15} />
      </Button>
      {isOpen && <AdvanceDialog migration={migration} applied={applied} close={() => setOpen(false)} />}
    </div>
  );
}
