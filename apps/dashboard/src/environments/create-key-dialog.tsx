import type { CredentialView } from '@sluice/api-client';
import { useMutation } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { api, queryClient } from '../api.ts';
import { usePlace } from '../place.ts';
import { useEnvironment } from '../shell/environment.ts';
import { Button } from '../ui/button.tsx';
import { Choice } from '../ui/choice.tsx';
import { CopyField } from '../ui/copy-field.tsx';
import { Dialog, DialogRow } from '../ui/dialog.tsx';
import { Field } from '../ui/field.tsx';
import { RefusedNote } from '../ui/refused-note.tsx';
import { SecretDialog } from '../ui/secret-dialog.tsx';

const kinds: readonly { readonly value: CredentialView['kind']; readonly label: string; readonly what: string }[] = [
  { value: 'sdk-key', label: 'SDK key', what: 'For servers. It is a secret: whoever has it reads every rule.' },
  { value: 'client-side-id', label: 'Client-side ID', what: 'For browsers and phones. It is no secret.' },
];

/** What for, and whose; then the key, once. */
export function CreateKeyDialog({ close }: { readonly close: () => void }): ReactNode {
  const place = usePlace();
  const environment = useEnvironment();
  const [kind, setKind] = useState<CredentialView['kind']>('sdk-key');
  const [name, setName] = useState('');
  const create = useMutation({
    mutationFn: () => api.createCredential(place, { kind, name }),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: [place.project, place.environment, 'credentials'] }),
  });
  if (create.data !== undefined) {
    return (
      <SecretDialog
        title={`The key ${create.data.name}`}
        environment={environment}
        close={close}
        note="It is shown only now, and works already."
      >
        <div className="px-6 py-4 max-tablet:px-4">
          <CopyField label={create.data.kind === 'sdk-key' ? 'SDK key' : 'Client-side ID'} value={create.data.secret} />
        </div>
      </SecretDialog>
    );
  }
  const fault = name.trim() === '' ? 'It has no name yet' : undefined;
  return (
    <Dialog
      title="New key"
      environment={environment}
      close={close}
      note="Older keys go on working."
      actions={
        <>
          <Button look="ghost" onClick={close}>
            Cancel
          </Button>
          <Button
            look="write"
            isProduction={environment.isProduction}
            refusal={fault}
            busy={create.isPending && 'Creating'}
            type="submit"
            form="new-key"
          >
            Create key
          </Button>
        </>
      }
    >
      <form
        id="new-key"
        onSubmit={(event) => {
          event.preventDefault();
          if (fault === undefined) create.mutate();
        }}
      >
        <DialogRow label="Who uses it">
          <Field
            label="Who uses it"
            isLabelHidden
            autoFocus
            placeholder="checkout service"
            value={name}
            onChange={({ target }) => setName(target.value)}
          />
        </DialogRow>
        <DialogRow label="Kind">
          <Choice label="Kind" value={kind} options={kinds} choose={setKind} />
          <p className="mt-1 text-ink-2">{kinds.find(({ value }) => value === kind)?.what}</p>
          <RefusedNote error={create.error} />
        </DialogRow>
      </form>
    </Dialog>
  );
}
