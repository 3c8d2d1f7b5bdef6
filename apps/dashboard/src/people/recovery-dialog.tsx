import type { PersonView } from '@sluice/api-client';
import { useMutation } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { api, queryClient } from '../api.ts';
import { Button } from '../ui/button.tsx';
import { Clock } from '../ui/clock.tsx';
import { CopyField } from '../ui/copy-field.tsx';
import { Dialog, DialogRow } from '../ui/dialog.tsx';
import { RefusedNote } from '../ui/refused-note.tsx';
import { SecretDialog } from '../ui/secret-dialog.tsx';

interface RecoveryDialogProps {
  readonly person: PersonView;
  readonly close: () => void;
}

/** What a link to come back does; then the link, once. */
export function RecoveryDialog({ person, close }: RecoveryDialogProps): ReactNode {
  // What was refused, too: the link may have been used meanwhile.
  const onSettled = () => queryClient.invalidateQueries({ queryKey: ['people'] });
  const make = useMutation({ mutationFn: () => api.createRecovery(person.id), onSettled });
  const takeBack = useMutation({
    mutationFn: () => api.takeRecoveryBack(person.id),
    onSuccess: close,
    onSettled,
  });
  if (make.data !== undefined) {
    return (
      <SecretDialog title={`A link for ${person.name}`} close={close} note="The link is shown only now.">
        <div className="flex flex-col gap-3 px-6 py-4 max-tablet:px-4">
          <CopyField label="Link" value={make.data.link} />
          <p className="text-ink-2">
            Whoever opens it chooses the password of {person.email}, once, until <Clock at={make.data.expiresAt} />.
            Send it by a way that only {person.name} reads.
          </p>
        </div>
      </SecretDialog>
    );
  }
  const until = person.recoveryExpiresAt;
  return (
    <Dialog
      title={`Let in ${person.name} again`}
      close={close}
      note="You get a link to send them; nothing is mailed."
      actions={
        <>
          <Button look="ghost" onClick={close}>
            Cancel
          </Button>
          {until !== null && (
            <Button look="ghost" busy={takeBack.isPending && 'Taking back'} onClick={() => takeBack.mutate()}>
              Take the link back
            </Button>
          )}
          <Button look="write" busy={make.isPending && 'Making'} onClick={() => make.mutate()}>
            Make {until === null ? 'the link' : 'another link'}
          </Button>
        </>
      }
    >
      <DialogRow label="The link">
        By it they choose another password, once, within a day.
        {until !== null && (
          <>
            {' '}
            There is one already, until <Clock at={until} />; another one ends it.
          </>
        )}
      </DialogRow>
      <DialogRow label="Then">
        They are signed out everywhere else
        {person.hasTotp && ', and their second factor is off until they begin with one again'}. What they may do stays.
        <RefusedNote error={make.error ?? takeBack.error} />
      </DialogRow>
    </Dialog>
  );
}
