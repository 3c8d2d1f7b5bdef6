import type { Grant } from '@sluice/authoring';
import { useMutation } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { api, queryClient } from '../api.ts';
import { describeGrants } from '../session/grants.ts';
import { Button } from '../ui/button.tsx';
import { CopyField } from '../ui/copy-field.tsx';
import { Dialog, DialogRow } from '../ui/dialog.tsx';
import { Field } from '../ui/field.tsx';
import { RefusedNote } from '../ui/refused-note.tsx';
import { SecretDialog } from '../ui/secret-dialog.tsx';
import { GrantsEditor } from './grants-editor.tsx';

/** Whom, and what they may do; then the link, once. */
export function InviteDialog({ close }: { readonly close: () => void }): ReactNode {
  const [email, setEmail] = useState('');
  const [grants, setGrants] = useState<readonly Grant[]>([{ role: 'viewer' }]);
  const invite = useMutation({
    mutationFn: () => api.invite({ grants, ...(email.trim() !== '' && { email: email.trim() }) }),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: ['invitations'] }),
  });
  if (invite.data !== undefined) {
    return (
      <SecretDialog title="The invitation" close={close} note="The link is shown only now.">
        <div className="flex flex-col gap-3 px-6 py-4 max-tablet:px-4">
          <CopyField label="Link" value={invite.data.link} />
          <p className="text-ink-2">
            It lets {email.trim() === '' ? 'one person' : email.trim()} in within a week, as {describeGrants(grants)}.
            Send it by a way that only they read.
          </p>
        </div>
      </SecretDialog>
    );
  }
  const fault = grants.length === 0 ? 'They may do nothing yet' : undefined;
  return (
    <Dialog
      title="Invite somebody"
      close={close}
      note="You get a link to send them; nothing is mailed."
      actions={
        <>
          <Button look="ghost" onClick={close}>
            Cancel
          </Button>
          <Button look="write" refusal={fault} busy={invite.isPending && 'Making'} type="submit" form="new-invitation">
            Make the link
          </Button>
        </>
      }
    >
      <form
        id="new-invitation"
        onSubmit={(event) => {
          event.preventDefault();
          if (fault === undefined) invite.mutate();
        }}
      >
        <DialogRow label="E-mail">
          <Field
            label="E-mail"
            isLabelHidden
            type="email"
            autoFocus
            placeholder="lena@example.com"
            value={email}
            onChange={({ target }) => setEmail(target.value)}
            hint="Only this address can use the link. Left empty, whoever has it can."
          />
        </DialogRow>
        <DialogRow label="Becomes">
          <GrantsEditor grants={grants} change={setGrants} />
          <RefusedNote error={invite.error} />
        </DialogRow>
      </form>
    </Dialog>
  );
}
