import type { PersonView } from '@sluice/api-client';
import { useMutation } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { api, queryClient } from '../api.ts';
import { describeGrants } from '../session/grants.ts';
import { Button } from '../ui/button.tsx';
import { Dialog, DialogRow } from '../ui/dialog.tsx';
import { RefusedNote } from '../ui/refused-note.tsx';

interface RemovePersonDialogProps {
  readonly person: PersonView;
  readonly isYou: boolean;
  readonly close: () => void;
}

export function RemovePersonDialog({ person, isYou, close }: RemovePersonDialogProps): ReactNode {
  const remove = useMutation({
    mutationFn: () => api.removePerson(person.id),
    onSuccess: () => {
      if (isYou) location.assign('/login');
      void queryClient.invalidateQueries({ queryKey: ['people'] });
      close();
    },
  });
  return (
    <Dialog
      title={`Remove ${person.name}`}
      close={close}
      note="They can be invited again."
      actions={
        <>
          <Button look="ghost" onClick={close}>
            Cancel
          </Button>
          <Button look="write" busy={remove.isPending && 'Removing'} onClick={() => remove.mutate()}>
            Remove {person.name}
          </Button>
        </>
      }
    >
      <DialogRow label="Is">{describeGrants(person.grants)}</DialogRow>
      <DialogRow label="Then">
        {isYou ? 'You are signed out at once, here too.' : 'They are signed out everywhere at once.'} What they changed
        stays, under their name. API tokens are nobody's and stay too.
        <RefusedNote error={remove.error} />
      </DialogRow>
    </Dialog>
  );
}
