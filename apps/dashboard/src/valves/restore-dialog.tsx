import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { api } from '../api.ts';
import { Effects } from '../changes/effects.tsx';
import { usePlace } from '../place.ts';
import { useMay } from '../session/may.ts';
import { useEnvironment } from '../shell/environment.ts';
import { useApply } from '../ui/apply.ts';
import { Button } from '../ui/button.tsx';
import { Dialog, DialogRow } from '../ui/dialog.tsx';
import { Field } from '../ui/field.tsx';
import { Loaded } from '../ui/loaded.tsx';
import { Name } from '../ui/name.tsx';
import { RefusedNote } from '../ui/refused-note.tsx';

interface RestoreDialogProps {
  readonly valve: string;
  /** Of one trip; absent: all of them. */
  readonly trip?: string;
  readonly close: () => void;
}

/** What comes back, for whom; then restores it. */
export function RestoreDialog({ valve, trip, close }: RestoreDialogProps): ReactNode {
  const place = usePlace();
  const environment = useEnvironment();
  const [comment, setComment] = useState('');
  const instructions = [{ kind: 'restore' as const, ...(trip !== undefined && { id: trip }) }];
  const preview = useQuery({
    queryKey: [place.project, place.environment, 'flag', valve, 'restore', trip],
    queryFn: () => api.change(place, { flag: valve, instructions, dryRun: true }),
    retry: false,
    staleTime: 0,
  });
  const restore = useApply(close);
  const forbidden = useMay().refuse(instructions);
  return (
    <Dialog
      title={
        <>
          Restore <Name>{valve}</Name>
        </>
      }
      environment={environment}
      close={close}
      note={forbidden ?? 'Nothing waits in front of it.'}
      actions={
        <>
          <Button look="ghost" onClick={close}>
            Cancel
          </Button>
          <Button
            look="write"
            isProduction={environment.isProduction}
            refusal={forbidden}
            busy={restore.isPending && 'Restoring'}
            onClick={() => restore.mutate({ flag: valve, instructions, comment })}
          >
            Restore in {environment.name}
          </Button>
        </>
      }
    >
      <DialogRow label="Comes back">
        <Loaded query={preview} what="What it would do" rows={2}>
          {(planned) => <Effects change={planned} />}
        </Loaded>
      </DialogRow>
      <DialogRow label="Why">
        <Field
          label="Why"
          isLabelHidden
          autoFocus
          placeholder="Shown in history and on Now"
          value={comment}
          onChange={({ target }) => setComment(target.value)}
        />
        <RefusedNote error={restore.error} />
      </DialogRow>
    </Dialog>
  );
}
