import type { ChangeView } from '@sluice/api-client';
import { type ReactNode, useState } from 'react';
import { ConvergenceBar } from '../convergence/convergence-bar.tsx';
import { Button } from '../ui/button.tsx';
import { Clock } from '../ui/clock.tsx';
import { linkIncidents } from '../ui/incidents.tsx';
import { Effects } from './effects.tsx';
import { RevertDialog } from './revert-dialog.tsx';

/** A change: when, what in words, by whom and why, how far it got, and the way back. */
export function ChangeRow({ change }: { readonly change: ChangeView }): ReactNode {
  const [isOpen, setOpen] = useState(false);
  const { createdAt, effects, actor, comment } = change;
  const object = effects[0]?.key ?? 'nothing';
  return (
    <li
      data-row
      tabIndex={-1}
      className="grid min-h-8 items-start gap-x-4 gap-y-0.5 border-line border-b px-6 py-1.5 outline-offset-[-2px] max-tablet:grid-cols-[1fr_auto] max-tablet:px-4 max-tablet:py-2.5 tablet:grid-cols-[4.5rem_minmax(0,1fr)_9rem_11rem_auto]"
    >
      <span className="figures text-ink-2 max-tablet:row-start-2">
        <Clock at={createdAt} />
      </span>
      <div className="min-w-0 max-tablet:col-span-2">
        <Effects change={change} />
        {comment !== '' && <p className="text-ink-2">“{linkIncidents(comment)}”</p>}
      </div>
      <span className="min-w-0 text-ink-2 max-tablet:row-start-3">{actor}</span>
      <span className="max-tablet:row-start-4">
        <ConvergenceBar change={change.id} />
      </span>
      <span className="max-tablet:col-start-2 max-tablet:row-span-3 max-tablet:row-start-2 max-tablet:self-center">
        <Button look="ghost" size="row" aria-label={`Revert the change of ${object}`} onClick={() => setOpen(true)}>
          Revert…
        </Button>
      </span>
      {isOpen && <RevertDialog change={change} close={() => setOpen(false)} />}
    </li>
  );
}
