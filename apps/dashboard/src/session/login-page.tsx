import type { SessionView } from '@sluice/api-client';
import { useMutation } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { api } from '../api.ts';
import { Button } from '../ui/button.tsx';
import { Field } from '../ui/field.tsx';
import { Door } from './door.tsx';
import { beginSession } from './session.ts';

interface LoginPageProps {
  readonly session: SessionView;
  /** Whether somebody was signed in on this page before. */
  readonly hasEnded: boolean;
}

/** E-mail and password, then a code where the person has one; or somebody else's word for it. */
export function LoginPage({ session, hasEnded }: LoginPageProps): ReactNode {
  const [needsCode, setNeedsCode] = useState(false);
  if (!session.isSetUp) {
    return (
      <Door title="Nobody has been here yet">
        <p className="mt-2 text-ink-2">
          The first administrator comes in by the setup link. The server printed it when it started for the first time,
          and it is in <code className="font-mono">first-start.txt</code> in its data folder.
        </p>
      </Door>
    );
  }
  return (
    <Door title={needsCode ? 'One more thing' : 'Sign in'}>
      {hasEnded && (
        <p role="alert" className="mt-2 text-ink-2">
          Your session has ended. Sign in to go on where you were; what was not applied yet is lost.
        </p>
      )}
      {needsCode ? <CodeForm /> : <PasswordForm needsCode={() => setNeedsCode(true)} />}
      {!needsCode &&
        session.singleSignOn.map(({ id, name }) => (
          <a
            key={id}
            href={`/api/v1/session/sign-on/${encodeURIComponent(id)}?to=${encodeURIComponent(location.pathname + location.search)}`}
            className="mt-3 flex h-9 items-center justify-center rounded-control border border-line-strong bg-raised font-medium hover:bg-hover"
          >
            Sign in with {name}
          </a>
        ))}
    </Door>
  );
}

function PasswordForm({ needsCode }: { readonly needsCode: () => void }): ReactNode {
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const logIn = useMutation({
    mutationFn: () => api.logIn({ email, password }),
    onSuccess: (answer) => ('needsTotp' in answer ? needsCode() : beginSession(answer)),
  });
  return (
    <form
      className="mt-4 flex flex-col gap-3"
      onSubmit={(event) => {
        event.preventDefault();
        logIn.mutate();
      }}
    >
      <Field
        label="E-mail"
        type="email"
        autoComplete="username"
        required
        autoFocus
        value={email}
        onChange={({ target }) => setEmail(target.value)}
      />
      <Field
        label="Password"
        type="password"
        autoComplete="current-password"
        required
        value={password}
        onChange={({ target }) => setPassword(target.value)}
        hint="Lost? Any administrator can make a link by which you choose another."
        fault={logIn.error?.message}
      />
      <Button type="submit" look="write" className="mt-1 h-9" busy={logIn.isPending && 'Signing in'}>
        Sign in
      </Button>
    </form>
  );
}

function CodeForm(): ReactNode {
  const [code, setCode] = useState('');
  const confirm = useMutation({
    mutationFn: () => api.finishLogin(code.replaceAll(' ', '')),
    onSuccess: beginSession,
  });
  return (
    <form
      className="mt-4 flex flex-col gap-3"
      onSubmit={(event) => {
        event.preventDefault();
        confirm.mutate();
      }}
    >
      <Field
        label="Code of the authenticator app"
        inputMode="numeric"
        autoComplete="one-time-code"
        required
        autoFocus
        value={code}
        onChange={({ target }) => setCode(target.value)}
        hint="Or a backup code. Both lost? Any administrator can make a link by which you come back."
        fault={confirm.error?.message}
      />
      <Button type="submit" look="write" className="mt-1 h-9" busy={confirm.isPending && 'Signing in'}>
        Sign in
      </Button>
    </form>
  );
}
