import { useMutation } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import { api, queryClient } from '../api.ts';
import { usePlace } from '../place.ts';
import { sessionKey } from '../session/session.ts';
import { Button } from '../ui/button.tsx';
import { CopyField } from '../ui/copy-field.tsx';
import { Dialog, DialogRow } from '../ui/dialog.tsx';
import { Field } from '../ui/field.tsx';
import { RefusedNote } from '../ui/refused-note.tsx';
import { SecretDialog } from '../ui/secret-dialog.tsx';
import { ProductionChoice } from './production-choice.tsx';

/** A key and whether it is production; then its first keys, once. */
export function CreateEnvironmentDialog({ close }: { readonly close: () => void }): ReactNode {
  const place = usePlace();
  const [key, setKey] = useState('');
  const [name, setName] = useState('');
  const [isProduction, setProduction] = useState(false);
  const create = useMutation({
    mutationFn: () =>
      api.createEnvironment(place.project, { key, isProduction, ...(name.trim() !== '' && { name: name.trim() }) }),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: sessionKey }),
  });
  const fault = key === '' ? 'It has no key yet' : undefined;
  if (create.data !== undefined) {
    const { sdkKey, clientSideId } = create.data;
    return (
      <SecretDialog
        title={`${create.data.key} is there`}
        close={close}
        note="The keys are shown only now. More can be made at any time."
        action={
          <Link
            to="/$project/$environment/environments"
            params={{ ...place, environment: create.data.key }}
            className="link"
            onClick={close}
          >
            Go to {create.data.key}
          </Link>
        }
      >
        <div className="flex flex-col gap-4 px-6 py-4 max-tablet:px-4">
          <p className="text-ink-2">Flags of the project are in it, turned off.</p>
          <CopyField label="SDK key, for servers" value={sdkKey} />
          <CopyField label="Client-side ID, for browsers and phones; it is no secret" value={clientSideId} />
        </div>
      </SecretDialog>
    );
  }
  return (
    <Dialog
      title="New environment"
      close={close}
      note="Every flag of the project starts in it, turned off."
      actions={
        <>
          <Button look="ghost" onClick={close}>
            Cancel
          </Button>
          <Button
            look="write"
            refusal={fault}
            busy={create.isPending && 'Creating'}
            type="submit"
            form="new-environment"
          >
            Create environment
          </Button>
        </>
      }
    >
      <form
        id="new-environment"
        onSubmit={(event) => {
          event.preventDefault();
          if (fault === undefined) create.mutate();
        }}
      >
        <DialogRow label="Key">
          <Field
            label="Key"
            isLabelHidden
            autoFocus
            required
            value={key}
            onChange={({ target }) => setKey(target.value)}
            hint="Addresses and the command name it. It cannot be changed."
          />
        </DialogRow>
        <DialogRow label="Name">
          <Field
            label="Name"
            isLabelHidden
            placeholder={key}
            value={name}
            onChange={({ target }) => setName(target.value)}
          />
        </DialogRow>
        <DialogRow label="It is">
          <ProductionChoice isProduction={isProduction} choose={setProduction} />
        </DialogRow>
      </form>
      <div className="px-6 pb-2">
        <RefusedNote error={create.error} />
      </div>
    </Dialog>
  );
}
