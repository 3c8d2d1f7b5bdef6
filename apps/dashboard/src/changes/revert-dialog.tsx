import type { ChangeView } from '@sluice/api-client';
import { useMutation, useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { api } from '../api.ts';
import { usePlace } from '../place.ts';
import { useMay } from '../session/may.ts';
import { useEnvironment } from '../shell/environment.ts';
import { Button } from '../ui/button.tsx';
import { Dialog, DialogRow } from '../ui/dialog.tsx';
import { Field } from '../ui/field.tsx';
import { Loaded } from '../ui/loaded.tsx';
import { RefusedNote } from '../ui/refused-note.tsx';
import { Effects } from './effects.tsx';

interface RevertDialogProps {
  readonly change: ChangeView;
  readonly close: () => void;
}

/** Says what taking a change back does before it does it. */
export function RevertDialog({ change, close }: RevertDialogProps): ReactNode {
  const place = usePlace();
  const environment = useEnvironment();
  const [comment, setComment] = useState('');
  const preview = useQuery({
    queryKey: [place.project, place.environment, 'changes', 'revert', change.id],
    queryFn: () => api.revert(place, change.id, { dryRun: true }),
    retry: false,
    staleTime: 0,
  });
  const revert = useMutation({
    mutationFn: () => api.revert(place, change.id, { comment }),
    onSuccess: close,
  });
  const isReady = preview.data?.status === 'planned';
  // Some reverts take an editor; which, the server says.
  const forbidden = useMay().refuse('operator');
  return (
    <Dialog
      title="Revert this change"
      environment={environment}
      close={close}
      note={forbidden ?? 'One change, which can be reverted too.'}
      actions={
        <>
          <Button look="ghost" onClick={close}>
            Cancel
          </Button>
          <Button
            look="write"
            isProduction={environment.isProduction}
            busy={revert.isPending && 'Reverting'}
            refusal={forbidden ?? (isReady ? undefined : 'what it would do is not known')}
            onClick={() => revert.mutate()}
          >
            Revert in {environment.name}
          </Button>
        </>
      }
    >
      <DialogRow label="It did">
        <Effects change={change} />
      </DialogRow>
      <DialogRow label="Reverting">
        <Loaded query={preview} what="What it would do" rows={2}>
          {(planned) =>
            planned.status === 'unchanged' ? (
              <>Changes nothing: everything is so already.</>
            ) : (
              <Effects change={planned} />
            )
          }
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
        <RefusedNote error={revert.error} />
      </DialogRow>
    </Dialog>
  );
}
