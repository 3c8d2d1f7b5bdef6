import { useMutation } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { api } from '../api.ts';
import { Button } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { Field } from '../ui/field.tsx';
import { Section } from '../ui/section.tsx';
import { readSessionAgain } from './read-session-again.ts';

/** One's own password, which takes the old one to change. */
export function Password(): ReactNode {
  const [isOpen, setOpen] = useState(false);
  const [isChanged, setChanged] = useState(false);
  return (
    <Section
      title="Password"
      note={
        isChanged
          ? 'It is changed, and you are signed out everywhere but here.'
          : 'Changing it signs you out everywhere but here.'
      }
      actions={<Button onClick={() => setOpen(true)}>Change password…</Button>}
    >
      {isOpen && <PasswordDialog close={() => setOpen(false)} done={() => setChanged(true)} />}
    </Section>
  );
}

function PasswordDialog({ close, done }: { readonly close: () => void; readonly done: () => void }): ReactNode {
  const [password, setPassword] = useState('');
  const [newPassword, setNewPassword] = useState('');
  const change = useMutation({
    mutationFn: () => api.changePassword(password, newPassword),
    onSuccess: () => {
      readSessionAgain();
      done();
      close();
    },
  });
  return (
    <Dialog
      title="Change your password"
      close={close}
      note="It signs you out everywhere but here."
      actions={
        <>
          <Button look="ghost" onClick={close}>
            Cancel
          </Button>
          <Button look="write" type="submit" form="password" busy={change.isPending && 'Changing'}>
            Change password
          </Button>
        </>
      }
    >
      <form
        id="password"
        className="flex flex-col gap-3 px-6 py-4 max-tablet:px-4"
        onSubmit={(event) => {
          event.preventDefault();
          change.mutate();
        }}
      >
        <Field
          label="Old password"
          type="password"
          autoComplete="current-password"
          required
          autoFocus
          value={password}
          onChange={({ target }) => setPassword(target.value)}
          fault={change.error?.message}
        />
        <Field
          label="New password"
          type="password"
          autoComplete="new-password"
          required
          minLength={12}
          maxLength={128}
          hint="At least 12 characters."
          value={newPassword}
          onChange={({ target }) => setNewPassword(target.value)}
        />
      </form>
    </Dialog>
  );
}
