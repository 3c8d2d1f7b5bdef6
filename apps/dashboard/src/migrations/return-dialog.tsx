import type { ChangeView, EnvironmentFlagView, MigrationBarrierView } from '@sluice/api-client';
import { listReturns, listStagesInForce, type Stage } from '@sluice/authoring';
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { api } from '../api.ts';
import { Effects } from '../changes/effects.tsx';
import { usePlace } from '../place.ts';
import { useRefusal } from '../session/refusal.ts';
import { useEnvironment } from '../shell/environment.ts';
import { useApply } from '../ui/apply.ts';
import { Button } from '../ui/button.tsx';
import { Choice } from '../ui/choice.tsx';
import { Dialog, DialogRow } from '../ui/dialog.tsx';
import { findVerdict } from '../ui/find-verdict.ts';
import { Loaded } from '../ui/loaded.tsx';
import { Name } from '../ui/name.tsx';
import { RefusedNote } from '../ui/refused-note.tsx';
import { WhyField } from '../ui/why-field.tsx';
import { describeReturn, listReturnTargets } from './stage-words.ts';

interface ReturnDialogProps {
  readonly migration: EnvironmentFlagView;
  readonly repairs: MigrationBarrierView['repairs'] | undefined;
  readonly applied: (change: ChangeView) => void;
  readonly close: () => void;
}

/** Takes all records that are past a stage back to it, of every cohort. */
export function ReturnDialog({ migration, repairs, applied, close }: ReturnDialogProps): ReactNode {
  const place = usePlace();
  const environment = useEnvironment();
  const inForce = listStagesInForce(migration);
  const targets = listReturnTargets(inForce);
  // Where records go does not change under the button when somebody else moves them.
  const [to, setTo] = useState<Stage>(targets[0] ?? 'off');
  const [comment, setComment] = useState('');
  const input = { flag: migration.key, instructions: listReturns(migration, to) };
  const forbidden = useRefusal(input.instructions, migration);
  const preview = useQuery({
    queryKey: [place.project, place.environment, 'flag', migration.key, 'return', to, migration.version],
    queryFn: () => api.change(place, { ...input, dryRun: true }),
    retry: false,
    staleTime: 0,
    gcTime: 0,
    enabled: input.instructions.length > 0,
  });
  const change = useApply((made) => {
    close();
    applied(made);
  });
  const waits = preview.data?.barriers?.filter(({ isOpen }) => !isOpen) ?? [];
  const [records, how] = describeReturn(to, { inForce, repairs });
  return (
    <Dialog
      title={
        <>
          Return <Name>{migration.key}</Name> to {to}
        </>
      }
      environment={environment}
      close={close}
      note={waits.length === 0 && 'Nothing is waited for.'}
      actions={
        <>
          <Button look="ghost" onClick={close}>
            Cancel
          </Button>
          <Button
            look="write"
            isProduction={environment.isProduction}
            busy={change.isPending && 'Returning'}
            refusal={
              input.instructions.length === 0
                ? 'no record is past this stage any more'
                : waits.length > 0
                  ? 'instances are still waited for'
                  : preview.error !== null && findVerdict(preview.error) === 'refused'
                    ? 'the server would refuse it'
                    : forbidden
            }
            onClick={() => change.mutate({ ...input, comment })}
          >
            Return in {environment.name}
          </Button>
        </>
      }
    >
      {targets.length > 1 && (
        <DialogRow label="To">
          <Choice
            label="Stage"
            value={to}
            options={targets.map((stage) => ({ value: stage, label: stage }))}
            choose={setTo}
          />
        </DialogRow>
      )}
      <DialogRow label="Means">
        <p className="pt-1">
          {records} <span className="text-ink-2">{how}</span>
        </p>
      </DialogRow>
      <DialogRow label="Changes">
        <div className="pt-1">
          {input.instructions.length === 0 ? (
            <>Nothing: no record is past {to} any more.</>
          ) : (
            <Loaded query={preview} what="What it would do" rows={2}>
              {(planned) => <Effects change={planned} />}
            </Loaded>
          )}
          {waits.flatMap(({ waitsFor }) =>
            waitsFor.map(({ instance, reason }) => (
              <p key={instance} className="text-amber-text">
                <Name>{instance}</Name> {reason}
              </p>
            )),
          )}
        </div>
      </DialogRow>
      <DialogRow label="Why">
        <WhyField autoFocus value={comment} change={setComment} />
        <RefusedNote error={change.error} />
      </DialogRow>
    </Dialog>
  );
}
