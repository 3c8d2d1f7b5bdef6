import type { ChangeView } from '@sluice/api-client';
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { api } from '../api.ts';
import { Effects } from '../changes/effects.tsx';
import { usePlace } from '../place.ts';
import { useRefusal } from '../session/refusal.ts';
import { useEnvironment } from '../shell/environment.ts';
import { useApply } from '../ui/apply.ts';
import { Button } from '../ui/button.tsx';
import { Dialog, DialogRow } from '../ui/dialog.tsx';
import { KeyHint } from '../ui/key-hint.tsx';
import { Loaded } from '../ui/loaded.tsx';
import { Name } from '../ui/name.tsx';
import { RefusedNote } from '../ui/refused-note.tsx';
import { WhyField } from '../ui/why-field.tsx';
import { describeNormal } from './describe-normal.ts';

interface RestoreDialogProps {
  readonly valve: string;
  /** Of one trip; absent: all of them. */
  readonly trip?: string;
  readonly close: () => void;
  readonly applied?: (change: ChangeView) => void;
}

/** What comes back, for whom; then restores it. */
export function RestoreDialog({ valve, trip, close, applied = close }: RestoreDialogProps): ReactNode {
  const place = usePlace();
  const environment = useEnvironment();
  const [comment, setComment] = useState('');
  const instructions = [{ kind: 'restore' as const, ...(trip !== undefined && { id: trip }) }];
  const restore = useApply(applied);
  const preview = useQuery({
    queryKey: [place.project, place.environment, 'flag', valve, 'restore', trip],
    queryFn: () => api.change(place, { flag: valve, instructions, dryRun: true }),
    retry: false,
    staleTime: 0,
    // Once it is restored there is nothing left to restore.
    enabled: restore.isIdle || restore.isError,
  });
  const row = useQuery({
    queryKey: [place.project, place.environment, 'flag', valve, 'valve'],
    queryFn: () => api.getValve(place, valve),
  });
  const telemetry = useQuery({
    queryKey: [place.project, place.environment, 'flag', valve, 'telemetry', '5m'],
    queryFn: () => api.getTelemetry(place, valve, '5m'),
    staleTime: 0,
  });
  const refusal = useRefusal('operator');
  const send = () => {
    if (refusal === undefined && !restore.isPending) restore.mutate({ flag: valve, instructions, comment });
  };
  const normal = row.data?.modes[0]?.mode;
  return (
    <Dialog
      title={
        <>
          Restore <Name>{valve}</Name>
        </>
      }
      environment={environment}
      close={close}
      apply={send}
      note={refusal ?? 'Nothing waits in front of it.'}
      actions={
        <>
          <Button look="ghost" onClick={close}>
            Cancel
          </Button>
          <Button
            look="write"
            isProduction={environment.isProduction}
            busy={restore.isPending && 'Restoring'}
            refusal={refusal}
            onClick={send}
          >
            Restore in {environment.name} <KeyHint>Ctrl Enter</KeyHint>
          </Button>
        </>
      }
    >
      <DialogRow label="Comes back">
        <Loaded query={preview} what="What it would do" rows={2}>
          {(planned) => <Effects change={planned} />}
        </Loaded>
      </DialogRow>
      <DialogRow label="Its calls">
        <Loaded query={telemetry} what="How it does" rows={1}>
          {(data) => (
            <p className="pt-1 text-ink-2">{normal !== undefined && describeNormal(data.valve?.calls ?? [], normal)}</p>
          )}
        </Loaded>
      </DialogRow>
      <DialogRow label="Why">
        <WhyField autoFocus value={comment} change={setComment} />
        <RefusedNote error={restore.error} />
      </DialogRow>
    </Dialog>
  );
}
