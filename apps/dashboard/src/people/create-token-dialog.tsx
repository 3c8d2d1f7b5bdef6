import type { Grant } from '@sluice/authoring';
import { useMutation } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { api, queryClient } from '../api.ts';
import { now } from '../platform.ts';
import { describeGrants } from '../session/grants.ts';
import { Button } from '../ui/button.tsx';
import { Choice } from '../ui/choice.tsx';
import { CopyField } from '../ui/copy-field.tsx';
import { Dialog, DialogRow } from '../ui/dialog.tsx';
import { Field } from '../ui/field.tsx';
import { RefusedNote } from '../ui/refused-note.tsx';
import { SecretDialog } from '../ui/secret-dialog.tsx';
import { GrantsEditor } from './grants-editor.tsx';

const dayMs = 24 * 60 * 60 * 1000;
const lives = [
  { value: '30', label: '30 days' },
  { value: '90', label: '90 days' },
  { value: '365', label: 'A year' },
  { value: 'never', label: 'Until revoked' },
] as const;

/** Who uses it, what it may do and for how long; then the token, once. */
export function CreateTokenDialog({ close }: { readonly close: () => void }): ReactNode {
  const [name, setName] = useState('');
  const [grants, setGrants] = useState<readonly Grant[]>([{ role: 'viewer' }]);
  const [life, setLife] = useState<(typeof lives)[number]['value']>('90');
  const create = useMutation({
    mutationFn: () =>
      api.createToken({ name, grants, ...(life !== 'never' && { expiresAt: now() + Number(life) * dayMs }) }),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: ['tokens'] }),
  });
  if (create.data !== undefined) {
    return (
      <SecretDialog
        title={`The token ${create.data.name}`}
        close={close}
        note="It is shown only now, and works already."
      >
        <div className="flex flex-col gap-3 px-6 py-4 max-tablet:px-4">
          <CopyField label="API token" value={create.data.token} />
          <p className="text-ink-2">It is {describeGrants(grants)}.</p>
        </div>
      </SecretDialog>
    );
  }
  const fault = name.trim() === '' ? 'It has no name yet' : grants.length === 0 ? 'It may do nothing yet' : undefined;
  return (
    <Dialog
      title="New API token"
      close={close}
      actions={
        <>
          <Button look="ghost" onClick={close}>
            Cancel
          </Button>
          <Button look="write" refusal={fault} busy={create.isPending && 'Creating'} type="submit" form="new-token">
            Create token
          </Button>
        </>
      }
    >
      <form
        id="new-token"
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
            placeholder="deploy pipeline"
            value={name}
            onChange={({ target }) => setName(target.value)}
            hint="Its changes are shown under this name."
          />
        </DialogRow>
        <DialogRow label="Is">
          <GrantsEditor grants={grants} change={setGrants} />
        </DialogRow>
        <DialogRow label="Lasts">
          <Choice label="Lasts" value={life} options={lives} choose={setLife} />
          <RefusedNote error={create.error} />
        </DialogRow>
      </form>
    </Dialog>
  );
}
