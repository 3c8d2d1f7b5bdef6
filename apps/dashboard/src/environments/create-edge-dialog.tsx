import { useMutation } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { api, queryClient } from '../api.ts';
import { usePlace } from '../place.ts';
import { useEnvironments } from '../shell/environment.ts';
import { Button } from '../ui/button.tsx';
import { CopyField } from '../ui/copy-field.tsx';
import { Dialog, DialogRow } from '../ui/dialog.tsx';
import { Field } from '../ui/field.tsx';
import { Name } from '../ui/name.tsx';
import { RefusedNote } from '../ui/refused-note.tsx';
import { SecretDialog } from '../ui/secret-dialog.tsx';

/** Its name and what it may serve; then its key, once. */
export function CreateEdgeDialog({ close }: { readonly close: () => void }): ReactNode {
  const place = usePlace();
  const environments = useEnvironments().data ?? [];
  const [name, setName] = useState('');
  const [chosen, setChosen] = useState<readonly string[]>([place.environment]);
  const create = useMutation({
    mutationFn: () =>
      api.createEdge({ name, environments: chosen.map((environment) => ({ project: place.project, environment })) }),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: ['edges'] }),
  });
  if (create.data !== undefined) {
    return (
      <SecretDialog title={`The key of ${create.data.name}`} close={close} note="It is shown only now.">
        <div className="px-6 py-4 max-tablet:px-4">
          <CopyField label="Edge key" value={create.data.key} />
        </div>
      </SecretDialog>
    );
  }
  const fault =
    name.trim() === '' ? 'It has no name yet' : chosen.length === 0 ? 'It serves no environment yet' : undefined;
  return (
    <Dialog
      title="New edge"
      close={close}
      actions={
        <>
          <Button look="ghost" onClick={close}>
            Cancel
          </Button>
          <Button look="write" refusal={fault} busy={create.isPending && 'Creating'} type="submit" form="new-edge">
            Create edge
          </Button>
        </>
      }
    >
      <form
        id="new-edge"
        onSubmit={(event) => {
          event.preventDefault();
          if (fault === undefined) create.mutate();
        }}
      >
        <DialogRow label="Name">
          <Field
            label="Name"
            isLabelHidden
            autoFocus
            placeholder="eu-central"
            value={name}
            onChange={({ target }) => setName(target.value)}
          />
        </DialogRow>
        <DialogRow label="Serves">
          {environments.map(({ key }) => (
            <label key={key} className="flex min-h-7 items-center gap-2 max-tablet:min-h-11">
              <input
                type="checkbox"
                className="size-4"
                checked={chosen.includes(key)}
                onChange={({ target }) =>
                  setChosen(target.checked ? [...chosen, key] : chosen.filter((each) => each !== key))
                }
              />
              <Name isBold={false}>{key}</Name>
            </label>
          ))}
          <RefusedNote error={create.error} />
        </DialogRow>
      </form>
    </Dialog>
  );
}
