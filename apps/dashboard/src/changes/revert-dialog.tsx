import type { ChangeView } from '@sluice/api-client';
import { roleForRevert } from '@sluice/authoring';
import { type UseQueryResult, useMutation, useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { ApiError, api } from '../api.ts';
import { usePlace } from '../place.ts';
import { useMay } from '../session/may.ts';
import { useEnvironment } from '../shell/environment.ts';
import { Button } from '../ui/button.tsx';
import { Dialog, DialogRow } from '../ui/dialog.tsx';
import { Loaded } from '../ui/loaded.tsx';
import { RefusedNote } from '../ui/refused-note.tsx';
import { WhyField } from '../ui/why-field.tsx';
import { Effects } from './effects.tsx';
import { listLosses } from './list-losses.ts';

interface RevertDialogProps {
  readonly change: ChangeView;
  readonly close: () => void;
}

/** Says what taking a change back does before it does it. */
export function RevertDialog({ change, close }: RevertDialogProps): ReactNode {
  const place = usePlace();
  const environment = useEnvironment();
  const [comment, setComment] = useState('');
  // The losses that somebody agreed to; others that come meanwhile are asked about anew.
  const [agreed, setAgreed] = useState<string>();
  // Among what a change makes old: somebody else's is in what one reads here.
  const key = [place.project, place.environment, 'changes', 'revert', change.id] as const;
  const revert = useMutation({
    mutationFn: (discardLater: boolean) =>
      api.revert(place, change.id, { comment, ...(discardLater && { discardLater }) }),
    onSuccess: close,
    // What came between the look and this is to be seen.
    onError: () => void asked.refetch(),
  });
  // Once it is reverted there is nothing left to revert.
  const isOpen = revert.isIdle || revert.isError;
  const asked = useQuery({
    queryKey: key,
    queryFn: () => api.revert(place, change.id, { dryRun: true }),
    retry: false,
    staleTime: 0,
    enabled: isOpen,
  });
  const losses = listLosses(asked.error);
  const discardLater = losses.length > 0 && agreed === losses.join('\n');
  const insisted = useQuery({
    queryKey: [...key, losses],
    queryFn: () => api.revert(place, change.id, { dryRun: true, discardLater: true }),
    retry: false,
    staleTime: 0,
    enabled: discardLater && isOpen,
  });
  const preview = discardLater ? insisted : asked;
  const forbidden = useMay().refuse(roleForRevert((preview.data ?? change).instructions, losses.length > 0));
  const refusal =
    forbidden ??
    (losses.length > 0 && !discardLater
      ? 'later changes would be lost'
      : preview.data?.status === 'planned' && preview.error === null
        ? undefined
        : isUndone(preview)
          ? 'everything is so already'
          : 'what it would do is not known');
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
            refusal={refusal}
            onClick={() => revert.mutate(discardLater)}
          >
            Revert in {environment.name}
          </Button>
        </>
      }
    >
      <DialogRow label="It did">
        <Effects change={change} />
      </DialogRow>
      {losses.length > 0 && (
        <DialogRow label="Would lose">
          <ul aria-label="Later changes">
            {losses.map((loss) => (
              <li key={loss} className="text-amber-text">
                {loss}
              </li>
            ))}
          </ul>
          <label className="mt-1 inline-flex min-h-6 items-center gap-2 max-tablet:min-h-11">
            <input
              type="checkbox"
              className="size-4 accent-accent"
              checked={discardLater}
              onChange={({ target }) => setAgreed(target.checked ? losses.join('\n') : undefined)}
            />
            Also lose {losses.length === 1 ? 'this' : 'these'}
          </label>
        </DialogRow>
      )}
      {(losses.length === 0 || discardLater) && (
        <DialogRow label="Reverting">
          {isUndone(preview) ? (
            <>Changes nothing: everything is so already.</>
          ) : (
            <Loaded query={preview} what="What it would do" rows={2}>
              {(planned) => <Effects change={planned} />}
            </Loaded>
          )}
        </DialogRow>
      )}
      <DialogRow label="Why">
        <WhyField autoFocus value={comment} change={setComment} />
        {listLosses(revert.error).length > 0 ? (
          <p role="alert" className="text-red-text">
            <b>Nothing was applied.</b> Somebody else changed it meanwhile: that would be lost too.
          </p>
        ) : (
          <RefusedNote error={revert.error} />
        )}
      </DialogRow>
    </Dialog>
  );
}

/** The server refuses a conflict without losses: there is nothing left to take back. */
function isUndone({ data, error }: UseQueryResult<ChangeView>): boolean {
  if (error === null) return data?.status === 'unchanged';
  return error instanceof ApiError && error.code === 'conflict' && error.errors.length === 0;
}
