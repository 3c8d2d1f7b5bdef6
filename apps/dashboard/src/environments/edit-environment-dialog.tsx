import type { EnvironmentView } from '@sluice/api-client';
import { useMutation } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { api, queryClient } from '../api.ts';
import { usePlace } from '../place.ts';
import { sessionKey } from '../session/session.ts';
import { Button } from '../ui/button.tsx';
import { Dialog, DialogRow } from '../ui/dialog.tsx';
import { Field } from '../ui/field.tsx';
import { Name } from '../ui/name.tsx';
import { RefusedNote } from '../ui/refused-note.tsx';
import { ProductionChoice } from './production-choice.tsx';

interface EditEnvironmentDialogProps {
  readonly environment: EnvironmentView;
  readonly close: () => void;
}

/** How an environment is called, and whether it is production. No application gets anything else by it. */
export function EditEnvironmentDialog({ environment, close }: EditEnvironmentDialogProps): ReactNode {
  const { project } = usePlace();
  const [name, setName] = useState(environment.name);
  const [isProduction, setProduction] = useState(environment.isProduction);
  const save = useMutation({
    mutationFn: () => api.updateEnvironment({ project, environment: environment.key }, { name, isProduction }),
    onSuccess: () => {
      void queryClient.invalidateQueries({ queryKey: sessionKey });
      void queryClient.invalidateQueries({ queryKey: [project, environment.key, 'now'] });
      close();
    },
  });
  const fault =
    name.trim() === ''
      ? 'It has no name'
      : name === environment.name && isProduction === environment.isProduction
        ? 'Nothing is changed yet'
        : undefined;
  return (
    <Dialog
      title={
        <>
          Edit <Name>{environment.key}</Name>
        </>
      }
      close={close}
      note="No application gets anything else by it."
      actions={
        <>
          <Button look="ghost" onClick={close}>
            Cancel
          </Button>
          <Button
            look="write"
            isProduction={environment.isProduction}
            refusal={fault}
            busy={save.isPending && 'Changing'}
            onClick={() => save.mutate()}
          >
            Change {environment.key}
          </Button>
        </>
      }
    >
      <DialogRow label="Name">
        <Field label="Name" isLabelHidden autoFocus value={name} onChange={({ target }) => setName(target.value)} />
      </DialogRow>
      <DialogRow label="It is">
        <ProductionChoice isProduction={isProduction} choose={setProduction} />
        <RefusedNote error={save.error} />
      </DialogRow>
    </Dialog>
  );
}
