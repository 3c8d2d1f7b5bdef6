import { useMutation } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { api } from '../api.ts';
import { Button } from '../ui/button.tsx';
import { CopyField } from '../ui/copy-field.tsx';
import { Dialog, DialogRow } from '../ui/dialog.tsx';
import { Field } from '../ui/field.tsx';
import { Section } from '../ui/section.tsx';
import { readSessionAgain } from './read-session-again.ts';

/** A code of an authenticator app, asked for at every login. */
export function Totp({ isOn }: { readonly isOn: boolean }): ReactNode {
  const [isOpen, setOpen] = useState(false);
  const close = () => setOpen(false);
  return (
    <Section
      title="Authenticator app"
      note={
        isOn
          ? 'On: signing in takes your password, and a code of the app.'
          : 'Off: signing in takes your password alone.'
      }
      actions={<Button onClick={() => setOpen(true)}>{isOn ? 'Turn off…' : 'Turn on…'}</Button>}
    >
      {isOpen && isOn && <DisableDialog close={close} />}
      {isOpen && !isOn && <EnableDialog close={close} />}
    </Section>
  );
}

function EnableDialog({ close }: { readonly close: () => void }): ReactNode {
  const [password, setPassword] = useState('');
  const [code, setCode] = useState('');
  const begin = useMutation({ mutationFn: () => api.beginTotp(password) });
  const verify = useMutation({
    mutationFn: () => api.verifyTotp(code.replaceAll(' ', '')),
    onSuccess: () => {
      readSessionAgain();
      close();
    },
  });
  const cancel = (
    <Button look="ghost" onClick={close}>
      Cancel
    </Button>
  );
  if (begin.data === undefined) {
    return (
      <Dialog
        title="Turn on the authenticator app"
        close={close}
        actions={
          <>
            {cancel}
            <Button look="write" type="submit" form="totp-password" busy={begin.isPending && 'Asking'}>
              Go on
            </Button>
          </>
        }
      >
        <PasswordForm
          id="totp-password"
          password={password}
          change={setPassword}
          fault={begin.error?.message}
          send={() => begin.mutate()}
        />
      </Dialog>
    );
  }
  const { url, backupCodes } = begin.data;
  return (
    <Dialog
      title="Turn on the authenticator app"
      close={close}
      note="It counts once a code was right."
      actions={
        <>
          {cancel}
          <Button look="write" type="submit" form="totp-code" busy={verify.isPending && 'Checking'}>
            Turn on
          </Button>
        </>
      }
    >
      <DialogRow label="The app">
        <CopyField label="Setup key" value={new URL(url).searchParams.get('secret') ?? ''} />
        <p className="mt-2 text-ink-2">
          Type it into the app, or{' '}
          <a href={url} className="link">
            open the app on this device
          </a>
          .
        </p>
      </DialogRow>
      <DialogRow label="Without it">
        <CopyField label="Backup codes" value={backupCodes.join(' ')} />
        <p className="mt-1 text-ink-2">Each lets you in once. Keep them where you keep passwords.</p>
      </DialogRow>
      <DialogRow label="Code">
        <form
          id="totp-code"
          onSubmit={(event) => {
            event.preventDefault();
            verify.mutate();
          }}
        >
          <Field
            label="Code that the app shows"
            inputMode="numeric"
            autoComplete="one-time-code"
            required
            value={code}
            onChange={({ target }) => setCode(target.value)}
            fault={verify.error?.message}
          />
        </form>
      </DialogRow>
    </Dialog>
  );
}

function DisableDialog({ close }: { readonly close: () => void }): ReactNode {
  const [password, setPassword] = useState('');
  const disable = useMutation({
    mutationFn: () => api.disableTotp(password),
    onSuccess: () => {
      readSessionAgain();
      close();
    },
  });
  return (
    <Dialog
      title="Turn off the authenticator app"
      close={close}
      note="Signing in takes your password alone then."
      actions={
        <>
          <Button look="ghost" onClick={close}>
            Cancel
          </Button>
          <Button look="write" type="submit" form="totp-off" busy={disable.isPending && 'Turning off'}>
            Turn off
          </Button>
        </>
      }
    >
      <PasswordForm
        id="totp-off"
        password={password}
        change={setPassword}
        fault={disable.error?.message}
        send={() => disable.mutate()}
      />
    </Dialog>
  );
}

interface PasswordFormProps {
  readonly id: string;
  readonly password: string;
  readonly change: (password: string) => void;
  readonly fault: string | undefined;
  readonly send: () => void;
}

function PasswordForm({ id, password, change, fault, send }: PasswordFormProps): ReactNode {
  return (
    <form
      id={id}
      className="px-6 py-4 max-tablet:px-4"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <Field
        label="Your password"
        type="password"
        autoComplete="current-password"
        required
        autoFocus
        value={password}
        onChange={({ target }) => change(target.value)}
        fault={fault}
      />
    </form>
  );
}
