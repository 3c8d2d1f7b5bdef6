import type { PersonView } from '@sluice/api-client';
import type { Grant } from '@sluice/authoring';
import { useMutation } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { api, queryClient } from '../api.ts';
import { describeGrants } from '../session/grants.ts';
import { sessionKey } from '../session/session.ts';
import { Button } from '../ui/button.tsx';
import { Dialog, DialogRow } from '../ui/dialog.tsx';
import { DiffLine } from '../ui/diff-line.tsx';
import { RefusedNote } from '../ui/refused-note.tsx';
import { GrantsEditor } from './grants-editor.tsx';

interface GrantsDialogProps {
  readonly person: PersonView;
  readonly isYou: boolean;
  readonly close: () => void;
}

/** What somebody may do, now and after it, in words; then says so. */
export function GrantsDialog({ person, isYou, close }: GrantsDialogProps): ReactNode {
  const [grants, setGrants] = useState<readonly Grant[]>(person.grants);
  const save = useMutation({
    mutationFn: () => api.changePerson(person.id, { grants }),
    onSuccess: () => {
      void queryClient.invalidateQueries({ queryKey: ['people'] });
      if (isYou) void queryClient.invalidateQueries({ queryKey: sessionKey });
      close();
    },
  });
  const [before, after] = [describeGrants(person.grants), describeGrants(grants)];
  return (
    <Dialog
      title={`What ${person.name} may do`}
      close={close}
      note="From their next request on."
      actions={
        <>
          <Button look="ghost" onClick={close}>
            Cancel
          </Button>
          <Button
            look="write"
            refusal={before === after ? 'Nothing is changed yet' : undefined}
            busy={save.isPending && 'Changing'}
            onClick={() => save.mutate()}
          >
            Change roles
          </Button>
        </>
      }
    >
      <DialogRow label="Is">
        <GrantsEditor grants={grants} change={setGrants} />
      </DialogRow>
      <DialogRow label="Changes">
        {before === after ? (
          <span className="text-ink-2">Nothing yet: {before}</span>
        ) : (
          <DiffLine label={person.name} before={before} after={after} />
        )}
        <RefusedNote error={save.error} />
      </DialogRow>
    </Dialog>
  );
}
